// The impedance law: torque of a Cartesian spring and damper plus a nullspace spring and damper.
//
//   e = [p_target - p; log(R_target R^T)]                 clipped per axis
//   F = [K_p e_p; Jl^-1(e_r) K_r e_r] + D (twist_target - J dq), force and moment limited
//   tau = J^T F + N clip(K_n (q_n - q) - D_n N^T dq)
//
// Jl is the left Jacobian of SO(3). It makes the moment the exact gradient of the spring's energy
// 1/2 e^T K e, also for unequal rotational stiffnesses and large angles; to first order it is the
// identity. For the same reason the nullspace damper acts on the nullspace velocity N^T dq: with
// an oblique projector, N D_n dq could inject energy.
#pragma once

#include "takt_impedance/damping.hpp"
#include "takt_impedance/gains.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

struct LawOutput {
  JointVector torque;
  Vector6 pose_error = Vector6::Zero();
  Vector6 wrench = Vector6::Zero();
  bool wrench_limited = false;
  bool mass_valid = true;  // false: the mass matrix is not positive definite, ignore the rest
};

class Law {
 public:
  explicit Law(const Parameters& parameters);

  void set_posture(const JointVector& q) { posture_ = q; }
  const JointVector& posture() const { return posture_; }

  // `engagement` in [0, 1] scales all stiffness; dampers fade with it.
  void compute(const TickInput& input, const MovingPose& target, const Gains& gains,
               double engagement, LawOutput& output);

 private:
  template <int N>
  void compute_sized(const TickInput& input, const MovingPose& target, const Gains& gains,
                     double engagement, LawOutput& output);
  Vector6 damping_wrench(const Matrix6& inverse_inertia, const Gains& gains, double engagement,
                         const Vector6& difference);

  Parameters parameters_;
  ModalDamping modal_damping_;
  JointVector posture_;
};

}  // namespace takt_impedance
