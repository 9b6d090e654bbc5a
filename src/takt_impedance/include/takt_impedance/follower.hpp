// Follows stamped waypoints: splices a new trajectory into the motion under way, and stops when
// the waypoints run out. Everything here is real-time safe after construction.
#pragma once

#include "takt_impedance/curve.hpp"
#include "takt_impedance/limiter.hpp"
#include "takt_impedance/verdict.hpp"

namespace takt_impedance {

class Follower {
 public:
  explicit Follower(const Parameters& parameters);

  // At `pose` with `twist`, brought to rest by the next command or stop; forgets any trajectory.
  void reset(TimeNs now_ns, const Pose& pose, const Vector6& twist = Vector6::Zero()) noexcept;

  // Would `commit` accept it? It must be ready (see `prepare`) and not empty.
  Verdict check(const Curve& incoming, TimeNs now_ns) const noexcept;

  // Replaces the trajectory, or refuses and goes on. In exchange `incoming` gets the storage of
  // the old one.
  Verdict commit(Curve& incoming, TimeNs now_ns) noexcept;

  // As fast as the limits allow to `pose`, and rest there.
  Verdict commit_target(const Pose& pose, TimeNs now_ns) noexcept;

  // Decelerate within stop_s and hold; not starvation.
  void stop() noexcept;

  // One tick.
  void step(TimeNs now_ns, double dt_s) noexcept;

  const MovingPose& target() const { return limiter_.state(); }
  const Vector6& acceleration() const { return limiter_.acceleration(); }
  bool starved() const { return starved_; }
  double starved_s() const { return starved_s_; }
  bool moving() const { return phase_ != Phase::kRest; }
  bool stopping() const { return phase_ == Phase::kStop; }
  bool keepout_limited() const { return limiter_.keepout_limited(); }
  // Stiffness that the waypoints ask for, or null.
  const Vector6* stiffness() const { return has_stiffness_ ? &stiffness_ : nullptr; }
  std::int64_t starvations() const { return starvations_; }

 private:
  enum class Phase { kRest, kFollow, kStop };

  void begin(Phase phase) noexcept;

  Parameters parameters_;
  Limiter limiter_;
  Curve curve_;
  Phase phase_ = Phase::kRest;
  TimeNs last_step_ns_ = 0;
  bool starved_ = false;
  double starved_s_ = 0.0;
  bool has_stiffness_ = false;
  Vector6 stiffness_ = Vector6::Zero();
  std::int64_t starvations_ = 0;
};

}  // namespace takt_impedance
