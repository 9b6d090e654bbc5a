// A simulated arm between controller and robot, for robots that take positions but no torques: the
// controller's torques and the measured wrench move it, and the robot is sent where it is
// (admittance).
//
// Each period: compute the terms at q() and dq(), tick the controller with them, `step` with its
// torque, and send q() to the robot. As the terms are those of the real arm, the tool shows
// stiffness, damping and inertia of the law; `inertia` makes it calmer against noise and delay of
// the sensor. For a finer integration do all of it several times a period.
// Scherzinger, Roennau, Dillmann, "Forward dynamics compliance control (FDCC)", IROS 2017.
#pragma once

#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

struct VirtualArmParameters {
  explicit VirtualArmParameters(int n_joints)
      : inertia_kgm2(JointVector::Constant(n_joints, 0.1)),
        damping_nms_rad(JointVector::Constant(n_joints, 1.0)) {}

  // Throws std::invalid_argument that names the parameter, what was found and what is allowed.
  void validate() const;

  JointVector inertia_kgm2;     // added to the diagonal of the mass matrix
  JointVector damping_nms_rad;  // in each joint
  double wrench_cutoff_hz = 20.0;  // smoothing of the measured wrench
};

class VirtualArm {
 public:
  // Takes limits of positions and velocities from the controller's parameters. Throws
  // std::invalid_argument if a parameter is not valid.
  VirtualArm(const Parameters& controller, const VirtualArmParameters& arm);

  // At rest at `q`.
  void reset(const JointVector& q) noexcept;

  const JointVector& q() const { return q_; }
  const JointVector& dq() const { return dq_; }

  // One period under the controller's torque; `input` is what it was ticked with, `wrench` what the
  // environment does to the tool point (base axes; NaN counts as nothing). Semi-implicit: stable with
  // any damping. What is not finite brings the arm to rest where it is.
  void step(const TickInput& input, const JointVector& torque, const Vector6& wrench,
            double dt_s) noexcept;

 private:
  void move(int joint, double velocity, double dt_s);

  JointVector lower_rad_, upper_rad_, velocity_limit_rad_s_, inertia_, damping_;
  double cutoff_rad_s_;
  JointVector q_, dq_;
  Vector6 wrench_ = Vector6::Zero();  // smoothed
};

}  // namespace takt_impedance
