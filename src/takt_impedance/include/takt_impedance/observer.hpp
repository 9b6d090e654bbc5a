// External joint torque from measured joint torques, by the generalised-momentum observer, and the
// wrench on the tool point that explains it.
//
// The residual follows the external torque like a first-order filter, without measuring
// accelerations: r = w (p - integral(tau + C^T dq - g + r)), p = M dq. With C + C^T = dM/dt one step
// is r += w (M (dq - dq_before) - dt (tau - bias + r)): no term but those of the tick is needed.
// De Luca, Albu-Schaeffer, Haddadin, Hirzinger, "Collision detection and safe reaction with the
// DLR-III lightweight manipulator arm", IROS 2006.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

class Observer {
 public:
  explicit Observer(const Parameters& parameters);

  void reset() { started_ = false; }

  // One tick; `gap` says that the time since the last one is not known. Where a torque is not
  // measured the results are NaN, and the next measurement starts afresh.
  void step(const TickInput& input, double dt_s, bool gap);

  const JointVector& torque() const { return torque_; }  // [Nm]
  const Vector6& wrench() const { return wrench_; }      // on the tool point, base axes

 private:
  void forget();
  template <int N>
  void solve_wrench(const Jacobian& jacobian);

  double cutoff_rad_s_, damping_;
  bool started_ = false;
  JointVector dq_before_, torque_;
  Vector6 wrench_ = Vector6::Constant(kNan);
};

}  // namespace takt_impedance
