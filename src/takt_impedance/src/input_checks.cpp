#include "input_checks.hpp"

#include <cmath>

namespace takt_impedance {
namespace {

// Accepts rounding in single precision, nothing more.
constexpr double kRotationTolerance = 1e-3;

bool is_rotation(const Matrix3& m) {
  const double skew = (m.transpose().lazyProduct(m) - Matrix3::Identity()).squaredNorm();
  return skew < kRotationTolerance * kRotationTolerance && m.determinant() > 0.0;
}

}  // namespace

const char* unusable(const TickInput& in) {
  if (!finite(in.q)) return "q: found a value that is not finite";
  if (!finite(in.position) || !finite(in.rotation)) {
    return "base_from_tcp: found a value that is not finite";
  }
  if (!is_rotation(in.rotation)) {
    return "base_from_tcp rotation: found a matrix that is not a rotation";
  }
  return nullptr;
}

Fault find_invalid(const TickInput& in) {
  if (!finite(in.q)) return Fault::kNonfinitePosition;
  if (!finite(in.dq)) return Fault::kNonfiniteVelocity;
  if (!finite(in.jacobian)) return Fault::kNonfiniteJacobian;
  if (!finite(in.mass)) return Fault::kNonfiniteMass;
  if (!finite(in.bias)) return Fault::kNonfiniteBias;
  if (!finite(in.position) || !finite(in.rotation)) return Fault::kNonfinitePose;
  if (!std::isfinite(in.dt_s)) return Fault::kNonfiniteDt;
  if (!is_rotation(in.rotation)) return Fault::kInvalidRotation;
  // All NaN means that there is no sensor; a sensor with a hole in it is broken.
  if (!finite(in.wrench_measured) && !in.wrench_measured.array().isNaN().all()) {
    return Fault::kNonfiniteWrench;
  }
  return Fault::kNone;
}

}  // namespace takt_impedance
