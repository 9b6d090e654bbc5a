// A target that tracks a reference within limits of speed, acceleration and jerk, within a box and
// outside of forbidden bodies.
//
// While the reference keeps the limits, the target is exactly the reference. When it does not, the
// target falls behind and catches up along a braking curve, without overshoot at the end.
#pragma once

#include "takt_impedance/jerk_limit.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/walls.hpp"

namespace takt_impedance {

class Limiter {
 public:
  explicit Limiter(const Parameters& parameters);

  void reset(const Pose& pose, const Vector6& twist);
  const MovingPose& state() const { return state_; }
  const Vector6& acceleration() const { return acceleration_; }
  bool at_rest() const { return state_.twist.isZero(0.0); }

  // Slower and less accelerated than any motion that is meant.
  bool almost_at_rest(double dt_s) const;

  // The target was held back by the box or a body in the latest tick.
  bool keepout_limited() const { return goal_moved_ || walls_.bent(); }

  // One tick towards the reference (where it is at the end of this tick), and its acceleration.
  void track(const MovingPose& reference, const Vector6& acceleration, double dt_s);

  // Ends a motion that is as good as over.
  void settle();

  // One tick of a stop: `begin_stop` plans the deceleration that ends the motion in stop_s.
  void begin_stop();
  void stop(double dt_s);

 private:
  void move(Vector3 linear, Vector3 angular, double dt_s);

  MotionLimits linear_, angular_;
  double stop_s_;
  Walls walls_;
  StopProfile<3> linear_stop_, angular_stop_;
  double stopped_for_s_ = 0.0;
  bool goal_moved_ = false;
  MovingPose state_;
  Vector6 acceleration_ = Vector6::Zero();
};

}  // namespace takt_impedance
