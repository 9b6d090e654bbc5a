#include "takt_impedance/tank.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// A spring that was weakened comes back over this time once there is energy for it [s].
constexpr double kRecovery = 0.3;

}  // namespace

Tank::Tank(const Parameters& p)
    : enabled_(p.tank),
      capacity_j_(p.tank_capacity_j),
      start_j_(p.tank_start_j),
      floor_j_(p.tank_floor_j),
      margin_j_(p.tank_margin_j),
      refill_w_(p.tank_refill_w),
      stored_j_(p.tank_start_j) {}

void Tank::reset() {
  stored_j_ = start_j_;
  spring_j_ = 0.0;
  share_ = 1.0;
}

void Tank::spend(double work_j, double dt_s) {
  // No period moves more than the whole tank, unless something measured nonsense; a debt has a bound,
  // so that nonsense is forgotten.
  if (std::isnan(work_j)) work_j = capacity_j_;
  stored_j_ += refill_w_ * dt_s - std::clamp(work_j, -capacity_j_, capacity_j_);
  stored_j_ = std::clamp(stored_j_, spring_j_ - capacity_j_, spring_j_ + capacity_j_);
}

double Tank::scale() const {
  if (!enabled_) return 1.0;
  return std::clamp((content_j() - floor_j_) / margin_j_, 0.0, 1.0);
}

double Tank::admit(double energy_j, double dt_s) {
  if (!enabled_) return 1.0;
  share_ = std::min(1.0, share_ + scale() * dt_s / kRecovery);
  const double available = std::max(0.0, stored_j_ - floor_j_);
  if (share_ * energy_j > available) share_ = available / energy_j;
  spring_j_ = share_ * energy_j;
  stored_j_ = std::min(stored_j_, capacity_j_ + spring_j_);
  return share_;
}

}  // namespace takt_impedance
