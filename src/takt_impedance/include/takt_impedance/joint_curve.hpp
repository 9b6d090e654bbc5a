// A smooth curve through stamped joint positions: cubic per joint, with continuous velocity.
#pragma once

#include <vector>

#include "takt_impedance/types.hpp"

namespace takt_impedance {

struct JointState {
  JointVector q, dq;
};

struct JointKnot {
  TimeNs time_ns = 0;
  JointState state;
  bool has_velocity = false;
};

// Largest acceleration, at one of its ends, of the cubic that takes a joint from one state to another.
double join_acceleration(const JointState& from, const JointState& to, double duration_s,
                         int joint);

class JointCurve {
 public:
  // Allocates room for `capacity` knots and one more for the start; nothing else does.
  explicit JointCurve(int capacity = 0);

  void clear();
  bool empty() const { return count_ == 0; }
  int size() const { return count_; }
  int capacity() const { return static_cast<int>(knots_.size()) - 1; }
  void append(const JointKnot& knot);
  const JointKnot& knot(int i) const { return knots_[static_cast<std::size_t>(first_ + i)]; }
  const JointKnot& last() const { return knot(count_ - 1); }
  bool ends_at_rest() const { return ends_at_rest_; }

  // Gives a velocity to each knot without one, as Curve does; to be called after the last append.
  void finish();

  // Index of the first knot after `now_ns`; size() if there is none.
  int first_after(TimeNs now_ns) const;

  // Puts `start` in the place of the knots before index `index`.
  void start_from(const JointKnot& start, int index);

  // State and acceleration at `now_ns`, clamped to the ends (at rest before the first and after the
  // last knot). Times should not decrease between calls.
  void at(TimeNs now_ns, JointState& state, JointVector& acceleration);

 private:
  JointKnot& edit(int i) { return knots_[static_cast<std::size_t>(first_ + i)]; }

  std::vector<JointKnot> knots_;
  int first_ = 1;  // one place before it stays free for the start
  int count_ = 0;
  int segment_ = 0;
  bool ends_at_rest_ = false;
};

}  // namespace takt_impedance
