#include "takt_impedance/limiter.hpp"

#include <algorithm>
#include <cmath>

#include "takt_impedance/rotation.hpp"

namespace takt_impedance {
namespace {

// Share of the acceleration that braking curves count on. The other half is for following the
// reference's own acceleration and for turning towards it.
constexpr double kBrakingShare = 0.5;

// Largest speed from which a stop over `distance` with `deceleration` is possible in steps of dt.
double braking_speed(double distance, double deceleration, double dt_s) {
  const double step = deceleration * dt_s;
  return step * (std::sqrt(0.25 + 2.0 * distance / (step * dt_s)) - 0.5);
}

Vector3 clamp_norm(const Vector3& v, double limit) {
  const double norm = v.norm();
  return norm > limit ? Vector3((limit / norm) * v) : v;
}

}  // namespace

Vector3 limited_velocity(const Vector3& error, const Vector3& reference_velocity,
                         const Vector3& velocity, const MotionLimits& limits, double dt_s) {
  const Vector3 behind = error - dt_s * reference_velocity;
  const double distance = behind.norm();
  Vector3 wanted = reference_velocity;
  if (distance > 0.0) {
    const double braking = braking_speed(distance, kBrakingShare * limits.acceleration, dt_s);
    wanted += (std::min(distance / dt_s, braking) / distance) * behind;
  }
  wanted = clamp_norm(wanted, limits.velocity);
  return velocity + clamp_norm(wanted - velocity, limits.acceleration * dt_s);
}

Limiter::Limiter(const Parameters& p)
    : linear_{p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2},
      angular_{p.max_angular_velocity_rad_s, p.max_angular_acceleration_rad_s2},
      stop_s_(p.stop_s),
      lower_(p.workspace_lower_m),
      upper_(p.workspace_upper_m) {}

void Limiter::reset(const Pose& pose) {
  state_.pose = pose;
  state_.twist.setZero();
  stop_from_.setZero();
  stop_left_ = 0.0;
}

void Limiter::track(const MovingPose& reference, double dt_s) {
  const Vector3 goal = reference.pose.position.cwiseMax(lower_).cwiseMin(upper_);
  Vector3 goal_velocity = reference.twist.head<3>();
  for (int i = 0; i < 3; ++i) {
    if (goal(i) != reference.pose.position(i)) goal_velocity(i) = 0.0;
  }
  const Vector3 turn = rotation_between(state_.pose.rotation, reference.pose.rotation);
  move(limited_velocity(goal - state_.pose.position, goal_velocity, state_.twist.head<3>(),
                        linear_, dt_s),
       limited_velocity(turn, reference.twist.tail<3>(), state_.twist.tail<3>(), angular_, dt_s),
       dt_s);
}

void Limiter::begin_stop() {
  stop_from_ = state_.twist;
  stop_left_ = at_rest() ? 0.0 : 1.0;
}

void Limiter::stop(double dt_s) {
  stop_left_ = std::max(0.0, stop_left_ - dt_s / stop_s_);
  if (stop_left_ < 1e-9) stop_left_ = 0.0;  // what rounding leaves of the last step
  move(stop_left_ * stop_from_.head<3>(), stop_left_ * stop_from_.tail<3>(), dt_s);
}

void Limiter::move(const Vector3& linear, const Vector3& angular, double dt_s) {
  Vector3& position = state_.pose.position;
  for (int i = 0; i < 3; ++i) {
    // Brake before the wall of the box. A target that starts outside may only move inwards.
    const double room_up = std::max(0.0, upper_(i) - position(i));
    const double room_down = std::max(0.0, position(i) - lower_(i));
    const double brake = kBrakingShare * linear_.acceleration;
    double v = linear(i);
    if (std::isfinite(room_up)) v = std::min(v, braking_speed(room_up, brake, dt_s));
    if (std::isfinite(room_down)) v = std::max(v, -braking_speed(room_down, brake, dt_s));
    v = std::clamp(v, -room_down / dt_s, room_up / dt_s);
    state_.twist(i) = v;
    position(i) += v * dt_s;
  }
  state_.twist.tail<3>() = angular;
  if (!angular.isZero(0.0)) {
    state_.pose.rotation = (rotation_exp(dt_s * angular) * state_.pose.rotation).normalized();
  }
}

}  // namespace takt_impedance
