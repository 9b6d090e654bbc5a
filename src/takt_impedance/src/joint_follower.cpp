#include "takt_impedance/joint_follower.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "splice.hpp"

namespace takt_impedance {
namespace {

// As for poses: slower, and with less acceleration than this share of what the jerk gives in a tick.
constexpr double kRestVelocity = 1e-7;
constexpr double kRestJerk = 0.01;

using One = Eigen::Matrix<double, 1, 1>;

One one(double value) { return One::Constant(value); }

}  // namespace

JointFollower::JointFollower(const Parameters& p)
    : parameters_(p),
      curve_(p.max_waypoints),
      q_(JointVector::Zero(p.n_joints)),
      dq_(JointVector::Zero(p.n_joints)),
      ddq_(JointVector::Zero(p.n_joints)) {}

MotionLimits JointFollower::limits(int joint) const {
  const Parameters& p = parameters_;
  return {p.max_joint_velocity_rad_s(joint), p.max_joint_acceleration_rad_s2(joint),
          p.max_joint_jerk_rad_s3(joint)};
}

void JointFollower::reset(TimeNs now_ns, const JointVector& q, const JointVector& dq) noexcept {
  const JointVector& fastest = parameters_.max_joint_velocity_rad_s;
  q_ = q;
  dq_ = dq.cwiseMax(-fastest).cwiseMin(fastest);
  ddq_.setZero();
  curve_.clear();
  last_step_ns_ = now_ns;
  begin(dq_.isZero(0.0) ? Phase::kRest : Phase::kStop);
}

void JointFollower::stop() noexcept {
  starved_ = false;
  starved_s_ = 0.0;
  if (phase_ == Phase::kFollow) begin(Phase::kStop);
}

void JointFollower::begin(Phase phase) noexcept {
  phase_ = phase;
  stop_planned_ = false;
  starved_ = false;
  starved_s_ = 0.0;
}

Verdict JointFollower::check(const JointCurve& incoming, TimeNs now_ns) const noexcept {
  const Verdict verdict = check_times(parameters_, incoming, std::max(now_ns, last_step_ns_));
  if (!verdict.accepted) return verdict;
  const JointVector& first = incoming.knot(verdict.dropped).state.q;
  for (int i = 0; i < parameters_.n_joints; ++i) {
    const double distance = std::abs(first(i) - q_(i));
    const double allowed = parameters_.max_joint_jump_rad(i);
    if (!(distance <= allowed)) return refuse(Refusal::kJointJump, distance, allowed, -1, i);
  }
  return verdict;
}

Verdict JointFollower::commit(JointCurve& incoming, TimeNs now_ns) noexcept {
  const Verdict verdict = check(incoming, now_ns);
  if (!verdict.accepted) return verdict;
  const TimeNs now = std::max(now_ns, last_step_ns_);
  JointKnot start;
  start.time_ns = std::max(last_step_ns_, now - kLongestTickNs);
  start.state = {q_, dq_};
  start.has_velocity = true;
  const auto reachable = [&](int i) {
    const JointKnot& knot = incoming.knot(i);
    for (int j = 0; j < parameters_.n_joints; ++j) {
      const double needed =
          join_acceleration(start.state, knot.state, seconds(knot.time_ns - now), j);
      if (needed > kJoinShare * parameters_.max_joint_acceleration_rad_s2(j)) return false;
    }
    return true;
  };
  incoming.start_from(start, splice_index(verdict.dropped, incoming.size(), reachable));
  std::swap(curve_, incoming);
  begin(Phase::kFollow);
  return verdict;
}

Verdict JointFollower::commit_target(const JointVector& q, TimeNs now_ns) noexcept {
  for (int i = 0; i < parameters_.n_joints; ++i) {
    if (!std::isfinite(q(i))) return refuse(Refusal::kJointNotFinite, q(i), 0.0, -1, i);
  }
  JointKnot knot;
  knot.time_ns = now_ns;
  knot.state = {q, JointVector::Zero(q.size())};
  knot.has_velocity = true;
  curve_.clear();
  curve_.append(knot);
  curve_.finish();
  begin(Phase::kFollow);
  return accept();
}

void JointFollower::plan_stop() noexcept {
  for (int i = 0; i < parameters_.n_joints; ++i) {
    stops_[static_cast<std::size_t>(i)].plan(one(dq_(i)), one(ddq_(i)), limits(i),
                                             parameters_.stop_s);
  }
  stop_planned_ = true;
  stopped_for_s_ = 0.0;
}

// One joint towards `reference`, or along its stop.
double JointFollower::next_velocity(int joint, double dt) const {
  if (phase_ == Phase::kStop) {
    return stops_[static_cast<std::size_t>(joint)].velocity(stopped_for_s_)(0);
  }
  const double lower = parameters_.joint_lower_rad(joint);
  const double upper = parameters_.joint_upper_rad(joint);
  double goal = reference_.q(joint), speed = reference_.dq(joint);
  double acceleration = reference_acceleration_(joint);
  // NaN compares false: a continuous joint has no limits.
  if (goal < lower || goal > upper) {
    goal = std::clamp(goal, lower, upper);
    speed = acceleration = 0.0;
  }
  const Reference<1> reference{one(goal - q_(joint)), one(speed), one(acceleration)};
  return approach<1>(reference, one(dq_(joint)), one(ddq_(joint)), limits(joint), dt)(0);
}

// The velocity, or as much of it as lets the joint stop before its limits; one that is beyond a
// limit may only come back.
double JointFollower::before_limits(int joint, double velocity, double dt) const {
  const MotionLimits limit = limits(joint);
  const double speed = std::max(std::abs(dq_(joint)), std::abs(velocity));
  const double reach = longest_stop(speed, limit, dt);
  for (const double side : {1.0, -1.0}) {
    const double bound =
        side > 0.0 ? parameters_.joint_upper_rad(joint) : parameters_.joint_lower_rad(joint);
    const double room = std::max(0.0, side * (bound - q_(joint)));
    if (std::isnan(bound) || room > reach) continue;
    const double allowed =
        allowed_acceleration(room, side * dq_(joint), side * ddq_(joint), limit, dt);
    const double most = std::min(side * dq_(joint) + allowed * dt, room / dt);
    velocity = side * std::min(side * velocity, most);
  }
  return velocity;
}

void JointFollower::move(double dt) noexcept {
  for (int i = 0; i < parameters_.n_joints; ++i) {
    const MotionLimits limit = limits(i);
    const double wanted = std::clamp(next_velocity(i, dt), -limit.velocity, limit.velocity);
    const double v = before_limits(i, wanted, dt);
    // A blow by a limit is over at once, as in Limiter.
    ddq_(i) = std::clamp((v - dq_(i)) / dt, -limit.acceleration, limit.acceleration);
    dq_(i) = v;
    q_(i) += v * dt;
    if (phase_ == Phase::kStop && v != wanted) {  // a limit wants it sooner: go on from there
      stops_[static_cast<std::size_t>(i)].plan(one(dq_(i)), one(ddq_(i)), limit,
                                               parameters_.stop_s - stopped_for_s_,
                                               stopped_for_s_);
    }
  }
}

bool JointFollower::almost_at_rest(double dt) const {
  for (int i = 0; i < parameters_.n_joints; ++i) {
    if (std::abs(dq_(i)) >= kRestVelocity) return false;
    if (std::abs(ddq_(i)) >= kRestJerk * dt * limits(i).jerk) return false;
  }
  return true;
}

void JointFollower::rest() noexcept {
  dq_.setZero();
  ddq_.setZero();
  phase_ = Phase::kRest;
}

void JointFollower::step(TimeNs now_ns, double dt) noexcept {
  last_step_ns_ = now_ns;
  const bool over = phase_ == Phase::kFollow && now_ns > curve_.last().time_ns;
  if (over && !curve_.ends_at_rest()) {
    begin(Phase::kStop);
    starved_ = true;
    ++starvations_;
  }
  if (starved_) starved_s_ += dt;
  if (phase_ == Phase::kFollow) {
    curve_.at(now_ns, reference_, reference_acceleration_);
    move(dt);
    if (over && almost_at_rest(dt)) rest();
  } else if (phase_ == Phase::kStop) {
    if (!stop_planned_) plan_stop();
    stopped_for_s_ += dt;
    move(dt);
    if (dq_.isZero(0.0)) rest();
  }
}

}  // namespace takt_impedance
