// Torques that act joint by joint, whatever the mode: barrier before joint limits, damping above
// the velocity limit, friction compensation, guide damping.
#pragma once

#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

// Pushes away from a joint limit, from `barrier_margin_rad` before it on, with the gradient of a
// potential and a damper for the joint's own inertia. Zero for continuous joints.
double barrier_torque(const Parameters& parameters, int joint, double q, double dq,
                      double inertia);

// Brakes what exceeds the joint's velocity limit; zero below it.
double overspeed_torque(double limit_rad_s, double dq, double inertia);

// Coulomb friction with a smooth sign, and viscous friction.
double friction_torque(const Parameters& parameters, int joint, double dq);

// Adds all of them to `torque`.
void add_joint_effects(const Parameters& parameters, const TickInput& input, JointVector& torque);

}  // namespace takt_impedance
