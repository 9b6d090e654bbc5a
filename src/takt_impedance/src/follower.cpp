#include "takt_impedance/follower.hpp"

#include <utility>

#include "splice.hpp"
#include "takt_impedance/rotation.hpp"

namespace takt_impedance {

Follower::Follower(const Parameters& p) : parameters_(p), limiter_(p), curve_(p.max_waypoints) {}

void Follower::reset(TimeNs now_ns, const Pose& pose, const Vector6& twist) noexcept {
  limiter_.reset(pose, twist);
  curve_.clear();
  has_stiffness_ = false;
  last_step_ns_ = now_ns;
  begin(limiter_.at_rest() ? Phase::kRest : Phase::kStop);
}

void Follower::stop() noexcept {
  starved_ = false;
  starved_s_ = 0.0;
  // A stop under way goes on as it began: asking again must not stretch it.
  if (phase_ == Phase::kFollow) begin(Phase::kStop);
}

void Follower::begin(Phase phase) noexcept {
  phase_ = phase;
  starved_ = false;
  starved_s_ = 0.0;
  if (phase != Phase::kStop) has_stiffness_ = false;
  if (phase == Phase::kStop) limiter_.begin_stop();
}

Verdict Follower::check(const Curve& incoming, TimeNs now_ns) const noexcept {
  const Parameters& p = parameters_;
  const Verdict verdict = check_times(p, incoming, std::max(now_ns, last_step_ns_));
  if (!verdict.accepted) return verdict;
  const Pose& first = incoming.knot(verdict.dropped).state.pose;
  const Pose& here = target().pose;
  const double distance = (first.position - here.position).norm();
  if (distance > p.max_jump_m) return refuse(Refusal::kJump, distance, p.max_jump_m);
  const double angle = rotation_between(here.rotation, first.rotation).norm();
  if (angle > p.max_jump_rad) return refuse(Refusal::kTurn, angle, p.max_jump_rad);
  return verdict;
}

Verdict Follower::commit(Curve& incoming, TimeNs now_ns) noexcept {
  const Verdict verdict = check(incoming, now_ns);
  if (!verdict.accepted) return verdict;
  const TimeNs now = std::max(now_ns, last_step_ns_);
  const auto reachable = [&](int i) {
    const Knot& knot = incoming.knot(i);
    const JoinAcceleration needed =
        join_acceleration(target(), knot.state, seconds(knot.time_ns - now));
    return needed.linear <= kJoinShare * parameters_.max_linear_acceleration_m_s2 &&
           needed.angular <= kJoinShare * parameters_.max_angular_acceleration_rad_s2;
  };
  const int index = splice_index(verdict.dropped, incoming.size(), reachable);
  Knot start;
  start.time_ns = std::max(last_step_ns_, now - kLongestTickNs);
  start.state = target();
  incoming.start_from(start, index);
  std::swap(curve_, incoming);
  begin(Phase::kFollow);
  return verdict;
}

Verdict Follower::commit_target(const Pose& pose, TimeNs now_ns) noexcept {
  // A curve of one knot: the limiter makes the way there.
  Knot knot;
  knot.time_ns = now_ns;
  knot.state.pose = pose;
  knot.has_twist = true;
  curve_.clear();
  curve_.append(knot);
  curve_.finish();
  begin(Phase::kFollow);
  return accept();
}

void Follower::step(TimeNs now_ns, double dt_s) noexcept {
  last_step_ns_ = now_ns;
  const bool over = phase_ == Phase::kFollow && now_ns > curve_.last().time_ns;
  if (over && !curve_.ends_at_rest()) {
    begin(Phase::kStop);
    starved_ = true;
    ++starvations_;
  }
  if (starved_) starved_s_ += dt_s;
  if (phase_ == Phase::kFollow) {
    Vector6 acceleration;
    const MovingPose reference = curve_.at(now_ns, &acceleration);
    limiter_.track(reference, acceleration, dt_s);
    if (curve_.stiffness_at(now_ns, stiffness_)) has_stiffness_ = true;
    if (over && limiter_.almost_at_rest(dt_s)) {
      limiter_.settle();
      phase_ = Phase::kRest;
    }
  } else if (phase_ == Phase::kStop) {
    limiter_.stop(dt_s);
    if (limiter_.at_rest()) {
      limiter_.settle();
      phase_ = Phase::kRest;
    }
  }
}

}  // namespace takt_impedance
