#include "takt_impedance/follower.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "takt_impedance/rotation.hpp"
#include "text.hpp"

namespace takt_impedance {
namespace {

constexpr TimeNs kLongestTickNs = 5'000'000;

// Slower than this after the last waypoint is at rest [m/s, rad/s].
constexpr double kRestTwist = 1e-7;

}  // namespace

Follower::Follower(const Parameters& p)
    : parameters_(p), limiter_(p), curve_(p.max_waypoints + 1), incoming_(p.max_waypoints + 1) {}

void Follower::reset(TimeNs now_ns, const Pose& pose) {
  limiter_.reset(pose);
  curve_.clear();
  phase_ = Phase::kRest;
  last_step_ns_ = now_ns;
  starved_ = false;
  starved_s_ = 0.0;
  has_stiffness_ = false;
}

void Follower::stop() {
  starved_ = false;
  starved_s_ = 0.0;
  // A stop under way goes on as it began: asking again must not stretch it.
  if (phase_ == Phase::kFollow) {
    limiter_.begin_stop();
    phase_ = Phase::kStop;
  }
}

std::string Follower::check_start(const Knot& first, TimeNs now_ns) const {
  const Parameters& p = parameters_;
  const double delay = seconds(first.time_ns - now_ns);
  if (delay > p.max_start_delay_s) {
    return text("first waypoint is ", delay, " s ahead, allowed max_start_delay_s = ",
                p.max_start_delay_s, " (same clock?)");
  }
  const Pose& here = target().pose;
  const double distance = (first.state.pose.position - here.position).norm();
  if (distance > p.max_jump_m) {
    return text("first waypoint is ", distance, " m from the target, allowed max_jump_m = ",
                p.max_jump_m);
  }
  const double angle = rotation_between(here.rotation, first.state.pose.rotation).norm();
  if (angle > p.max_jump_rad) {
    return text("first waypoint is ", angle, " rad from the target, allowed max_jump_rad = ",
                p.max_jump_rad);
  }
  return {};
}

// The first waypoint that can be joined within the acceleration limits. Earlier ones come too
// soon to be reached: aiming at them would only make the limiter overshoot the motion wanted.
int Follower::splice_index(int first_future, TimeNs now_ns) const {
  for (int i = first_future; i < incoming_.size(); ++i) {
    const Knot& knot = incoming_.knot(i);
    const JoinAcceleration needed =
        join_acceleration(target(), knot.state, seconds(knot.time_ns - now_ns));
    if (needed.linear <= parameters_.max_linear_acceleration_m_s2 &&
        needed.angular <= parameters_.max_angular_acceleration_rad_s2) {
      return i;
    }
  }
  return incoming_.size() - 1;
}

TrajectoryResult Follower::set_trajectory(const WaypointView& waypoints, TimeNs now_ns) {
  TrajectoryResult result;
  if (waypoints.count == 0) {
    stop();
    result.accepted = true;
    return result;
  }
  result.reason = read_waypoints(waypoints, incoming_);
  if (!result.reason.empty()) return result;

  now_ns = std::max(now_ns, last_step_ns_);
  int first = 0;
  while (first < incoming_.size() && incoming_.knot(first).time_ns <= now_ns) ++first;
  result.dropped = first;
  if (first == incoming_.size()) {
    result.reason = text("all ", first, " waypoints are in the past, the last by ",
                         seconds(now_ns - incoming_.last().time_ns), " s");
    return result;
  }
  result.reason = check_start(incoming_.knot(first), now_ns);
  if (!result.reason.empty()) return result;
  // Before dropping the past, so that its last waypoint still shapes the velocities.
  ends_at_rest_ = incoming_.last().has_twist && incoming_.last().state.twist.isZero(1e-9);
  incoming_.estimate_twists();
  begin(now_ns, splice_index(first, now_ns));
  result.accepted = true;
  return result;
}

TrajectoryResult Follower::set_target(const double* pose7, TimeNs now_ns) {
  TrajectoryResult result;
  Knot knot;
  const std::string wrong = read_pose(pose7, knot.state.pose);
  if (!wrong.empty()) {
    result.reason = "target pose " + wrong;
    return result;
  }
  // A curve of one knot: the limiter makes the way there.
  knot.time_ns = now_ns;
  incoming_.clear();
  incoming_.append(knot);
  ends_at_rest_ = true;
  begin(now_ns, -1);
  result.accepted = true;
  return result;
}

void Follower::begin(TimeNs now_ns, int first) {
  if (first >= 0) {
    Knot start;
    // The target is where it was at the latest tick; after a pause, as if that was just now.
    start.time_ns = std::max(last_step_ns_, now_ns - kLongestTickNs);
    start.state = target();
    incoming_.start_from(start, first);
  }
  std::swap(curve_, incoming_);
  phase_ = Phase::kFollow;
  starved_ = false;
  starved_s_ = 0.0;
  has_stiffness_ = false;
}

void Follower::step(TimeNs now_ns, double dt_s) {
  last_step_ns_ = now_ns;
  if (phase_ == Phase::kFollow && now_ns > curve_.last().time_ns && !ends_at_rest_) {
    limiter_.begin_stop();
    phase_ = Phase::kStop;
    starved_ = true;
    ++starvations_;
  }
  if (starved_) starved_s_ += dt_s;
  if (phase_ == Phase::kFollow) {
    limiter_.track(curve_.at(now_ns), dt_s);
    if (curve_.stiffness_at(now_ns, stiffness_)) has_stiffness_ = true;
    if (now_ns > curve_.last().time_ns && target().twist.norm() < kRestTwist) {
      limiter_.settle();
      phase_ = Phase::kRest;
    }
  } else if (phase_ == Phase::kStop) {
    limiter_.stop(dt_s);
    if (limiter_.at_rest()) phase_ = Phase::kRest;
  }
}

}  // namespace takt_impedance
