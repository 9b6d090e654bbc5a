#include "parameter_checks.hpp"

namespace takt_impedance {
namespace {

// A stop within stop_s from full speed must not need more than the allowed acceleration.
void check_stop(const std::string& kind, double velocity, double acceleration, double stop_s) {
  if (velocity / stop_s > acceleration * (1.0 + 1e-6)) {
    refuse("max_" + kind + "_velocity", velocity,
           "at most max_" + kind + "_acceleration * stop_s = " +
               std::to_string(acceleration * stop_s) +
               " (else the target cannot stop within stop_s)");
  }
}

}  // namespace

void check_motion(const Parameters& p) {
  positive("max_linear_velocity_m_s", p.max_linear_velocity_m_s);
  positive("max_angular_velocity_rad_s", p.max_angular_velocity_rad_s);
  positive("max_linear_acceleration_m_s2", p.max_linear_acceleration_m_s2);
  positive("max_angular_acceleration_rad_s2", p.max_angular_acceleration_rad_s2);
  positive("stop_s", p.stop_s);
  check_stop("linear", p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2, p.stop_s);
  check_stop("angular", p.max_angular_velocity_rad_s, p.max_angular_acceleration_rad_s2, p.stop_s);
  if (!(p.release_s >= 0.0)) refuse("release_s", p.release_s, "at least 0 (infinite = never)");
  fraction("release_stiffness_scale", p.release_stiffness_scale);
  positive("max_jump_m", p.max_jump_m);
  positive("max_jump_rad", p.max_jump_rad);
  positive("max_start_delay_s", p.max_start_delay_s);
  if (p.max_waypoints < 1 || p.max_waypoints > 100000) {
    refuse("max_waypoints", p.max_waypoints, "1 to 100000");
  }
  for (int i = 0; i < 3; ++i) {
    if (!(p.workspace_lower_m(i) < p.workspace_upper_m(i))) {
      refuse("workspace_lower_m[" + std::to_string(i) + "]", p.workspace_lower_m(i),
             "less than workspace_upper_m = " + std::to_string(p.workspace_upper_m(i)));
    }
  }
  positive("dt_min_s", p.dt_min_s);
  positive("dt_max_s", p.dt_max_s);
  if (!(p.dt_min_s < p.dt_max_s)) refuse("dt_min_s", p.dt_min_s, "less than dt_max_s");
}

}  // namespace takt_impedance
