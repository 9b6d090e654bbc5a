// A smooth curve through stamped waypoints: cubic in position, and in rotation a cubic in the
// rotation vector of each segment, with continuous angular velocity.
#pragma once

#include <vector>

#include "takt_impedance/types.hpp"

namespace takt_impedance {

struct Knot {
  TimeNs time_ns = 0;
  MovingPose state;
  bool has_twist = false;
  bool has_stiffness = false;
  Vector6 stiffness = Vector6::Zero();  // diagonal [N/m, Nm/rad]
};

// Largest accelerations of the cubic that joins two states in `duration_s`, at its two ends.
struct JoinAcceleration {
  double linear, angular;
};
JoinAcceleration join_acceleration(const MovingPose& from, const MovingPose& to,
                                   double duration_s);

class Curve {
 public:
  // Allocates room for `capacity` knots and one more for the start; nothing else does.
  explicit Curve(int capacity = 0);

  void clear();
  bool empty() const { return count_ == 0; }
  int size() const { return count_; }
  int capacity() const { return static_cast<int>(knots_.size()) - 1; }
  void append(const Knot& knot);
  const Knot& knot(int i) const { return knots_[static_cast<std::size_t>(first_ + i)]; }
  const Knot& last() const { return knot(count_ - 1); }

  // To be called after the last append. Gives a velocity to each knot without one: that of the
  // parabola through it and its two neighbours; one-sided at the first; zero at the last, so that
  // the curve comes to rest there.
  void finish();

  // The waypoints say that the motion is over at the last one.
  bool ends_at_rest() const { return ends_at_rest_; }

  // Index of the first knot after `now_ns`; size() if there is none.
  int first_after(TimeNs now_ns) const;

  // Puts `start` in the place of the knots before index `index`. Moves nothing.
  void start_from(const Knot& start, int index);

  // State at `now_ns`, clamped to the ends (at rest before the first and after the last knot).
  // Looks forward from the segment found last: times should not decrease between calls.
  // `acceleration`, if not null, is that of the rotation vector and the position in the segment.
  MovingPose at(TimeNs now_ns, Vector6* acceleration = nullptr);

  // Stiffness wanted in the segment of the latest `at`; false if the waypoints give none.
  bool stiffness_at(TimeNs now_ns, Vector6& stiffness) const;

 private:
  struct Segment {
    double duration_s = 1.0;
    Vector3 turn = Vector3::Zero();        // rotation vector from start to end
    Vector3 rate_start = Vector3::Zero();  // its rate at the two ends
    Vector3 rate_end = Vector3::Zero();
  };
  Knot& edit(int i) { return knots_[static_cast<std::size_t>(first_ + i)]; }
  void prepare(int segment);

  std::vector<Knot> knots_;
  int first_ = 1;  // one place before it stays free for the start
  int count_ = 0;
  bool ends_at_rest_ = false;
  int segment_ = 0;    // index of the knot at which the current segment begins
  int prepared_ = -1;  // segment for which `current_` was computed
  Segment current_;
};

}  // namespace takt_impedance
