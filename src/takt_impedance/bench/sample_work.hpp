// Work for a controller in benchmarks: waypoints to follow, and parameters with everything on.
#pragma once

#include "sample_arm.hpp"
#include "takt_impedance/controller.hpp"

namespace takt_impedance::sample {

// Waypoints for 25 s from where the tool is.
inline Waypoints long_way(const TickInput& input) {
  return arc({input.position, Eigen::Quaterniond(input.rotation)}, input.now_ns, 250);
}

inline void follow(Controller& controller, const TickInput& input) {
  controller.set_trajectory(long_way(input).view(), input.now_ns);
}

// Energy tank, limit of contact force, stiffness in the tool frame, workspace and keep-outs near
// the tool.
inline Parameters everything(const Vector3& tool) {
  Parameters p(kJoints);
  p.tank = true;
  p.stiffness_frame = Frame::kTool;
  p.max_contact_force_n = 20.0;
  p.joint_lower_rad.setConstant(-2.9);
  p.joint_upper_rad.setConstant(2.9);
  p.joint_velocity_limit_rad_s.setConstant(2.0);
  p.friction_coulomb_nm.setConstant(0.5);
  p.workspace_lower_m = tool.array() - 0.6;
  p.workspace_upper_m = tool.array() + 0.6;
  for (int i = 0; i < 3; ++i) {
    KeepOut body;
    body.shape = static_cast<KeepOut::Shape>(i);
    body.centre = tool - Vector3(0.2 * (i - 1), 0.3, 0.2);
    body.half_size = Vector3(0.05, 0.1, 0.05);
    body.radius = 0.1;
    p.keep_outs.push_back(body);
  }
  return p;
}

}  // namespace takt_impedance::sample
