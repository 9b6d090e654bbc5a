// Follows stamped joint positions as Follower does poses: splices, keeps the limits of speed,
// acceleration and jerk of each joint, and stops when the waypoints run out.
#pragma once

#include <array>

#include "takt_impedance/jerk_limit.hpp"
#include "takt_impedance/joint_curve.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/verdict.hpp"

namespace takt_impedance {

class JointFollower {
 public:
  explicit JointFollower(const Parameters& parameters);

  // At `q`, moving with `dq` (within the limits) until the next command; forgets any trajectory.
  void reset(TimeNs now_ns, const JointVector& q, const JointVector& dq) noexcept;

  // Would `commit` accept it? It must be ready (see `prepare`) and not empty.
  Verdict check(const JointCurve& incoming, TimeNs now_ns) const noexcept;

  // Replaces the trajectory, or refuses and goes on. In exchange `incoming` gets the storage of the
  // old one.
  Verdict commit(JointCurve& incoming, TimeNs now_ns) noexcept;

  // As fast as the limits allow to `q`, or to the joint's limit before it, and rest there.
  Verdict commit_target(const JointVector& q, TimeNs now_ns) noexcept;

  // Decelerate within stop_s and hold; not starvation.
  void stop() noexcept;

  void step(TimeNs now_ns, double dt_s) noexcept;

  const JointVector& position() const { return q_; }
  const JointVector& velocity() const { return dq_; }
  const JointVector& acceleration() const { return ddq_; }
  bool starved() const { return starved_; }
  double starved_s() const { return starved_s_; }
  bool moving() const { return phase_ != Phase::kRest; }
  bool stopping() const { return phase_ == Phase::kStop; }
  std::int64_t starvations() const { return starvations_; }

 private:
  enum class Phase { kRest, kFollow, kStop };

  void begin(Phase phase) noexcept;
  void plan_stop() noexcept;
  MotionLimits limits(int joint) const;
  double next_velocity(int joint, double dt_s) const;
  double before_limits(int joint, double velocity, double dt_s) const;
  void move(double dt_s) noexcept;
  bool almost_at_rest(double dt_s) const;
  void rest() noexcept;

  Parameters parameters_;
  JointCurve curve_;
  JointState reference_;
  JointVector reference_acceleration_;
  JointVector q_, dq_, ddq_;
  std::array<StopProfile<1>, kMaxJoints> stops_;
  bool stop_planned_ = false;
  double stopped_for_s_ = 0.0;
  Phase phase_ = Phase::kRest;
  TimeNs last_step_ns_ = 0;
  bool starved_ = false;
  double starved_s_ = 0.0;
  std::int64_t starvations_ = 0;
};

}  // namespace takt_impedance
