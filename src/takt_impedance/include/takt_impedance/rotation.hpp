// Rotations as rotation vectors: logarithm, exponential, and the Jacobians between the rate of a
// rotation vector and angular velocity. Good over the whole ball, angle pi included.
#pragma once

#include <cmath>

#include "takt_impedance/types.hpp"

namespace takt_impedance {

// Rotation vector of a unit quaternion, angle in [0, pi].
inline Vector3 rotation_log(const Eigen::Quaterniond& q) {
  const double sine = q.vec().norm();
  if (sine < 1e-12) return (q.w() < 0.0 ? -2.0 : 2.0) * q.vec();
  // atan2 keeps full precision near pi, where the trace of the matrix does not.
  const double half = q.w() < 0.0 ? std::atan2(-sine, -q.w()) : std::atan2(sine, q.w());
  return (2.0 * half / sine) * q.vec();
}

// Rotation vector that takes `from` to `to`, in base axes: log(to * from^T).
inline Vector3 rotation_between(const Eigen::Quaterniond& from, const Eigen::Quaterniond& to) {
  return rotation_log(to * from.conjugate());
}

inline Eigen::Quaterniond rotation_exp(const Vector3& v) {
  const double angle2 = v.squaredNorm();
  const double angle = std::sqrt(angle2);
  const double scale = angle2 < 1e-8 ? 0.5 - angle2 / 48.0 : std::sin(0.5 * angle) / angle;
  const double w = angle2 < 1e-8 ? 1.0 - angle2 / 8.0 : std::cos(0.5 * angle);
  return Eigen::Quaterniond(w, scale * v.x(), scale * v.y(), scale * v.z());
}

// Angular velocity (base axes) of exp(v) when v changes at the rate `rate`: left Jacobian.
inline Vector3 left_jacobian_times(const Vector3& v, const Vector3& rate) {
  const double angle2 = v.squaredNorm();
  const double angle = std::sqrt(angle2);
  const double a = angle2 < 1e-6 ? 0.5 - angle2 / 24.0 : (1.0 - std::cos(angle)) / angle2;
  const double b =
      angle2 < 1e-6 ? 1.0 / 6.0 - angle2 / 120.0 : (angle - std::sin(angle)) / (angle2 * angle);
  const Vector3 once = v.cross(rate);
  return rate + a * once + b * v.cross(once);
}

// The inverse of the above: rate of v that gives the angular velocity `omega`.
inline Vector3 left_jacobian_inverse_times(const Vector3& v, const Vector3& omega) {
  const double angle2 = v.squaredNorm();
  const double half = 0.5 * std::sqrt(angle2);
  const double c =
      angle2 < 1e-6 ? 1.0 / 12.0 + angle2 / 720.0 : (1.0 - half * std::cos(half) / std::sin(half)) / angle2;
  const Vector3 once = v.cross(omega);
  return omega - 0.5 * once + c * v.cross(once);
}

}  // namespace takt_impedance
