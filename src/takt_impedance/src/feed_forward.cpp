#include "takt_impedance/feed_forward.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

void limit(Eigen::Ref<Vector3> v, double most) {
  const double norm = v.norm();
  if (norm > most) v *= most / norm;
}

}  // namespace

FeedForward::FeedForward(const Parameters& p)
    : max_force_n_(p.max_feed_forward_n),
      max_moment_nm_(p.max_feed_forward_nm),
      timeout_s_(p.feed_forward_timeout_s),
      rate_(p.feed_forward_rate) {}

void FeedForward::set(const Vector6& wrench, TimeNs now_ns) {
  wanted_ = wrench;
  limit(wanted_.head<3>(), max_force_n_);
  limit(wanted_.tail<3>(), max_moment_nm_);
  set_at_ns_ = now_ns;
}

void FeedForward::reset() {
  wanted_.setZero();
  wrench_.setZero();
}

void FeedForward::step(TimeNs now_ns, double dt_s) {
  // One from the future is as stale: the clock was set back, or it is another clock.
  if (std::abs(seconds(now_ns - set_at_ns_)) > timeout_s_) wanted_.setZero();
  // A straight way: between two wrenches within the limits, all on it are.
  const Vector6 change = wanted_ - wrench_;
  double fraction = 1.0;
  for (int i = 0; i < 6; ++i) {
    const double most = dt_s * rate_(i);
    if (std::abs(change(i)) > most) fraction = std::min(fraction, most / std::abs(change(i)));
  }
  wrench_ += fraction * change;
}

}  // namespace takt_impedance
