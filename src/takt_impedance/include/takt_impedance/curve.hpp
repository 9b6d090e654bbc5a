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
  // Allocates room for `capacity` knots, the only allocation. Nothing else checks it.
  explicit Curve(int capacity);

  void clear();
  bool empty() const { return count_ == 0; }
  int size() const { return count_; }
  int capacity() const { return static_cast<int>(knots_.size()); }
  void append(const Knot& knot) { knots_[static_cast<std::size_t>(count_++)] = knot; }
  Knot& knot(int i) { return knots_[static_cast<std::size_t>(i)]; }
  const Knot& knot(int i) const { return knots_[static_cast<std::size_t>(i)]; }
  const Knot& last() const { return knot(count_ - 1); }

  // Gives a velocity to each knot without one: that of the parabola through it and its two
  // neighbours; one-sided at the first; zero at the last, so that the curve comes to rest there.
  void estimate_twists();

  // Drops the knots before index `first` and puts `start` in their place (needs a free place if
  // `first` is 0).
  void start_from(const Knot& start, int first);

  // State at `now_ns`, clamped to the ends (at rest before the first and after the last knot).
  // Looks forward from the segment found last: times should not decrease between calls.
  MovingPose at(TimeNs now_ns);

  // Stiffness wanted in the segment of the latest `at`; false if the waypoints give none.
  bool stiffness_at(TimeNs now_ns, Vector6& stiffness) const;

 private:
  struct Segment {
    double duration_s = 1.0;
    Vector3 turn = Vector3::Zero();        // rotation vector from start to end
    Vector3 rate_start = Vector3::Zero();  // its rate at the two ends
    Vector3 rate_end = Vector3::Zero();
  };
  void prepare(int segment);

  std::vector<Knot> knots_;
  int count_ = 0;
  int segment_ = 0;    // index of the knot at which the current segment begins
  int prepared_ = -1;  // segment for which `current_` was computed
  Segment current_;
};

}  // namespace takt_impedance
