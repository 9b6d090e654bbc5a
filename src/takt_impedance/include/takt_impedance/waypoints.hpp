// Waypoints from outside: where they enter they are checked, inside they are trusted.
#pragma once

#include "takt_impedance/curve.hpp"
#include "takt_impedance/joint_curve.hpp"
#include "takt_impedance/verdict.hpp"

namespace takt_impedance {

// Waypoints as the caller has them; row-major arrays, N rows. A row of NaN in `twists` or
// `stiffness` means not given; either may be null.
struct WaypointView {
  int count = 0;
  const TimeNs* times_ns = nullptr;
  const double* poses = nullptr;      // N x 7, position and quaternion xyzw
  const double* twists = nullptr;     // N x 6
  const double* stiffness = nullptr;  // N x 6, diagonals
};

// The same of joints; n values a row. A row of NaN in `velocities` means not given.
struct JointWaypointView {
  int count = 0;
  const TimeNs* times_ns = nullptr;
  const double* positions = nullptr;   // N x n
  const double* velocities = nullptr;  // N x n, may be null
};

// Reads a pose of seven numbers.
Verdict read_pose(const double* pose7, Pose& pose) noexcept;

// Reads all waypoints into `curve`, ready to be followed. None make it empty, which means stop.
Verdict prepare(const WaypointView& waypoints, Curve& curve) noexcept;

// Positions must be inside the joints' limits (NaN: none).
Verdict prepare(const JointWaypointView& waypoints, const JointVector& lower_rad,
                const JointVector& upper_rad, JointCurve& curve) noexcept;

// State at `t_ns` of the curve through the waypoints, without limits, for planners and plots.
// Allocates. Throws std::invalid_argument if something is wrong with the waypoints.
MovingPose interpolate(const WaypointView& waypoints, TimeNs t_ns);

}  // namespace takt_impedance
