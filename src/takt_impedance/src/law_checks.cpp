#include <Eigen/Eigenvalues>

#include "parameter_checks.hpp"

namespace takt_impedance {

void check_joints(const Parameters& p) {
  if (p.n_joints < kMinJoints || p.n_joints > kMaxJoints) {
    refuse("n_joints", p.n_joints, "6 to 8");
  }
  for (const JointVector* v :
       {&p.joint_lower_rad, &p.joint_upper_rad, &p.joint_velocity_limit_rad_s, &p.torque_limit_nm,
        &p.torque_rate_limit_nm_s, &p.nullspace_stiffness, &p.nullspace_damping,
        &p.nullspace_clip_nm, &p.friction_coulomb_nm, &p.friction_viscous_nms_rad,
        &p.guide_damping_nms_rad, &p.fault_damping_nms_rad, &p.guide_max_joint_velocity_rad_s,
        &p.joint_stiffness, &p.joint_damping_ratio, &p.joint_error_clip_rad,
        &p.max_joint_velocity_rad_s, &p.max_joint_acceleration_rad_s2, &p.max_joint_jerk_rad_s3,
        &p.max_joint_jump_rad}) {
    if (v->size() != p.n_joints) {
      refuse("size of a joint parameter", static_cast<double>(v->size()), "n_joints values");
    }
  }
  for (int i = 0; i < p.n_joints; ++i) {
    const double lower = p.joint_lower_rad(i);
    const double upper = p.joint_upper_rad(i);
    const std::string index = "[" + std::to_string(i) + "]";
    if (std::isnan(lower) != std::isnan(upper) || std::isinf(lower) || std::isinf(upper)) {
      refuse("joint_lower_rad, joint_upper_rad" + index, lower,
             "both finite (limited) or both NaN (continuous)");
    }
    if (!std::isnan(lower) && !(upper - lower > 2.0 * p.barrier_margin_rad)) {
      refuse("joint_upper_rad" + index, upper,
             "more than joint_lower_rad + 2 barrier_margin_rad = " +
                 std::to_string(lower + 2.0 * p.barrier_margin_rad));
    }
  }
  each("joint_velocity_limit_rad_s", p.joint_velocity_limit_rad_s, positive_or_infinite);
  each("torque_limit_nm", p.torque_limit_nm, positive);
  each("torque_rate_limit_nm_s", p.torque_rate_limit_nm_s, positive);
}

void check_law(const Parameters& p) {
  check_stiffness(p.stiffness);
  check_damping_ratio(p.damping_ratio);
  each("damping", p.damping, not_negative);
  each("error_clip", p.error_clip, positive);
  positive("max_force_n", p.max_force_n);
  positive("max_moment_nm", p.max_moment_nm);
  each("nullspace_stiffness", p.nullspace_stiffness, not_negative);
  each("nullspace_damping", p.nullspace_damping, not_negative);
  each("nullspace_clip_nm", p.nullspace_clip_nm, not_negative);
  positive("barrier_margin_rad", p.barrier_margin_rad);
  not_negative("barrier_gain", p.barrier_gain);
  each("friction_coulomb_nm", p.friction_coulomb_nm, not_negative);
  each("friction_viscous_nms_rad", p.friction_viscous_nms_rad, not_negative);
  positive("friction_velocity_rad_s", p.friction_velocity_rad_s);
  each("guide_damping_nms_rad", p.guide_damping_nms_rad, not_negative);
  each("fault_damping_nms_rad", p.fault_damping_nms_rad, not_negative);
  each("guide_max_joint_velocity_rad_s", p.guide_max_joint_velocity_rad_s, positive_or_infinite);
  positive_or_infinite("guide_max_linear_velocity_m_s", p.guide_max_linear_velocity_m_s);
  positive_or_infinite("guide_max_angular_velocity_rad_s", p.guide_max_angular_velocity_rad_s);
  positive_or_infinite("max_tool_velocity_m_s", p.max_tool_velocity_m_s);
  positive_or_infinite("max_tool_velocity_rad_s", p.max_tool_velocity_rad_s);
  fraction("inertia_feed_forward", p.inertia_feed_forward);
  each("joint_stiffness", p.joint_stiffness, not_negative);
  each("joint_damping_ratio", p.joint_damping_ratio, not_negative);
  each("joint_error_clip_rad", p.joint_error_clip_rad, positive);
  positive("joint_stiffness_rate", p.joint_stiffness_rate);
  each("stiffness_rate", p.stiffness_rate, positive);
  positive("damping_ratio_rate", p.damping_ratio_rate);
  positive("engage_s", p.engage_s);
  positive("activation_blend_s", p.activation_blend_s);
}

void check_energy_and_contact(const Parameters& p) {
  not_negative("max_feed_forward_n", p.max_feed_forward_n);
  not_negative("max_feed_forward_nm", p.max_feed_forward_nm);
  each("feed_forward_rate", p.feed_forward_rate, positive);
  positive("feed_forward_timeout_s", p.feed_forward_timeout_s);
  positive("tank_capacity_j", p.tank_capacity_j);
  not_negative("tank_floor_j", p.tank_floor_j);
  positive("tank_margin_j", p.tank_margin_j);
  not_negative("tank_refill_w", p.tank_refill_w);
  if (!(p.tank_floor_j + p.tank_margin_j <= p.tank_capacity_j)) {
    refuse("tank_capacity_j", p.tank_capacity_j,
           text("at least tank_floor_j + tank_margin_j = ", p.tank_floor_j + p.tank_margin_j));
  }
  if (!(p.tank_start_j >= p.tank_floor_j && p.tank_start_j <= p.tank_capacity_j)) {
    refuse("tank_start_j", p.tank_start_j, "tank_floor_j to tank_capacity_j");
  }
  positive("observer_cutoff_hz", p.observer_cutoff_hz);
  positive("observer_damping", p.observer_damping);
  positive_or_infinite("contact_fade_n", p.contact_fade_n);
  positive_or_infinite("max_contact_force_n", p.max_contact_force_n);
  positive("contact_retreat_s", p.contact_retreat_s);
  positive("max_retreat_velocity_m_s", p.max_retreat_velocity_m_s);
}

void check_stiffness(const Matrix6& stiffness) {
  if (!stiffness.allFinite()) refuse("stiffness", kNan, "finite values");
  const double scale = stiffness.cwiseAbs().maxCoeff();
  const double skew = (stiffness - stiffness.transpose()).cwiseAbs().maxCoeff();
  if (skew > 1e-9 * scale) refuse("stiffness (asymmetry)", skew, "a symmetric matrix");
  const Eigen::SelfAdjointEigenSolver<Matrix6> eigen(stiffness, Eigen::EigenvaluesOnly);
  const double smallest = eigen.eigenvalues().minCoeff();
  if (smallest < -1e-9 * scale) {
    refuse("stiffness (smallest eigenvalue)", smallest, "a positive semidefinite matrix");
  }
}

void check_damping_ratio(const Vector6& damping_ratio) {
  each("damping_ratio", damping_ratio, not_negative);
}

void check_joint_values(const char* name, const JointVector& values, int n_joints) {
  if (values.size() != n_joints) {
    refuse(text("size of ", name), static_cast<double>(values.size()), "n_joints values");
  }
  each(name, values, not_negative);
}

void check_wrench(const Vector6& wrench) {
  if (!wrench.allFinite()) refuse("wrench", kNan, "finite values");
}

}  // namespace takt_impedance
