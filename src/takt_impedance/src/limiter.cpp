#include "takt_impedance/limiter.hpp"

#include <cmath>

#include "takt_impedance/rotation.hpp"

namespace takt_impedance {
namespace {

// Slower than this [m/s, rad/s], and with less acceleration than this share of what the jerk gives
// in a tick, the target is at rest.
constexpr double kRestTwist = 1e-7;
constexpr double kRestJerk = 0.01;

// No faster than the limit; nothing that cannot be calculated with.
Vector3 slowed(const Vector3& velocity, double limit) {
  const double speed2 = velocity.squaredNorm();
  if (speed2 <= limit * limit) return velocity;
  if (!(speed2 < kInfinity)) return Vector3::Zero();
  return (limit / std::sqrt(speed2)) * velocity;
}

}  // namespace

Limiter::Limiter(const Parameters& p)
    : linear_{p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2, p.max_linear_jerk_m_s3},
      angular_{p.max_angular_velocity_rad_s, p.max_angular_acceleration_rad_s2,
               p.max_angular_jerk_rad_s3},
      stop_s_(p.stop_s),
      walls_(p) {}

void Limiter::reset(const Pose& pose, const Vector6& twist) {
  state_.pose = pose;
  state_.twist << slowed(twist.head<3>(), linear_.velocity),
      slowed(twist.tail<3>(), angular_.velocity);
  acceleration_.setZero();
}

bool Limiter::almost_at_rest(double dt_s) const {
  const double step = kRestJerk * dt_s;
  return state_.twist.norm() < kRestTwist &&
         acceleration_.head<3>().norm() < step * linear_.jerk &&
         acceleration_.tail<3>().norm() < step * angular_.jerk;
}

void Limiter::settle() {
  state_.twist.setZero();
  acceleration_.setZero();
}

void Limiter::track(const MovingPose& reference, const Vector6& acceleration, double dt_s) {
  Vector3 goal = reference.pose.position;
  Reference<3> place{Vector3::Zero(), reference.twist.head<3>(), acceleration.head<3>()};
  goal_moved_ = walls_.admit(goal, place.velocity, place.acceleration);
  place.error = goal - state_.pose.position;
  const Reference<3> turn{rotation_between(state_.pose.rotation, reference.pose.rotation),
                          reference.twist.tail<3>(), acceleration.tail<3>()};
  move(approach<3>(place, state_.twist.head<3>(), acceleration_.head<3>(), linear_, dt_s),
       approach<3>(turn, state_.twist.tail<3>(), acceleration_.tail<3>(), angular_, dt_s), dt_s);
}

void Limiter::begin_stop() {
  stopped_for_s_ = 0.0;
  goal_moved_ = false;
  linear_stop_.plan(state_.twist.head<3>(), acceleration_.head<3>(), linear_, stop_s_);
  angular_stop_.plan(state_.twist.tail<3>(), acceleration_.tail<3>(), angular_, stop_s_);
}

void Limiter::stop(double dt_s) {
  stopped_for_s_ += dt_s;
  move(linear_stop_.velocity(stopped_for_s_), angular_stop_.velocity(stopped_for_s_), dt_s);
  if (walls_.bent()) {  // a wall wants it sooner: go on from there
    linear_stop_.plan(state_.twist.head<3>(), acceleration_.head<3>(), linear_,
                      stop_s_ - stopped_for_s_, stopped_for_s_);
  }
}

void Limiter::move(Vector3 linear, Vector3 angular, double dt_s) {
  walls_.bend(state_.pose.position, state_.twist.head<3>(), acceleration_.head<3>(), dt_s, linear);
  // The last word, for a period that changed and for walls that turned the velocity.
  linear = slowed(linear, linear_.velocity);
  angular = slowed(angular, angular_.velocity);
  // A blow by a wall is over at once: nothing has to fade afterwards.
  acceleration_ << slowed((linear - state_.twist.head<3>()) / dt_s, linear_.acceleration),
      slowed((angular - state_.twist.tail<3>()) / dt_s, angular_.acceleration);
  state_.twist << linear, angular;
  state_.pose.position += dt_s * linear;
  if (!angular.isZero(0.0)) {
    state_.pose.rotation = (rotation_exp(dt_s * angular) * state_.pose.rotation).normalized();
  }
}

}  // namespace takt_impedance
