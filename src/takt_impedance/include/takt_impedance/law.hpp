// The impedance law: torque of a Cartesian spring and damper plus a nullspace spring and damper.
//
//   e = [p_target - p; log(R_target R^T)]                 clipped per axis
//   F = [K_p e_p; Jl^-1(e_r) K_r e_r] + D (twist_target - J dq) + Lambda acceleration_target + F_ff,
//       force and moment limited
//   tau = J^T F + N clip(K_n (q_n - q) - D_n N^T dq)
//
// Jl is the left Jacobian of SO(3). It makes the moment the exact gradient of the spring's energy
// 1/2 e^T K e, also for unequal rotational stiffnesses and large angles; to first order it is the
// identity. For the same reason the nullspace damper acts on the nullspace velocity N^T dq: with
// an oblique projector, N D_n dq could inject energy.
//
// In the operational-space form spring and damper are multiplied by the task inertia Lambda, so that the
// tool behaves like a unit mass: K is per unit of inertia [1/s^2], D = 2 zeta sqrt(K).
// Khatib, "A unified approach for motion and force control of robot manipulators", 1987.
#pragma once

#include "takt_impedance/contact_limiter.hpp"
#include "takt_impedance/damping.hpp"
#include "takt_impedance/gains.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tank.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

struct LawCommand {
  MovingPose target;
  Vector6 acceleration = Vector6::Zero();  // of the target, base axes
  Vector6 feed_forward = Vector6::Zero();  // base axes
  double engagement = 1.0;                 // 0 to 1: of all stiffness; dampers fade with it
  double dt_s = 1e-3;
};

struct LawOutput {
  JointVector torque;            // of the wrench
  JointVector nullspace_torque;  // to be added
  Vector6 pose_error = Vector6::Zero();
  Vector6 wrench = Vector6::Zero();
  Vector6 feed_forward = Vector6::Zero();  // of that, what the tank let through
  Vector6 twist = Vector6::Zero();         // of the tool, base axes
  bool wrench_limited = false;
  bool contact_limited = false;
  bool mass_valid = true;  // false: the mass matrix is not positive definite, ignore the rest
};

class Law {
 public:
  explicit Law(const Parameters& parameters);

  void set_posture(const JointVector& q) { posture_ = q; }
  const JointVector& posture() const { return posture_; }

  // The target's acceleration until now does not count.
  void rest() { inertial_.setZero(); }

  void compute(const TickInput& input, const LawCommand& command, const Gains& gains,
               const ContactLimiter& contact, Tank& tank, LawOutput& output);

 private:
  template <int N>
  void compute_sized(const TickInput& input, const LawCommand& command, const Gains& gains,
                     const ContactLimiter& contact, Tank& tank, LawOutput& output);
  Vector6 damping_wrench(const Cholesky<6>& inverse_inertia, const Gains& gains,
                         const Vector6& difference);

  void add_inertial(const Vector6& wanted, double dt_s, LawOutput& output);

  Parameters parameters_;
  ModalDamping modal_damping_;
  JointVector posture_;
  Vector6 inertial_ = Vector6::Zero();  // for the target's acceleration, base axes
  bool moved_ = false;                  // there is some of it
};

}  // namespace takt_impedance
