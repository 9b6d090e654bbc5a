// Waypoints from outside: where they enter they are checked, inside they are trusted.
#pragma once

#include <string>

#include "takt_impedance/curve.hpp"

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

// Reads a pose of seven numbers; returns what is wrong with it, or nothing.
std::string read_pose(const double* pose7, Pose& pose);

// Reads all waypoints into `curve`; returns what is wrong with them, or nothing.
std::string read_waypoints(const WaypointView& waypoints, Curve& curve);

// State at `t_ns` of the curve through the waypoints, without limits, for planners and plots.
// Allocates. Throws std::invalid_argument if something is wrong with the waypoints.
MovingPose interpolate(const WaypointView& waypoints, TimeNs t_ns);

}  // namespace takt_impedance
