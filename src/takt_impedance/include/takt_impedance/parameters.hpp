// Every parameter of the controller with its default, checked once at construction.
#pragma once

#include "takt_impedance/types.hpp"

namespace takt_impedance {

enum class Frame { kBase, kTool };
enum class Damping { kTaskInertia, kUnitMass, kGiven };
enum class Projector { kDynamic, kKinematic, kNone };

struct Parameters {
  explicit Parameters(int n_joints = 7);

  // Throws std::invalid_argument that names the parameter, what was found and what is allowed.
  void validate() const;

  int n_joints;

  // Joints. NaN limits mean a continuous joint.
  JointVector joint_lower_rad, joint_upper_rad, joint_velocity_limit_rad_s;
  JointVector torque_limit_nm, torque_rate_limit_nm_s;

  // Law. Stiffness, damping ratio, damping and error clip are along the axes of `stiffness_frame`;
  // kTool means the axes of the target tool frame, which are constant while the target is.
  Matrix6 stiffness;
  Frame stiffness_frame = Frame::kBase;
  Damping damping_kind = Damping::kTaskInertia;
  Vector6 damping_ratio, damping, error_clip;
  double max_force_n = 100.0;
  double max_moment_nm = 30.0;
  Projector projector = Projector::kDynamic;
  JointVector nullspace_stiffness, nullspace_damping, nullspace_clip_nm;

  // Joint effects.
  double barrier_margin_rad = 0.1;
  double barrier_gain = 1.0;
  JointVector friction_coulomb_nm, friction_viscous_nms_rad;
  double friction_velocity_rad_s = 0.05;
  JointVector guide_damping_nms_rad, fault_damping_nms_rad;

  // Filters.
  Vector6 stiffness_rate;
  double damping_ratio_rate = 4.0;
  double engage_s = 0.3;
  double activation_blend_s = 0.3;

  // Follower.
  double max_linear_velocity_m_s = 1.0;
  double max_angular_velocity_rad_s = 2.5;
  double max_linear_acceleration_m_s2 = 10.0;
  double max_angular_acceleration_rad_s2 = 25.0;
  double stop_s = 0.1;
  double release_s = kInfinity;
  double release_stiffness_scale = 0.2;
  double max_jump_m = 0.1;
  double max_jump_rad = 0.5;
  double max_start_delay_s = 5.0;
  int max_waypoints = 256;
  Vector3 workspace_lower_m, workspace_upper_m;

  // Time.
  double dt_min_s = 2e-4;
  double dt_max_s = 5e-3;
};

// Throws std::invalid_argument unless the matrix is finite, symmetric, positive semidefinite.
void check_stiffness(const Matrix6& stiffness);
void check_damping_ratio(const Vector6& damping_ratio);

}  // namespace takt_impedance
