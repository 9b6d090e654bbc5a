// What the law is to follow: the mode, the followers of poses and of joints, and a trajectory that
// waits for its start.
//
// One of two laws acts: on poses (mode kCartesian) or on joints (kJoint); kHold and kGuide keep the
// one that acted last. The idle follower goes along with the measured state, so that a change of
// law starts from there.
#pragma once

#include <memory>

#include "takt_impedance/follower.hpp"
#include "takt_impedance/group_ticket.hpp"
#include "takt_impedance/joint_follower.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

class Motion {
 public:
  explicit Motion(const Parameters& parameters);
  ~Motion();
  Motion(const Motion&) = delete;
  Motion& operator=(const Motion&) = delete;

  // Mode kCartesian, at rest at the measured state; forgets everything.
  void activate(const TickInput& input) noexcept;

  // At rest at the measured state, in the present mode and law; forgets every trajectory.
  void rest(const TickInput& input) noexcept;

  void set_mode(Mode mode) noexcept;
  Mode mode() const { return mode_; }
  bool joint_law() const { return joint_law_; }

  // Would this be accepted now? Changes nothing.
  Verdict check(const Curve& incoming, TimeNs now_ns, TimeNs start_ns = 0) const noexcept;
  Verdict check(const JointCurve& incoming, TimeNs now_ns, TimeNs start_ns = 0) const noexcept;

  // Replaces what is being followed, now or from `start_ns` on, or refuses and goes on. The curve
  // gets other storage of the same size in exchange. An empty curve stops, in every mode.
  Verdict commit(Curve& incoming, TimeNs now_ns, TimeNs start_ns = 0) noexcept;
  Verdict commit(JointCurve& incoming, TimeNs now_ns, TimeNs start_ns = 0) noexcept;
  Verdict commit_target(const Pose& pose, TimeNs now_ns) noexcept;
  Verdict commit_target(const JointVector& q, TimeNs now_ns) noexcept;

  // The trajectory that waits for its start waits for those of other arms, too. Not real-time safe.
  void join(std::shared_ptr<GroupTicket> ticket);

  // Could what waits for its start begin now?
  Verdict check_pending(TimeNs now_ns) const noexcept;

  // Decelerates and holds; also forgets what waits for its start.
  void stop() noexcept;

  // One tick. Returns what became of a trajectory whose start has come; a verdict that neither
  // accepts nor refuses (code kNone) if there was none.
  Verdict step(const TickInput& input, double dt_s) noexcept;

  // The law, or where it starts from, was changed since the `step` before the latest.
  bool law_changed() const { return law_changed_; }

  const MovingPose& target() const { return follower_.target(); }
  const Vector6& acceleration() const { return follower_.acceleration(); }
  const JointVector& joint_target() const { return joints_.position(); }
  const JointVector& joint_target_velocity() const { return joints_.velocity(); }
  const JointVector& joint_target_acceleration() const { return joints_.acceleration(); }
  bool starved() const { return joint_law_ ? joints_.starved() : follower_.starved(); }
  double starved_s() const { return joint_law_ ? joints_.starved_s() : follower_.starved_s(); }
  bool moving() const { return joint_law_ ? joints_.moving() : follower_.moving(); }
  bool stopping() const { return joint_law_ ? joints_.stopping() : follower_.stopping(); }
  bool pending() const { return pending_ != Pending::kNone; }
  bool keepout_limited() const { return !joint_law_ && follower_.keepout_limited(); }
  // Stiffness that the waypoints ask for (diagonal, tool axes), or null.
  const Vector6* stiffness() const { return joint_law_ ? nullptr : follower_.stiffness(); }
  std::int64_t starvations() const { return follower_.starvations() + joints_.starvations(); }

 private:
  enum class Pending { kNone, kPoses, kJoints };

  Verdict check_command(TimeNs now_ns, TimeNs start_ns) const noexcept;
  template <typename CurveType>
  Verdict check_start(const CurveType& incoming, TimeNs now_ns, TimeNs start_ns) const noexcept;
  template <typename CurveType>
  Verdict wait(CurveType& incoming, CurveType& place, Pending kind, TimeNs start_ns) noexcept;
  void use_law(bool joints) noexcept;
  void observe(const TickInput& input) noexcept;
  void drop_pending() noexcept;
  Verdict start_pending(TimeNs now_ns) noexcept;

  Parameters parameters_;
  Follower follower_;
  JointFollower joints_;
  Curve pending_poses_;
  JointCurve pending_joints_;
  Pending pending_ = Pending::kNone;
  TimeNs pending_start_ns_ = 0;
  std::shared_ptr<GroupTicket> ticket_;  // kept until the next: freeing it takes time
  bool grouped_ = false;                 // it is about what waits now
  Mode mode_ = Mode::kHold;
  bool joint_law_ = false;
  bool changing_ = false;
  bool law_changed_ = false;
};

}  // namespace takt_impedance
