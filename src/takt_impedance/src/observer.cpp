#include "takt_impedance/observer.hpp"

#include <cmath>

#include "takt_impedance/small_matrix.hpp"

namespace takt_impedance {
namespace {

constexpr double kTurn = 6.28318530717958647693;

}  // namespace

Observer::Observer(const Parameters& p)
    : cutoff_rad_s_(kTurn * p.observer_cutoff_hz),
      damping_(p.observer_damping),
      dq_before_(JointVector::Zero(p.n_joints)),
      torque_(JointVector::Constant(p.n_joints, kNan)) {}

void Observer::forget() {
  started_ = false;
  torque_.setConstant(kNan);
  wrench_.setConstant(kNan);
}

void Observer::step(const TickInput& in, double dt_s, bool gap) {
  if (!std::isfinite(in.tau_measured.sum())) {
    if (started_) forget();
    return;
  }
  if (!started_) torque_.setZero();
  if (started_ && !gap) {
    // The exact step of a first-order filter over a period.
    const double gain = (1.0 - std::exp(-cutoff_rad_s_ * dt_s)) / dt_s;
    const JointVector momentum = in.mass.lazyProduct(in.dq - dq_before_);
    torque_ += gain * (momentum - dt_s * (in.tau_measured - in.bias + torque_));
  }
  started_ = true;
  dq_before_ = in.dq;
  switch (in.q.size()) {
    case 6: solve_wrench<6>(in.jacobian); break;
    case 7: solve_wrench<7>(in.jacobian); break;
    default: solve_wrench<8>(in.jacobian); break;
  }
  if (!std::isfinite(wrench_.sum())) forget();
}

// Damped least squares: (J J^T + d^2 I)^-1 J tau.
template <int N>
void Observer::solve_wrench(const Jacobian& jacobian) {
  const Eigen::Map<const Eigen::Matrix<double, 6, N>> j(jacobian.data());
  const Eigen::Map<const Eigen::Matrix<double, N, 1>> torque(torque_.data());
  Matrix6 square = (damping_ * damping_) * Matrix6::Identity();
  for (int k = 0; k < N; ++k) square += j.col(k).lazyProduct(j.col(k).transpose());
  Cholesky<6> factor;
  factor.factor_or_nan(square);
  wrench_ = j.lazyProduct(torque);
  factor.solve(wrench_);
}

}  // namespace takt_impedance
