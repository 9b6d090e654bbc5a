// Follows stamped waypoints: splices a new trajectory into the motion under way, and stops when
// the waypoints run out.
#pragma once

#include <string>

#include "takt_impedance/curve.hpp"
#include "takt_impedance/limiter.hpp"
#include "takt_impedance/waypoints.hpp"

namespace takt_impedance {

struct TrajectoryResult {
  bool accepted = false;
  std::string reason;  // why not; empty if accepted
  int dropped = 0;     // waypoints whose time had passed
};

class Follower {
 public:
  explicit Follower(const Parameters& parameters);

  // At rest at `pose`; forgets any trajectory.
  void reset(TimeNs now_ns, const Pose& pose);

  // Replaces the trajectory, or refuses and goes on. Not for the real-time thread: makes text.
  TrajectoryResult set_trajectory(const WaypointView& waypoints, TimeNs now_ns);
  TrajectoryResult set_target(const double* pose7, TimeNs now_ns);

  // Decelerate within stop_s and hold; not starvation.
  void stop();

  // One tick. Real-time safe.
  void step(TimeNs now_ns, double dt_s);

  const MovingPose& target() const { return limiter_.state(); }
  bool starved() const { return starved_; }
  double starved_s() const { return starved_s_; }
  bool moving() const { return phase_ != Phase::kRest; }
  // Stiffness that the waypoints ask for, or null.
  const Vector6* stiffness() const { return has_stiffness_ ? &stiffness_ : nullptr; }
  std::int64_t starvations() const { return starvations_; }

 private:
  enum class Phase { kRest, kFollow, kStop };

  std::string check_start(const Knot& first, TimeNs now_ns) const;
  int splice_index(int first_future, TimeNs now_ns) const;
  void begin(TimeNs now_ns, int first);

  Parameters parameters_;
  Limiter limiter_;
  Curve curve_, incoming_;
  Phase phase_ = Phase::kRest;
  TimeNs last_step_ns_ = 0;
  bool ends_at_rest_ = false;  // planned: the last waypoint says so
  bool starved_ = false;
  double starved_s_ = 0.0;
  bool has_stiffness_ = false;
  Vector6 stiffness_ = Vector6::Zero();
  std::int64_t starvations_ = 0;
};

}  // namespace takt_impedance
