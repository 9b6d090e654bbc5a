// Bodies that the target of the tool point stays out of.
#pragma once

#include "takt_impedance/types.hpp"

namespace takt_impedance {

inline constexpr int kMaxKeepOuts = 16;

// A box, a ball or everything below a plane, in the base frame. Only the fields of its shape count.
struct KeepOut {
  enum class Shape { kBox, kSphere, kHalfSpace };

  Shape shape = Shape::kSphere;
  Vector3 centre = Vector3::Zero();     // of box or sphere; any point of the plane [m]
  Eigen::Quaterniond rotation = Eigen::Quaterniond::Identity();  // base_from_box
  Vector3 half_size = Vector3::Zero();  // of the box, along its own axes [m]
  double radius = 0.0;                  // of the sphere [m]
  Vector3 normal = Vector3::UnitZ();    // of the plane, away from the forbidden side; unit
};

// How far a point is from the body (negative inside) and the direction that leads away.
struct Clearance {
  double distance;
  Vector3 away;  // unit
};
Clearance clearance(const KeepOut& body, const Vector3& point);

}  // namespace takt_impedance
