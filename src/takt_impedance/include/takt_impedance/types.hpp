// Sizes and plain data that every part of the library shares.
//
// Conventions: base frame for everything Cartesian; twists, wrenches and stiffness have the
// linear part first; poses are base_from_tcp. Units are SI. Joint-sized types have a run-time
// size of 6 to 8 with storage inside the object, so that nothing is allocated.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <cstdint>
#include <limits>

namespace takt_impedance {

inline constexpr int kMinJoints = 6;
inline constexpr int kMaxJoints = 8;
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using TimeNs = std::int64_t;
using Vector3 = Eigen::Vector3d;
using Matrix3 = Eigen::Matrix3d;
using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix6 = Eigen::Matrix<double, 6, 6>;
using JointVector = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kMaxJoints, 1>;
using JointMatrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, kMaxJoints, kMaxJoints>;
using Jacobian = Eigen::Matrix<double, 6, Eigen::Dynamic, 0, 6, kMaxJoints>;

struct Pose {
  Vector3 position = Vector3::Zero();
  Eigen::Quaterniond rotation = Eigen::Quaterniond::Identity();
};

// A pose in motion; the twist is in base axes at the tool point.
struct MovingPose {
  Pose pose;
  Vector6 twist = Vector6::Zero();
};

inline double seconds(TimeNs duration_ns) { return 1e-9 * static_cast<double>(duration_ns); }

}  // namespace takt_impedance
