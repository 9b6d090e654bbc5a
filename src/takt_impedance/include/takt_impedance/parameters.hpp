// Every parameter of the controller with its default, checked once at construction.
#pragma once

#include <vector>

#include "takt_impedance/keep_out.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

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
  // Operational-space form: stiffness is per unit of task inertia [1/s^2].
  bool operational_space = false;
  // Share of the target's acceleration times the task inertia that is added to the force.
  double inertia_feed_forward = 1.0;

  // Joint impedance.
  JointVector joint_stiffness, joint_damping_ratio, joint_error_clip_rad;
  double joint_stiffness_rate = 400.0;

  // Feed-forward wrench.
  double max_feed_forward_n = 30.0;
  double max_feed_forward_nm = 5.0;
  Vector6 feed_forward_rate;
  double feed_forward_timeout_s = 0.5;

  // Energy tank.
  bool tank = false;
  double tank_capacity_j = 4.0;
  double tank_start_j = 2.0;
  double tank_floor_j = 0.2;
  double tank_margin_j = 0.3;
  double tank_refill_w = 0.0;

  // External wrench: observer, and the limit of contact force (infinite: none).
  double observer_cutoff_hz = 20.0;
  double observer_damping = 0.02;
  double contact_fade_n = 5.0;
  double max_contact_force_n = kInfinity;
  double contact_retreat_s = 0.1;
  double max_retreat_velocity_m_s = 0.1;

  // Speed of the tool itself, beyond which it is braked.
  double max_tool_velocity_m_s = 2.0;
  double max_tool_velocity_rad_s = 6.0;

  // Joint effects.
  double barrier_margin_rad = 0.1;
  double barrier_gain = 1.0;
  JointVector friction_coulomb_nm, friction_viscous_nms_rad;
  double friction_velocity_rad_s = 0.05;
  JointVector guide_damping_nms_rad, fault_damping_nms_rad;
  JointVector guide_max_joint_velocity_rad_s;
  double guide_max_linear_velocity_m_s = 0.5;
  double guide_max_angular_velocity_rad_s = 1.5;

  // Filters.
  Vector6 stiffness_rate;
  double damping_ratio_rate = 4.0;
  double engage_s = 0.3;
  double activation_blend_s = 0.3;

  // Follower.
  double max_linear_velocity_m_s = 1.0;
  double max_angular_velocity_rad_s = 2.5;
  double max_linear_acceleration_m_s2 = 12.0;
  double max_angular_acceleration_rad_s2 = 30.0;
  double max_linear_jerk_m_s3 = 5000.0;
  double max_angular_jerk_rad_s3 = 12500.0;
  JointVector max_joint_velocity_rad_s, max_joint_acceleration_rad_s2, max_joint_jerk_rad_s3;
  double stop_s = 0.1;
  double release_s = kInfinity;
  double release_stiffness_scale = 0.2;
  double max_jump_m = 0.1;
  double max_jump_rad = 0.5;
  JointVector max_joint_jump_rad;
  double max_start_delay_s = 5.0;
  int max_waypoints = 256;
  Vector3 workspace_lower_m, workspace_upper_m;
  std::vector<KeepOut> keep_outs;  // at most kMaxKeepOuts
  double keep_out_margin_m = 0.0;  // the target stays this far from each of them

  // Time.
  double dt_min_s = 2e-4;
  double dt_max_s = 5e-3;
};

// Throws std::invalid_argument unless the matrix is finite, symmetric, positive semidefinite.
void check_stiffness(const Matrix6& stiffness);
void check_damping_ratio(const Vector6& damping_ratio);

// Throw std::invalid_argument unless there is a finite value of at least 0 for each joint.
void check_joint_values(const char* name, const JointVector& values, int n_joints);

// Throws std::invalid_argument unless finite.
void check_wrench(const Vector6& wrench);

}  // namespace takt_impedance
