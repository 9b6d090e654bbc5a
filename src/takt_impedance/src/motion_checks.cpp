#include "parameter_checks.hpp"

namespace takt_impedance {
namespace {

// The longest that a stop can take, which is from full speed while still accelerating: the
// acceleration has to fade, then the speed, with bounded acceleration and jerk.
double longest_stop(double velocity, double acceleration, double jerk) {
  const double fade = acceleration / jerk;
  const bool rounded = velocity < acceleration * fade;  // never gets to the full acceleration
  return fade + (rounded ? 2.0 * std::sqrt(velocity / jerk) : velocity / acceleration + fade);
}

void check_stop(const std::string& kind, double velocity, double acceleration, double jerk,
                double stop_s) {
  positive("max_" + kind + "_velocity", velocity);
  positive("max_" + kind + "_acceleration", acceleration);
  positive("max_" + kind + "_jerk", jerk);
  const double needed = longest_stop(velocity, acceleration, jerk);
  if (needed > stop_s * (1.0 + 1e-6)) {
    refuse("stop_s", stop_s,
           text("at least ", needed, " (max_", kind,
                "_velocity / _acceleration + 2 _acceleration / _jerk), or less velocity"));
  }
}

void check_keep_out(const std::string& name, const KeepOut& body) {
  if (!body.centre.allFinite()) refuse(name + " centre", kNan, "finite values");
  switch (body.shape) {
    case KeepOut::Shape::kBox:
      each(name + " half_size", body.half_size, positive);
      if (!(std::abs(body.rotation.norm() - 1.0) < 1e-6)) {
        refuse(name + " rotation", body.rotation.norm(), "a quaternion of norm 1");
      }
      return;
    case KeepOut::Shape::kSphere:
      return positive(name + " radius", body.radius);
    case KeepOut::Shape::kHalfSpace:
      if (!(std::abs(body.normal.norm() - 1.0) < 1e-6)) {
        refuse(name + " normal", body.normal.norm(), "a vector of length 1");
      }
  }
}

void check_places(const Parameters& p) {
  for (int i = 0; i < 3; ++i) {
    if (!(p.workspace_lower_m(i) < p.workspace_upper_m(i))) {
      refuse("workspace_lower_m[" + std::to_string(i) + "]", p.workspace_lower_m(i),
             "less than workspace_upper_m = " + std::to_string(p.workspace_upper_m(i)));
    }
  }
  not_negative("keep_out_margin_m", p.keep_out_margin_m);
  if (p.keep_outs.size() > static_cast<std::size_t>(kMaxKeepOuts)) {
    refuse("keep_outs", static_cast<double>(p.keep_outs.size()),
           text("at most ", kMaxKeepOuts, " bodies"));
  }
  for (std::size_t i = 0; i < p.keep_outs.size(); ++i) {
    check_keep_out(text("keep_outs[", i, "]"), p.keep_outs[i]);
  }
}

}  // namespace

void check_motion(const Parameters& p) {
  positive("stop_s", p.stop_s);
  check_stop("linear", p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2,
             p.max_linear_jerk_m_s3, p.stop_s);
  check_stop("angular", p.max_angular_velocity_rad_s, p.max_angular_acceleration_rad_s2,
             p.max_angular_jerk_rad_s3, p.stop_s);
  for (int i = 0; i < p.n_joints; ++i) {
    check_stop("joint[" + std::to_string(i) + "]", p.max_joint_velocity_rad_s(i),
               p.max_joint_acceleration_rad_s2(i), p.max_joint_jerk_rad_s3(i), p.stop_s);
  }
  each("max_joint_jump_rad", p.max_joint_jump_rad, positive);
  if (!(p.release_s >= 0.0)) refuse("release_s", p.release_s, "at least 0 (infinite = never)");
  fraction("release_stiffness_scale", p.release_stiffness_scale);
  positive("max_jump_m", p.max_jump_m);
  positive("max_jump_rad", p.max_jump_rad);
  positive("max_start_delay_s", p.max_start_delay_s);
  if (p.max_waypoints < 1 || p.max_waypoints > 100000) {
    refuse("max_waypoints", p.max_waypoints, "1 to 100000");
  }
  check_places(p);
  positive("dt_min_s", p.dt_min_s);
  positive("dt_max_s", p.dt_max_s);
  if (!(p.dt_min_s < p.dt_max_s)) refuse("dt_min_s", p.dt_min_s, "less than dt_max_s");
}

}  // namespace takt_impedance
