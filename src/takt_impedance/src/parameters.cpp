#include "parameter_checks.hpp"

namespace takt_impedance {

Parameters::Parameters(int joints) : n_joints(joints) {
  if (joints < kMinJoints || joints > kMaxJoints) refuse("n_joints", joints, "6 to 8");
  const auto fill = [joints](double value) { return JointVector::Constant(joints, value); };
  joint_lower_rad = fill(kNan);
  joint_upper_rad = fill(kNan);
  joint_velocity_limit_rad_s = fill(kInfinity);
  torque_limit_nm = fill(80.0);
  torque_rate_limit_nm_s = fill(1000.0);
  nullspace_stiffness = fill(10.0);
  nullspace_damping = fill(2.0);
  nullspace_clip_nm = fill(5.0);
  friction_coulomb_nm = fill(0.0);
  friction_viscous_nms_rad = fill(0.0);
  guide_damping_nms_rad = fill(0.5);
  fault_damping_nms_rad = fill(4.0);
  guide_max_joint_velocity_rad_s = fill(1.5);
  joint_stiffness = fill(100.0);
  joint_damping_ratio = fill(1.0);
  joint_error_clip_rad = fill(0.3);
  feed_forward_rate << 200.0, 200.0, 200.0, 40.0, 40.0, 40.0;
  Vector6 diagonal;
  diagonal << 500.0, 500.0, 500.0, 30.0, 30.0, 30.0;
  stiffness = diagonal.asDiagonal();
  damping_ratio.setOnes();
  damping << 40.0, 40.0, 40.0, 4.0, 4.0, 4.0;
  error_clip << 0.1, 0.1, 0.1, 0.5, 0.5, 0.5;
  stiffness_rate << 2000.0, 2000.0, 2000.0, 120.0, 120.0, 120.0;
  max_joint_velocity_rad_s = fill(1.5);
  max_joint_acceleration_rad_s2 = fill(20.0);
  max_joint_jerk_rad_s3 = fill(5000.0);
  max_joint_jump_rad = fill(0.5);
  workspace_lower_m.setConstant(-kInfinity);
  workspace_upper_m.setConstant(kInfinity);
}

void Parameters::validate() const {
  check_joints(*this);
  check_law(*this);
  check_energy_and_contact(*this);
  check_motion(*this);
}

}  // namespace takt_impedance
