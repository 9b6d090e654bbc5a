#include "takt_impedance/curve.hpp"

#include <algorithm>

#include "takt_impedance/rotation.hpp"

namespace takt_impedance {
namespace {

// A last twist below this says that the motion is planned to end there [m/s, rad/s].
constexpr double kRestTwist = 1e-9;

// Mean twist between two knots.
Vector6 mean_twist(const Knot& from, const Knot& to) {
  const double rate = 1.0 / seconds(to.time_ns - from.time_ns);
  Vector6 twist;
  twist.head<3>() = rate * (to.state.pose.position - from.state.pose.position);
  twist.tail<3>() = rate * rotation_between(from.state.pose.rotation, to.state.pose.rotation);
  return twist;
}

double end_acceleration(const Vector3& distance, const Vector3& start, const Vector3& end,
                        double h) {
  // Second derivatives of the cubic Hermite polynomial at both ends; linear in between.
  const double a0 = (6.0 * distance - h * (4.0 * start + 2.0 * end)).norm();
  const double a1 = (-6.0 * distance + h * (2.0 * start + 4.0 * end)).norm();
  return std::max(a0, a1) / (h * h);
}

}  // namespace

JoinAcceleration join_acceleration(const MovingPose& from, const MovingPose& to,
                                   double duration_s) {
  const Vector3 turn = rotation_between(from.pose.rotation, to.pose.rotation);
  return {end_acceleration(to.pose.position - from.pose.position, from.twist.head<3>(),
                           to.twist.head<3>(), duration_s),
          end_acceleration(turn, from.twist.tail<3>(),
                           left_jacobian_inverse_times(turn, to.twist.tail<3>()), duration_s)};
}

Curve::Curve(int capacity) : knots_(static_cast<std::size_t>(capacity + 1)) {}

void Curve::clear() {
  first_ = 1;
  count_ = 0;
  segment_ = 0;
  prepared_ = -1;
  ends_at_rest_ = false;
}

void Curve::append(const Knot& added) {
  ++count_;
  edit(count_ - 1) = added;
}

void Curve::finish() {
  ends_at_rest_ = count_ > 0 && last().has_twist && last().state.twist.isZero(kRestTwist);
  Vector6 before = Vector6::Zero();
  for (int i = 0; i < count_; ++i) {
    const bool has_next = i + 1 < count_;
    const Vector6 after = has_next ? mean_twist(knot(i), knot(i + 1)) : Vector6::Zero();
    if (!knot(i).has_twist) {
      if (i == 0 || !has_next) {
        edit(i).state.twist = after;
      } else {
        const double h0 = seconds(knot(i).time_ns - knot(i - 1).time_ns);
        const double h1 = seconds(knot(i + 1).time_ns - knot(i).time_ns);
        edit(i).state.twist = (h1 * before + h0 * after) / (h0 + h1);
      }
    }
    before = after;
  }
}

int Curve::first_after(TimeNs now_ns) const {
  const auto begin = knots_.begin() + first_;
  const auto found =
      std::partition_point(begin, begin + count_,
                           [now_ns](const Knot& k) { return k.time_ns <= now_ns; });
  return static_cast<int>(found - begin);
}

void Curve::start_from(const Knot& start, int index) {
  first_ += index - 1;
  count_ -= index - 1;
  edit(0) = start;
  segment_ = 0;
  prepared_ = -1;
}

void Curve::prepare(int segment) {
  const Knot& a = knot(segment);
  const Knot& b = knot(segment + 1);
  current_.duration_s = seconds(b.time_ns - a.time_ns);
  current_.turn = rotation_between(a.state.pose.rotation, b.state.pose.rotation);
  current_.rate_start = a.state.twist.tail<3>();
  current_.rate_end = left_jacobian_inverse_times(current_.turn, b.state.twist.tail<3>());
  prepared_ = segment;
}

MovingPose Curve::at(TimeNs now_ns, Vector6* acceleration) {
  if (acceleration != nullptr) acceleration->setZero();
  if (now_ns < knot(segment_).time_ns) segment_ = 0;
  while (segment_ + 2 < count_ && now_ns >= knot(segment_ + 1).time_ns) ++segment_;
  const Knot& a = knot(segment_);
  if (count_ == 1 || now_ns >= last().time_ns || now_ns <= knot(0).time_ns) {
    MovingPose rest;
    rest.pose = count_ > 1 && now_ns >= last().time_ns ? last().state.pose : knot(0).state.pose;
    if (now_ns == knot(0).time_ns) rest.twist = knot(0).state.twist;
    if (now_ns == last().time_ns) rest.twist = last().state.twist;
    return rest;
  }
  if (prepared_ != segment_) prepare(segment_);
  const Knot& b = knot(segment_ + 1);
  const double h = current_.duration_s;
  const double s = seconds(now_ns - a.time_ns) / h;
  const double r = 1.0 - s;
  // Hermite basis for value and rate, distances relative to the segment's start.
  const double end = s * s * (3.0 - 2.0 * s);
  const double start_rate = h * s * r * r;
  const double end_rate = -h * s * s * r;
  const double end_d = 6.0 * s * r / h;
  const double start_rate_d = r * (1.0 - 3.0 * s);
  const double end_rate_d = s * (3.0 * s - 2.0);

  MovingPose state;
  const Vector3 distance = b.state.pose.position - a.state.pose.position;
  const auto v0 = a.state.twist.head<3>();
  const auto v1 = b.state.twist.head<3>();
  state.pose.position =
      a.state.pose.position + end * distance + start_rate * v0 + end_rate * v1;
  state.twist.head<3>() = end_d * distance + start_rate_d * v0 + end_rate_d * v1;

  const Vector3 turned =
      end * current_.turn + start_rate * current_.rate_start + end_rate * current_.rate_end;
  const Vector3 rate =
      end_d * current_.turn + start_rate_d * current_.rate_start + end_rate_d * current_.rate_end;
  state.pose.rotation = rotation_exp(turned) * a.state.pose.rotation;
  state.twist.tail<3>() = left_jacobian_times(turned, rate);
  if (acceleration != nullptr) {
    // Of the rotation, that of the rotation vector: good for what is within a tick or two.
    const double end_dd = 6.0 * (1.0 - 2.0 * s) / (h * h);
    const double start_rate_dd = (6.0 * s - 4.0) / h;
    const double end_rate_dd = (6.0 * s - 2.0) / h;
    acceleration->head<3>() = end_dd * distance + start_rate_dd * v0 + end_rate_dd * v1;
    acceleration->tail<3>() = end_dd * current_.turn + start_rate_dd * current_.rate_start +
                              end_rate_dd * current_.rate_end;
  }
  return state;
}

bool Curve::stiffness_at(TimeNs now_ns, Vector6& stiffness) const {
  if (count_ == 0) return false;
  const Knot& a = knot(segment_);
  const Knot& b = segment_ + 1 < count_ ? knot(segment_ + 1) : a;
  if (!b.has_stiffness) return false;
  stiffness = b.stiffness;
  if (a.has_stiffness && b.time_ns > a.time_ns) {
    const double s = seconds(now_ns - a.time_ns) / seconds(b.time_ns - a.time_ns);
    stiffness += (1.0 - std::clamp(s, 0.0, 1.0)) * (a.stiffness - b.stiffness);
  }
  return true;
}

}  // namespace takt_impedance
