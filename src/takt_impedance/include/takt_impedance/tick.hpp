// What goes into a tick and what comes out of it.
#pragma once

#include "takt_impedance/fault.hpp"
#include "takt_impedance/types.hpp"

namespace takt_impedance {

enum class Mode { kCartesian, kHold, kGuide };

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
};

struct TickOutput {
  explicit TickOutput(int n) : torque(JointVector::Zero(n)) {}

  JointVector torque;
  MovingPose target;
  Vector6 pose_error = Vector6::Zero();  // before clipping, base axes
  Vector6 wrench = Vector6::Zero();      // commanded, after limits, base axes
  Matrix6 stiffness = Matrix6::Zero();   // in use, stiffness axes
  Mode mode = Mode::kHold;
  Fault fault = Fault::kNone;
  bool starved = false;
  bool moving = false;
  bool wrench_limited = false;
  bool torque_limited = false;
  bool rate_limited = false;
  bool overrun = false;
};

}  // namespace takt_impedance
