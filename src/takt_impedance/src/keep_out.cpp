#include "takt_impedance/keep_out.hpp"

#include <cmath>

namespace takt_impedance {
namespace {

Clearance from_sphere(const KeepOut& body, const Vector3& point) {
  const Vector3 offset = point - body.centre;
  const double length = offset.norm();
  // At the very centre every way out is the same.
  const Vector3 away = length > 0.0 ? Vector3(offset / length) : Vector3::UnitZ();
  return {length - body.radius, away};
}

Clearance from_box(const KeepOut& body, const Vector3& point) {
  const Vector3 local = body.rotation.conjugate() * (point - body.centre);
  const Vector3 beyond = local.cwiseAbs() - body.half_size;
  Vector3 away = beyond.cwiseMax(0.0);
  const double outside = away.norm();
  if (outside > 0.0) {
    away /= outside;
    for (int i = 0; i < 3; ++i) away(i) = std::copysign(away(i), local(i));
    return {outside, body.rotation * away};
  }
  Eigen::Index nearest = 0;  // the face that is nearest from inside
  const double depth = beyond.maxCoeff(&nearest);
  away.setZero();
  away(nearest) = local(nearest) < 0.0 ? -1.0 : 1.0;
  return {depth, body.rotation * away};
}

}  // namespace

Clearance clearance(const KeepOut& body, const Vector3& point) {
  switch (body.shape) {
    case KeepOut::Shape::kBox: return from_box(body, point);
    case KeepOut::Shape::kSphere: return from_sphere(body, point);
    case KeepOut::Shape::kHalfSpace: break;
  }
  return {body.normal.dot(point - body.centre), body.normal};
}

}  // namespace takt_impedance
