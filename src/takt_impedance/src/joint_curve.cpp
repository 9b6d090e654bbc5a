#include "takt_impedance/joint_curve.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// A last velocity below this says that the motion is planned to end there [rad/s].
constexpr double kRestVelocity = 1e-9;

}  // namespace

JointCurve::JointCurve(int capacity) : knots_(static_cast<std::size_t>(capacity + 1)) {}

void JointCurve::clear() {
  first_ = 1;
  count_ = 0;
  segment_ = 0;
  ends_at_rest_ = false;
}

void JointCurve::append(const JointKnot& added) {
  ++count_;
  edit(count_ - 1) = added;
}

void JointCurve::finish() {
  ends_at_rest_ = count_ > 0 && last().has_velocity && last().state.dq.isZero(kRestVelocity);
  for (int i = 0; i < count_; ++i) {
    JointState& state = edit(i).state;
    if (knot(i).has_velocity) continue;
    if (i + 1 == count_) {
      state.dq.setZero(state.q.size());
      continue;
    }
    const double h1 = seconds(knot(i + 1).time_ns - knot(i).time_ns);
    const JointVector after = (knot(i + 1).state.q - state.q) / h1;
    if (i == 0) {
      state.dq = after;
      continue;
    }
    const double h0 = seconds(knot(i).time_ns - knot(i - 1).time_ns);
    const JointVector before = (state.q - knot(i - 1).state.q) / h0;
    state.dq = (h1 * before + h0 * after) / (h0 + h1);
  }
}

int JointCurve::first_after(TimeNs now_ns) const {
  const auto begin = knots_.begin() + first_;
  const auto found =
      std::partition_point(begin, begin + count_,
                           [now_ns](const JointKnot& k) { return k.time_ns <= now_ns; });
  return static_cast<int>(found - begin);
}

void JointCurve::start_from(const JointKnot& start, int index) {
  first_ += index - 1;
  count_ -= index - 1;
  edit(0) = start;
  segment_ = 0;
}

void JointCurve::at(TimeNs now_ns, JointState& state, JointVector& acceleration) {
  if (now_ns < knot(segment_).time_ns) segment_ = 0;
  while (segment_ + 2 < count_ && now_ns >= knot(segment_ + 1).time_ns) ++segment_;
  const bool over = now_ns >= last().time_ns;
  acceleration.setZero(last().state.q.size());
  if (count_ == 1 || over || now_ns <= knot(0).time_ns) {
    const JointKnot& rest = over ? last() : knot(0);
    state.q = rest.state.q;
    state.dq = rest.state.dq;
    if (now_ns != rest.time_ns) state.dq.setZero();
    return;
  }
  const JointKnot& a = knot(segment_);
  const JointKnot& b = knot(segment_ + 1);
  const double h = seconds(b.time_ns - a.time_ns);
  const double s = seconds(now_ns - a.time_ns) / h;
  const double r = 1.0 - s;
  const JointVector distance = b.state.q - a.state.q;
  // Hermite basis, as in Curve.
  state.q = a.state.q + s * s * (3.0 - 2.0 * s) * distance + h * s * r * r * a.state.dq -
            h * s * s * r * b.state.dq;
  state.dq = (6.0 * s * r / h) * distance + r * (1.0 - 3.0 * s) * a.state.dq +
             s * (3.0 * s - 2.0) * b.state.dq;
  acceleration = (6.0 * (1.0 - 2.0 * s) / (h * h)) * distance +
                 ((6.0 * s - 4.0) / h) * a.state.dq + ((6.0 * s - 2.0) / h) * b.state.dq;
}

double join_acceleration(const JointState& from, const JointState& to, double duration_s,
                         int joint) {
  const double h = duration_s;
  const double distance = to.q(joint) - from.q(joint);
  const double a0 = 6.0 * distance - h * (4.0 * from.dq(joint) + 2.0 * to.dq(joint));
  const double a1 = -6.0 * distance + h * (2.0 * from.dq(joint) + 4.0 * to.dq(joint));
  return std::max(std::abs(a0), std::abs(a1)) / (h * h);
}

}  // namespace takt_impedance
