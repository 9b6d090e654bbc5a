#include "takt_impedance/motion.hpp"

#include <utility>

namespace takt_impedance {

bool GroupTicket::may_go(TimeNs now_ns) noexcept {
  if (state_ == State::kWaiting) {
    state_ = State::kGo;
    for (const Motion* member : members_) {
      if (!member->check_pending(now_ns).accepted) state_ = State::kCancelled;
    }
  }
  return state_ == State::kGo;
}

Motion::Motion(const Parameters& p)
    : parameters_(p),
      follower_(p),
      joints_(p),
      pending_poses_(p.max_waypoints),
      pending_joints_(p.max_waypoints) {}

Motion::~Motion() { drop_pending(); }

// The measured state, where the law that does not act would begin.
void Motion::observe(const TickInput& in) noexcept {
  if (joint_law_) {
    Vector6 twist = in.jacobian.col(0) * in.dq(0);
    for (int i = 1; i < parameters_.n_joints; ++i) twist += in.jacobian.col(i) * in.dq(i);
    follower_.reset(in.now_ns, {in.position, Eigen::Quaterniond(in.rotation).normalized()}, twist);
  } else {
    joints_.reset(in.now_ns, in.q, in.dq);
  }
}

void Motion::rest(const TickInput& in) noexcept {
  drop_pending();
  follower_.reset(in.now_ns, {in.position, Eigen::Quaterniond(in.rotation).normalized()});
  joints_.reset(in.now_ns, in.q, JointVector::Zero(in.q.size()));
}

void Motion::activate(const TickInput& in) noexcept {
  rest(in);
  mode_ = Mode::kCartesian;
  joint_law_ = false;
}

void Motion::use_law(bool joints) noexcept {
  if (joints != joint_law_) changing_ = true;
  joint_law_ = joints;
  mode_ = joints ? Mode::kJoint : Mode::kCartesian;
}

void Motion::set_mode(Mode mode) noexcept {
  if (mode == mode_) return;
  stop();
  if (mode == Mode::kCartesian || mode == Mode::kJoint) use_law(mode == Mode::kJoint);
  mode_ = mode;
}

void Motion::stop() noexcept {
  drop_pending();
  follower_.stop();
  joints_.stop();
}

void Motion::drop_pending() noexcept {
  if (pending_ != Pending::kNone && grouped_) ticket_->cancel();
  pending_ = Pending::kNone;
}

void Motion::join(std::shared_ptr<GroupTicket> ticket) {
  ticket_ = std::move(ticket);
  grouped_ = true;
}

Verdict Motion::check_command(TimeNs now_ns, TimeNs start_ns) const noexcept {
  if (mode_ != Mode::kCartesian && mode_ != Mode::kJoint) return refuse(Refusal::kMode);
  const double delay = seconds(start_ns - now_ns);
  if (delay > parameters_.max_start_delay_s) {
    return refuse(Refusal::kStartTooFar, delay, parameters_.max_start_delay_s);
  }
  return accept();
}

// Of one that waits: whether the waypoints are for later than its start.
template <typename CurveType>
Verdict Motion::check_start(const CurveType& incoming, TimeNs now_ns, TimeNs start_ns) const noexcept {
  const Verdict verdict = check_command(now_ns, start_ns);
  if (!verdict.accepted || start_ns <= now_ns) return verdict;
  if (incoming.last().time_ns > start_ns) return verdict;
  return refuse(Refusal::kAllBeforeStart, seconds(start_ns - incoming.last().time_ns), 0.0,
                incoming.size());
}

Verdict Motion::check(const Curve& incoming, TimeNs now_ns, TimeNs start_ns) const noexcept {
  if (incoming.empty()) return accept();
  const Verdict verdict = check_start(incoming, now_ns, start_ns);
  if (!verdict.accepted || start_ns > now_ns) return verdict;
  return follower_.check(incoming, now_ns);
}

Verdict Motion::check(const JointCurve& incoming, TimeNs now_ns, TimeNs start_ns) const noexcept {
  if (incoming.empty()) return accept();
  const Verdict verdict = check_start(incoming, now_ns, start_ns);
  if (!verdict.accepted || start_ns > now_ns) return verdict;
  return joints_.check(incoming, now_ns);
}

template <typename CurveType>
Verdict Motion::wait(CurveType& incoming, CurveType& place, Pending kind,
                     TimeNs start_ns) noexcept {
  drop_pending();
  grouped_ = false;
  std::swap(place, incoming);
  pending_ = kind;
  pending_start_ns_ = start_ns;
  return accept();
}

Verdict Motion::commit(Curve& incoming, TimeNs now_ns, TimeNs start_ns) noexcept {
  const Verdict verdict = check(incoming, now_ns, start_ns);
  if (!verdict.accepted) return verdict;
  if (incoming.empty()) {
    stop();
    return verdict;
  }
  if (start_ns > now_ns) return wait(incoming, pending_poses_, Pending::kPoses, start_ns);
  drop_pending();
  use_law(false);
  return follower_.commit(incoming, now_ns);
}

Verdict Motion::commit(JointCurve& incoming, TimeNs now_ns, TimeNs start_ns) noexcept {
  const Verdict verdict = check(incoming, now_ns, start_ns);
  if (!verdict.accepted) return verdict;
  if (incoming.empty()) {
    stop();
    return verdict;
  }
  if (start_ns > now_ns) return wait(incoming, pending_joints_, Pending::kJoints, start_ns);
  drop_pending();
  use_law(true);
  return joints_.commit(incoming, now_ns);
}

Verdict Motion::commit_target(const Pose& pose, TimeNs now_ns) noexcept {
  const Verdict verdict = check_command(now_ns, 0);
  if (!verdict.accepted) return verdict;
  drop_pending();
  use_law(false);
  return follower_.commit_target(pose, now_ns);
}

Verdict Motion::commit_target(const JointVector& q, TimeNs now_ns) noexcept {
  const Verdict verdict = check_command(now_ns, 0);
  if (!verdict.accepted) return verdict;
  const Verdict going = joints_.commit_target(q, now_ns);
  if (!going.accepted) return going;
  drop_pending();
  use_law(true);
  return going;
}

Verdict Motion::check_pending(TimeNs now_ns) const noexcept {
  switch (pending_) {
    case Pending::kPoses: return check(pending_poses_, now_ns, 0);
    case Pending::kJoints: return check(pending_joints_, now_ns, 0);
    case Pending::kNone: break;
  }
  return refuse(Refusal::kOtherArm);
}

Verdict Motion::start_pending(TimeNs now_ns) noexcept {
  Verdict verdict = check_pending(now_ns);
  if (grouped_ && !ticket_->may_go(now_ns) && verdict.accepted) {
    verdict = refuse(Refusal::kOtherArm);
  }
  const Pending kind = pending_;
  drop_pending();
  if (!verdict.accepted) return verdict;
  return kind == Pending::kPoses ? commit(pending_poses_, now_ns) : commit(pending_joints_, now_ns);
}

Verdict Motion::step(const TickInput& in, double dt_s) noexcept {
  Verdict verdict;
  if (pending_ != Pending::kNone && in.now_ns >= pending_start_ns_) {
    verdict = start_pending(in.now_ns);
  }
  law_changed_ = changing_;
  changing_ = false;
  if (joint_law_) {
    joints_.step(in.now_ns, dt_s);
  } else {
    follower_.step(in.now_ns, dt_s);
  }
  observe(in);
  return verdict;
}

}  // namespace takt_impedance
