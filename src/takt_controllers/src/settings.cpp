#include "takt_controllers/settings.hpp"

#include <stdexcept>

namespace takt_controllers {

using impedance::JointVector;
using impedance::Parameters;

namespace {

impedance::Vector3 vector3(const std::vector<double>& values) {
  return {values[0], values[1], values[2]};
}

template <typename Value>
Value chosen(const std::string& name, const std::vector<std::pair<std::string, Value>>& choices) {
  for (const auto& [known, value] : choices) {
    if (known == name) return value;
  }
  throw std::invalid_argument("'" + name + "' is not known");
}

impedance::KeepOut keep_out(const Settings& settings, const std::string& name) {
  using Shape = impedance::KeepOut::Shape;
  const auto& given = settings.keep_outs.keep_out_names_map.at(name);
  impedance::KeepOut body;
  body.shape = chosen<Shape>(given.shape, {{"box", Shape::kBox},
                                           {"sphere", Shape::kSphere},
                                           {"half_space", Shape::kHalfSpace}});
  body.centre = vector3(given.centre_m);
  body.half_size = vector3(given.half_size_m);
  body.radius = given.radius_m;
  body.normal = vector3(given.normal);
  const auto& q = given.quaternion_xyzw;
  body.rotation = Eigen::Quaterniond(q[3], q[0], q[1], q[2]);
  return body;
}

void set_joints(Parameters& p, const Settings& s, const ArmLimits& limits) {
  p.joint_lower_rad = per_joint("joint_lower_rad", s.joint_lower_rad, limits.lower_rad);
  p.joint_upper_rad = per_joint("joint_upper_rad", s.joint_upper_rad, limits.upper_rad);
  p.joint_velocity_limit_rad_s =
      per_joint("joint_velocity_limit_rad_s", s.joint_velocity_limit_rad_s, limits.velocity_rad_s);
  p.torque_limit_nm = per_joint("torque_limit_nm", s.torque_limit_nm, limits.effort_nm);
#define TAKT_PER_JOINT(name) p.name = per_joint(#name, s.name, p.name)
  TAKT_PER_JOINT(torque_rate_limit_nm_s);
  TAKT_PER_JOINT(nullspace_stiffness);
  TAKT_PER_JOINT(nullspace_damping);
  TAKT_PER_JOINT(nullspace_clip_nm);
  TAKT_PER_JOINT(joint_stiffness);
  TAKT_PER_JOINT(joint_damping_ratio);
  TAKT_PER_JOINT(joint_error_clip_rad);
  TAKT_PER_JOINT(friction_coulomb_nm);
  TAKT_PER_JOINT(friction_viscous_nms_rad);
  TAKT_PER_JOINT(guide_damping_nms_rad);
  TAKT_PER_JOINT(fault_damping_nms_rad);
  TAKT_PER_JOINT(guide_max_joint_velocity_rad_s);
  TAKT_PER_JOINT(max_joint_velocity_rad_s);
  TAKT_PER_JOINT(max_joint_acceleration_rad_s2);
  TAKT_PER_JOINT(max_joint_jerk_rad_s3);
  TAKT_PER_JOINT(max_joint_jump_rad);
#undef TAKT_PER_JOINT
}

void set_law(Parameters& p, const Settings& s) {
  using impedance::Damping;
  using impedance::Projector;
  p.stiffness = diagonal(s.stiffness);
  p.stiffness_frame = stiffness_frame(s.stiffness_frame);
  p.damping_kind = chosen<Damping>(s.damping_kind, {{"task_inertia", Damping::kTaskInertia},
                                                    {"unit_mass", Damping::kUnitMass},
                                                    {"given", Damping::kGiven}});
  p.damping_ratio = vector6(s.damping_ratio);
  p.damping = vector6(s.damping);
  p.error_clip = vector6(s.error_clip);
  p.projector = chosen<Projector>(s.projector, {{"dynamic", Projector::kDynamic},
                                                {"kinematic", Projector::kKinematic},
                                                {"none", Projector::kNone}});
  p.feed_forward_rate = vector6(s.feed_forward_rate);
  p.stiffness_rate = vector6(s.stiffness_rate);
  p.workspace_lower_m = vector3(s.workspace_lower_m);
  p.workspace_upper_m = vector3(s.workspace_upper_m);
  p.max_waypoints = static_cast<int>(s.max_waypoints);
  for (const std::string& name : s.keep_out_names) p.keep_outs.push_back(keep_out(s, name));
}

void set_numbers(Parameters& p, const Settings& s) {
#define TAKT_SAME(name) p.name = s.name
  TAKT_SAME(max_force_n);
  TAKT_SAME(max_moment_nm);
  TAKT_SAME(operational_space);
  TAKT_SAME(inertia_feed_forward);
  TAKT_SAME(joint_stiffness_rate);
  TAKT_SAME(max_feed_forward_n);
  TAKT_SAME(max_feed_forward_nm);
  TAKT_SAME(feed_forward_timeout_s);
  TAKT_SAME(tank);
  TAKT_SAME(tank_capacity_j);
  TAKT_SAME(tank_start_j);
  TAKT_SAME(tank_floor_j);
  TAKT_SAME(tank_margin_j);
  TAKT_SAME(tank_refill_w);
  TAKT_SAME(observer_cutoff_hz);
  TAKT_SAME(observer_damping);
  TAKT_SAME(max_contact_force_n);
  TAKT_SAME(contact_fade_n);
  TAKT_SAME(contact_retreat_s);
  TAKT_SAME(max_retreat_velocity_m_s);
  TAKT_SAME(max_tool_velocity_m_s);
  TAKT_SAME(max_tool_velocity_rad_s);
  TAKT_SAME(barrier_margin_rad);
  TAKT_SAME(barrier_gain);
  TAKT_SAME(friction_velocity_rad_s);
  TAKT_SAME(guide_max_linear_velocity_m_s);
  TAKT_SAME(guide_max_angular_velocity_rad_s);
  TAKT_SAME(damping_ratio_rate);
  TAKT_SAME(engage_s);
  TAKT_SAME(activation_blend_s);
  TAKT_SAME(max_linear_velocity_m_s);
  TAKT_SAME(max_angular_velocity_rad_s);
  TAKT_SAME(max_linear_acceleration_m_s2);
  TAKT_SAME(max_angular_acceleration_rad_s2);
  TAKT_SAME(max_linear_jerk_m_s3);
  TAKT_SAME(max_angular_jerk_rad_s3);
  TAKT_SAME(stop_s);
  TAKT_SAME(release_s);
  TAKT_SAME(release_stiffness_scale);
  TAKT_SAME(max_jump_m);
  TAKT_SAME(max_jump_rad);
  TAKT_SAME(max_start_delay_s);
  TAKT_SAME(keep_out_margin_m);
  TAKT_SAME(dt_min_s);
  TAKT_SAME(dt_max_s);
#undef TAKT_SAME
}

}  // namespace

ArmDescription arm_description(const Settings& settings, const std::string& urdf) {
  return {urdf, settings.joints, settings.base_frame, settings.tool_frame,
          vector3(settings.gravity_m_s2)};
}

impedance::Parameters law_parameters(const Settings& settings, const ArmLimits& limits) {
  Parameters parameters(static_cast<int>(settings.joints.size()));
  set_joints(parameters, settings, limits);
  set_law(parameters, settings);
  set_numbers(parameters, settings);
  parameters.validate();
  return parameters;
}

impedance::Vector6 vector6(const std::vector<double>& values) {
  return Eigen::Map<const impedance::Vector6>(values.data());
}

impedance::Matrix6 diagonal(const std::vector<double>& values) {
  return vector6(values).asDiagonal();
}

impedance::Frame stiffness_frame(const std::string& name) {
  return name == "tool" ? impedance::Frame::kTool : impedance::Frame::kBase;
}

JointVector per_joint(const char* name, const std::vector<double>& values,
                      const JointVector& otherwise) {
  if (values.empty()) return otherwise;
  if (static_cast<Eigen::Index>(values.size()) != otherwise.size()) {
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(values.size()) +
                                " numbers, allowed is one for each of the " +
                                std::to_string(otherwise.size()) + " joints");
  }
  return Eigen::Map<const Eigen::VectorXd>(values.data(), otherwise.size());
}

}  // namespace takt_controllers
