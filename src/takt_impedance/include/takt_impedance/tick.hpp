// What goes into a tick and what comes out of it.
#pragma once

#include "takt_impedance/fault.hpp"
#include "takt_impedance/types.hpp"

namespace takt_impedance {

// kCartesian and kJoint follow waypoints, each with its own law; kHold keeps the target of the law
// in use; kGuide has no stiffness.
enum class Mode { kCartesian, kHold, kGuide, kJoint };

// Axes of a Cartesian stiffness; kTool: of the target's tool frame.
enum class Frame { kBase, kTool };

struct TickInput {
  explicit TickInput(int n)
      : q(JointVector::Zero(n)),
        dq(JointVector::Zero(n)),
        tau_measured(JointVector::Constant(n, kNan)),
        jacobian(Jacobian::Zero(6, n)),
        mass(JointMatrix::Identity(n, n)),
        bias(JointVector::Zero(n)) {}

  TimeNs now_ns = 0;
  double dt_s = 1e-3;
  JointVector q, dq;
  JointVector tau_measured;  // NaN where not measured
  Jacobian jacobian;         // of the tool point, base axes, linear rows first
  JointMatrix mass;
  JointVector bias;          // gravity and Coriolis torques
  Vector3 position = Vector3::Zero();  // base_from_tcp
  Matrix3 rotation = Matrix3::Identity();
  // What the environment does to the tool at the tool point, by a sensor, base axes; all six NaN
  // where not measured.
  Vector6 wrench_measured = Vector6::Constant(kNan);
};

struct TickOutput {
  explicit TickOutput(int n)
      : torque(JointVector::Zero(n)),
        external_torque(JointVector::Constant(n, kNan)),
        joint_target(JointVector::Zero(n)),
        joint_target_velocity(JointVector::Zero(n)) {}

  JointVector torque;
  MovingPose target;  // the measured pose, at rest, in joint impedance
  Vector6 pose_error = Vector6::Zero();  // before clipping, base axes; zero in joint impedance
  Vector6 wrench = Vector6::Zero();      // commanded, after limits, base axes; the same
  Matrix6 stiffness = Matrix6::Zero();   // in use, axes of `stiffness_frame`
  Frame stiffness_frame = Frame::kBase;
  // External, by the momentum observer; NaN where torques are not measured.
  JointVector external_torque;
  Vector6 wrench_estimate = Vector6::Constant(kNan);  // on the tool point, base axes
  JointVector joint_target, joint_target_velocity;  // the measured q, at rest, unless in joint impedance
  Vector6 feed_forward = Vector6::Zero();  // wrench in use, base axes
  double tank_level = kNan;  // fraction of the tank's capacity; NaN without a tank
  double tank_scale = 1.0;   // 1: the tank pays for everything; 0: nothing may inject energy
  Mode mode = Mode::kHold;
  Fault fault = Fault::kNone;
  bool starved = false;
  bool moving = false;
  bool wrench_limited = false;
  bool torque_limited = false;
  bool rate_limited = false;
  bool contact_limited = false;  // by the limit of the contact force
  bool speed_limited = false;    // by a limit of the tool's speed
  bool keepout_limited = false;  // the target, by the workspace or a keep-out
  bool overrun = false;
};

}  // namespace takt_impedance
