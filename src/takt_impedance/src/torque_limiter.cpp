#include "takt_impedance/torque_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {

TorqueLimiter::TorqueLimiter(const Parameters& p)
    : limit_(p.torque_limit_nm),
      rate_(p.torque_rate_limit_nm_s),
      last_(JointVector::Zero(p.n_joints)) {}

void TorqueLimiter::realign(const JointVector& measured, double gap_s) {
  for (Eigen::Index i = 0; i < last_.size(); ++i) {
    if (!std::isfinite(measured(i))) continue;
    const double step = rate_(i) * gap_s;
    last_(i) = std::clamp(measured(i), last_(i) - step, last_(i) + step);
  }
}

void TorqueLimiter::limit(double dt_s, JointVector& torque, bool& torque_limited,
                          bool& rate_limited) {
  for (Eigen::Index i = 0; i < last_.size(); ++i) {
    const double wanted = torque(i);
    const double step = rate_(i) * dt_s;
    const double near = std::clamp(wanted, last_(i) - step, last_(i) + step);
    const double kept = std::clamp(near, -limit_(i), limit_(i));
    rate_limited = rate_limited || near != wanted;
    torque_limited = torque_limited || kept != near || std::abs(wanted) > limit_(i);
    torque(i) = kept;
    last_(i) = kept;
  }
}

}  // namespace takt_impedance
