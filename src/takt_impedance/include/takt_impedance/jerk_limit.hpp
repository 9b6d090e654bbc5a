// Motion of a point in N dimensions with bounded speed, acceleration and jerk, tick by tick.
//
// Discrete throughout: a tick moves the point by velocity * dt, acceleration is the difference of
// two velocities over dt, jerk that of two accelerations. All limits are on norms.
#pragma once

#include "takt_impedance/types.hpp"

namespace takt_impedance {

struct MotionLimits {
  double velocity, acceleration, jerk;
};

// Largest speed from which a point that does not accelerate now can stop within `distance`.
double braking_speed(double distance, double acceleration, double jerk);

// How far a point gets that begins to stop at `speed` without acceleration.
double braking_distance(double speed, double acceleration, double jerk);

// Largest acceleration in the next tick of a point that moves at `speed` with `acceleration` and has
// `room` (at least 0) before it: from there on it can still stop in time with half of the limits'
// acceleration and jerk. Infinite if the jerk does not allow one that is too large.
double allowed_acceleration(double room, double speed, double acceleration,
                            const MotionLimits& limits, double dt_s);

// Beyond this, what is ahead of a point at `speed` allows every acceleration.
double longest_stop(double speed, const MotionLimits& limits, double dt_s);

// Where a reference is at the end of this tick, relative to where the point is before it.
template <int N>
struct Reference {
  Eigen::Matrix<double, N, 1> error = Eigen::Matrix<double, N, 1>::Zero();
  Eigen::Matrix<double, N, 1> velocity = error, acceleration = error;
};

// Next velocity of a point on its way to the reference: just there if the limits allow, else along
// the quickest way that ends on the reference without overshoot. A reference that is not finite, or
// as good as infinite, is taken as standing where the point is.
template <int N>
Eigen::Matrix<double, N, 1> approach(const Reference<N>& reference,
                                     const Eigen::Matrix<double, N, 1>& velocity,
                                     const Eigen::Matrix<double, N, 1>& acceleration,
                                     const MotionLimits& limits, double dt_s);

// A stop in a given time: acceleration to zero, then a ramp down of speed with rounded ends.
template <int N>
class StopProfile {
 public:
  using Vector = Eigen::Matrix<double, N, 1>;

  // In `duration_s`, or as soon after as the limits allow. `begin_s` is the time of the beginning.
  void plan(const Vector& velocity, const Vector& acceleration, const MotionLimits& limits,
            double duration_s, double begin_s = 0.0);

  Vector velocity(double t_s) const;

 private:
  Vector start_ = Vector::Zero(), acceleration_ = Vector::Zero();  // at the beginning
  Vector after_ = Vector::Zero();                                  // velocity once that has faded
  double speed_ = 0.0;                                             // its norm
  double begin_s_ = 0.0;
  double fade_s_ = 0.0;   // until the acceleration is gone
  double brake_s_ = 0.0;  // from there until rest
  double ramp_s_ = 0.0;   // of which the deceleration grows, and shrinks again
  double jerk_ = 1.0;
};

}  // namespace takt_impedance
