// The way to go for a joint.
#pragma once

#include <cmath>

namespace takt_impedance {

// A distance [rad] between two positions of a joint; for a continuous one (its lower limit is NaN)
// the nearer way round.
inline double nearest_way(double distance, double lower_limit_rad) {
  constexpr double kTurn = 6.28318530717958647693;
  if (std::abs(distance) <= 0.5 * kTurn || !std::isnan(lower_limit_rad)) return distance;
  return distance - kTurn * std::nearbyint(distance / kTurn);
}

}  // namespace takt_impedance
