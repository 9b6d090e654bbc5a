// A target that tracks a reference within limits of speed and acceleration and within a box.
//
// While the reference keeps the limits, the target is exactly the reference. When it does not, the
// target falls behind and catches up along a braking curve, without overshoot at the end.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

struct MotionLimits {
  double velocity, acceleration;
};

// Next velocity of a point that should cover `error` in this tick and then move on with
// `reference_velocity`; never changes faster than the limits allow.
Vector3 limited_velocity(const Vector3& error, const Vector3& reference_velocity,
                         const Vector3& velocity, const MotionLimits& limits, double dt_s);

class Limiter {
 public:
  explicit Limiter(const Parameters& parameters);

  void reset(const Pose& pose);
  const MovingPose& state() const { return state_; }
  bool at_rest() const { return state_.twist.isZero(0.0); }

  // One tick towards the reference (where it is at the end of this tick).
  void track(const MovingPose& reference, double dt_s);

  // Ends a motion that is as good as over.
  void settle() { state_.twist.setZero(); }

  // One tick of a stop: `begin_stop` fixes the deceleration that ends the motion in stop_s.
  void begin_stop();
  void stop(double dt_s);

 private:
  void move(const Vector3& linear, const Vector3& angular, double dt_s);

  MotionLimits linear_, angular_;
  double stop_s_;
  Vector3 lower_, upper_;
  Vector6 stop_from_ = Vector6::Zero();  // twist at the beginning of the stop
  double stop_left_ = 0.0;               // fraction of it that is left
  MovingPose state_;
};

}  // namespace takt_impedance
