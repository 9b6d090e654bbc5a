#include "takt_impedance/jerk_limit.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// Share of acceleration and jerk that braking counts on. The rest is for following the reference's
// own acceleration and for turning towards it.
constexpr double kShare = 0.5;

// Bound for the gain from distance to speed, times the period: close to the end, where braking
// curves get too steep for it.
constexpr double kGain = 0.25;

// Halvings of the interval in which the deceleration before a wall is looked for.
constexpr int kHalvings = 12;

template <typename Vector>
Vector clamp_norm(const Vector& v, double limit) {
  const double norm = v.norm();
  return norm > limit ? Vector((limit / norm) * v) : v;
}

// Acceleration from which fading it out with `jerk` changes the velocity by `change`.
double fading_acceleration(double change, double jerk, double dt) {
  if (change < jerk * dt * dt) return change / dt;
  return jerk * (std::sqrt(0.25 * dt * dt + 2.0 * change / jerk) - 0.5 * dt);
}

template <typename Vector>
bool within(const Vector& v, double limit) {
  return v.squaredNorm() <= limit * limit;
}

// The speed keeps its limit now and while the acceleration fades as fast as it can. Once true, it
// can be kept true, by fading.
template <typename Vector>
bool stays_slow(const Vector& velocity, const Vector& acceleration, const MotionLimits& limits) {
  if (!within(velocity, limits.velocity)) return false;
  const double fade = acceleration.norm() / limits.jerk;
  return within(Vector(velocity + 0.5 * fade * acceleration), limits.velocity);
}

// Numbers with which one can calculate: a reference far beyond is none.
template <int N>
bool usable(const Reference<N>& reference) {
  constexpr double kFarthest = 1e9;
  return within(reference.error, kFarthest) && within(reference.velocity, kFarthest) &&
         within(reference.acceleration, kFarthest);
}

// How far a point gets that moves at `speed` and accelerates by `acceleration`, not both negative,
// and stops as fast as deceleration `brake` and `jerk` allow.
double stopping_distance(double speed, double acceleration, double brake, double jerk) {
  const double ramp = std::abs(acceleration) / jerk;
  const double gained = 0.5 * ramp * std::abs(acceleration);
  if (acceleration >= 0.0) {
    const double fastest = speed + gained;
    if (fastest <= 0.0) return 0.0;  // it never turns round
    return ramp * (speed + ramp * acceleration / 3.0) + braking_distance(fastest, brake, jerk);
  }
  // Braking harder than the end of the stop allows: at rest before that.
  if (speed < gained) return 2.0 * speed * speed / -acceleration;
  // In the middle of a stop that began at a higher speed.
  const double before = speed + gained;
  return braking_distance(before, brake, jerk) - ramp * (before + ramp * acceleration / 6.0);
}

}  // namespace

double braking_distance(double speed, double acceleration, double jerk) {
  const double rounding = acceleration * acceleration / jerk;
  if (speed < rounding) return speed * std::sqrt(speed / jerk);
  return 0.5 * speed * (speed / acceleration + acceleration / jerk);
}

double braking_speed(double distance, double acceleration, double jerk) {
  const double rounding = acceleration * acceleration / jerk;  // speed that the ramps take away
  // Below that speed the full acceleration is never reached.
  if (distance * jerk < rounding * acceleration) return std::cbrt(distance * distance * jerk);
  return 0.5 * (std::sqrt(rounding * rounding + 8.0 * acceleration * distance) - rounding);
}

double allowed_acceleration(double room, double speed, double acceleration,
                            const MotionLimits& limits, double dt) {
  const double brake = kShare * limits.acceleration, jerk = kShare * limits.jerk;
  const auto stops = [&](double next_acceleration) {
    const double next = speed + next_acceleration * dt;
    if (next <= 0.0 && next_acceleration <= 0.0) return true;
    const double left = room - next * dt;
    return left >= 0.0 && stopping_distance(next, next_acceleration, brake, jerk) <= left;
  };
  double high = acceleration + limits.jerk * dt;
  if (stops(high)) return kInfinity;
  double low = acceleration - jerk * dt;
  if (!stops(low)) return low;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (stops(middle) ? low : high) = middle;
  }
  return low;
}

double longest_stop(double speed, const MotionLimits& limits, double dt) {
  return speed * dt + stopping_distance(speed, limits.acceleration, kShare * limits.acceleration,
                                        kShare * limits.jerk);
}

template <int N>
Eigen::Matrix<double, N, 1> approach(const Reference<N>& given,
                                     const Eigen::Matrix<double, N, 1>& velocity,
                                     const Eigen::Matrix<double, N, 1>& acceleration,
                                     const MotionLimits& limits, double dt) {
  using Vector = Eigen::Matrix<double, N, 1>;
  const Reference<N> reference = usable(given) ? given : Reference<N>();
  const double step = limits.jerk * dt;
  // Just there, if this tick, the next and the one after keep the limits.
  const Vector there = reference.error / dt;
  const Vector now = (there - velocity) / dt;
  const Vector next = (reference.velocity + 0.5 * dt * reference.acceleration - there) / dt;
  if (within(now, limits.acceleration) && within(next, limits.acceleration) &&
      within(Vector(now - acceleration), step) && within(Vector(next - now), step) &&
      within(Vector(reference.acceleration - next), step) &&
      stays_slow(there, now, limits)) {
    return there;
  }
  const double brake = kShare * limits.acceleration;
  const double jerk = kShare * limits.jerk;
  // Where the point gets, relative to the reference, while its acceleration fades to the
  // reference's: from there on a braking curve leads to it.
  const Vector excess = acceleration - reference.acceleration;
  const double fade = excess.norm() / jerk;
  const Vector behind = reference.error - dt * reference.velocity +
                        fade * (reference.velocity - velocity) - (fade * fade / 3.0) * excess;
  const double distance = behind.norm();
  Vector wanted = reference.velocity;
  if (distance > 0.0) {
    const double speed = std::min(kGain * distance / dt, braking_speed(distance, brake, jerk));
    wanted += (speed / distance) * behind;
  }
  const Vector change = clamp_norm(wanted, limits.velocity) - velocity;
  const double size = change.norm();
  Vector pull = reference.acceleration;
  if (size > 0.0) pull += (fading_acceleration(size, jerk, dt) / size) * change;
  pull = clamp_norm(pull, limits.acceleration);
  const Vector result = acceleration + clamp_norm(Vector(pull - acceleration), step);
  const Vector faster = velocity + dt * result;
  if (stays_slow(faster, result, limits)) return faster;
  return velocity + dt * (acceleration - clamp_norm(acceleration, step));
}

template <int N>
void StopProfile<N>::plan(const Vector& velocity, const Vector& acceleration,
                          const MotionLimits& limits, double duration_s, double begin_s) {
  const double jerk = limits.jerk;
  begin_s_ = begin_s;
  const double size = acceleration.norm();
  start_ = velocity;
  fade_s_ = size / jerk;
  acceleration_ = acceleration;
  // From here on straight down, with ramps of acceleration at both ends.
  after_ = velocity + 0.5 * fade_s_ * acceleration;
  const double speed = after_.norm();
  const double rounding = limits.acceleration / jerk;
  const double shortest = speed < limits.acceleration * rounding
                              ? 2.0 * std::sqrt(speed / jerk)
                              : speed / limits.acceleration + rounding;
  brake_s_ = std::max(duration_s - fade_s_, shortest);
  const double root = std::sqrt(std::max(0.0, brake_s_ * brake_s_ - 4.0 * speed / jerk));
  ramp_s_ = 0.5 * (brake_s_ - root);
  if (speed == 0.0) brake_s_ = ramp_s_ = 0.0;
  jerk_ = jerk;
  speed_ = speed;
}

template <int N>
typename StopProfile<N>::Vector StopProfile<N>::velocity(double t_s) const {
  double t = t_s - begin_s_;
  if (t < fade_s_) return start_ + (t - 0.5 * t * t / fade_s_) * acceleration_;
  t -= fade_s_;
  if (t >= brake_s_ || speed_ == 0.0) return Vector::Zero();
  double speed = 0.0;
  if (t < ramp_s_) {
    speed = speed_ - 0.5 * jerk_ * t * t;
  } else if (t < brake_s_ - ramp_s_) {
    speed = speed_ - jerk_ * ramp_s_ * (t - 0.5 * ramp_s_);
  } else {
    speed = 0.5 * jerk_ * (brake_s_ - t) * (brake_s_ - t);
  }
  return (speed / speed_) * after_;
}

template Eigen::Matrix<double, 1, 1> approach<1>(const Reference<1>&,
                                                 const Eigen::Matrix<double, 1, 1>&,
                                                 const Eigen::Matrix<double, 1, 1>&,
                                                 const MotionLimits&, double);
template Vector3 approach<3>(const Reference<3>&, const Vector3&, const Vector3&,
                             const MotionLimits&, double);
template class StopProfile<1>;
template class StopProfile<3>;

}  // namespace takt_impedance
