// Brakes the tool itself (not its target) when it moves faster than a limit, for whatever reason.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

struct SpeedLimits {
  double linear_m_s, angular_rad_s;
};

// The tool's limits, going over to those of the guide mode as `guide_share` goes from 0 to 1.
SpeedLimits speed_limits(const Parameters& parameters, double guide_share);

// Adds the torque that takes away what exceeds the limits, with a short time constant: a damper with
// the task inertia along the motion, which no period up to dt_max_s makes unstable. `twist` is
// that of the tool. True if there was something to brake.
bool brake_tool(const SpeedLimits& limits, const TickInput& input, const Vector6& twist,
                JointVector& torque);

}  // namespace takt_impedance
