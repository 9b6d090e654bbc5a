// Torques that act joint by joint, whatever the mode: barrier before joint limits, damping above
// the velocity limit, friction compensation, guide damping.
#pragma once

#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

// Inertia of each joint while all others are free, 1 / (M^-1)_ii: dampers made for the diagonal of
// M, which is larger, can be unstable. A tenth of the diagonal if M is not positive definite.
JointVector effective_inertia(const JointMatrix& mass);

// Torque of a joint damper, no stronger than a loop with this period can hold stable.
double damper_torque(double damping, double dq, double inertia, double dt_s);

// Pushes away from a joint limit, from `barrier_margin_rad` before it on, with the gradient of a
// potential and a damper. Zero for continuous joints.
double barrier_torque(const Parameters& parameters, int joint, double q, double dq,
                      double inertia, double dt_s);

// Brakes what exceeds the joint's velocity limit; zero below it.
double overspeed_torque(double limit_rad_s, double dq, double inertia);

// Coulomb friction with a smooth sign, and viscous friction.
double friction_torque(const Parameters& parameters, int joint, double dq);

// Adds all of them to `torque`, and `guide_share` (0 to 1) of the guide damping.
void add_joint_effects(const Parameters& parameters, const TickInput& input, double guide_share,
                       double dt_s, JointVector& torque);

}  // namespace takt_impedance
