#include "takt_impedance/parameters.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

namespace takt_impedance {
namespace {

[[noreturn]] void refuse(const std::string& name, double found, const std::string& allowed) {
  std::ostringstream text;
  text << "impedance parameter '" << name << "': found " << found << ", allowed " << allowed;
  throw std::invalid_argument(text.str());
}

void positive(const std::string& name, double value) {
  if (!(std::isfinite(value) && value > 0.0)) refuse(name, value, "a finite value above 0");
}

void not_negative(const std::string& name, double value) {
  if (!(std::isfinite(value) && value >= 0.0)) refuse(name, value, "a finite value of at least 0");
}

template <typename Vector, typename Check>
void each(const std::string& name, const Vector& values, Check check) {
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    check(name + "[" + std::to_string(i) + "]", values(i));
  }
}

void check_joints(const Parameters& p) {
  if (p.n_joints < kMinJoints || p.n_joints > kMaxJoints) {
    refuse("n_joints", p.n_joints, "6 to 8");
  }
  for (const JointVector* v :
       {&p.joint_lower_rad, &p.joint_upper_rad, &p.joint_velocity_limit_rad_s, &p.torque_limit_nm,
        &p.torque_rate_limit_nm_s, &p.nullspace_stiffness, &p.nullspace_damping,
        &p.nullspace_clip_nm, &p.friction_coulomb_nm, &p.friction_viscous_nms_rad,
        &p.guide_damping_nms_rad, &p.fault_damping_nms_rad}) {
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
    if (!(p.joint_velocity_limit_rad_s(i) > 0.0)) {
      refuse("joint_velocity_limit_rad_s" + index, p.joint_velocity_limit_rad_s(i),
             "above 0 (infinite = none)");
    }
  }
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
  each("stiffness_rate", p.stiffness_rate, positive);
  positive("damping_ratio_rate", p.damping_ratio_rate);
  positive("engage_s", p.engage_s);
  positive("activation_blend_s", p.activation_blend_s);
}

// A stop within stop_s from full speed must not need more than the allowed acceleration.
void check_stop(const std::string& kind, double velocity, double acceleration, double stop_s) {
  if (velocity / stop_s > acceleration * (1.0 + 1e-6)) {
    refuse("max_" + kind + "_velocity", velocity,
           "at most max_" + kind + "_acceleration * stop_s = " +
               std::to_string(acceleration * stop_s) +
               " (else the target cannot stop within stop_s)");
  }
}

void check_follower(const Parameters& p) {
  positive("max_linear_velocity_m_s", p.max_linear_velocity_m_s);
  positive("max_angular_velocity_rad_s", p.max_angular_velocity_rad_s);
  positive("max_linear_acceleration_m_s2", p.max_linear_acceleration_m_s2);
  positive("max_angular_acceleration_rad_s2", p.max_angular_acceleration_rad_s2);
  positive("stop_s", p.stop_s);
  check_stop("linear", p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2, p.stop_s);
  check_stop("angular", p.max_angular_velocity_rad_s, p.max_angular_acceleration_rad_s2, p.stop_s);
  if (!(p.release_s >= 0.0)) refuse("release_s", p.release_s, "at least 0 (infinite = never)");
  not_negative("release_stiffness_scale", p.release_stiffness_scale);
  if (p.release_stiffness_scale > 1.0) {
    refuse("release_stiffness_scale", p.release_stiffness_scale, "0 to 1");
  }
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

}  // namespace

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
  Vector6 diagonal;
  diagonal << 500.0, 500.0, 500.0, 30.0, 30.0, 30.0;
  stiffness = diagonal.asDiagonal();
  damping_ratio.setOnes();
  damping << 40.0, 40.0, 40.0, 4.0, 4.0, 4.0;
  error_clip << 0.1, 0.1, 0.1, 0.5, 0.5, 0.5;
  stiffness_rate << 2000.0, 2000.0, 2000.0, 120.0, 120.0, 120.0;
  workspace_lower_m.setConstant(-kInfinity);
  workspace_upper_m.setConstant(kInfinity);
}

void Parameters::validate() const {
  check_joints(*this);
  check_law(*this);
  check_follower(*this);
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

}  // namespace takt_impedance
