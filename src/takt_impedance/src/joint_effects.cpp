#include "takt_impedance/joint_effects.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// Excess speed is taken away with this time constant.
constexpr double kOverspeedTime = 0.02;

// Bound for damping times period over inertia. With this on each of at most eight joints, the sum,
// which bounds the fastest mode, stays below 2, where sampled dampers become unstable.
constexpr double kStableDamping = 0.24;

// How far the joint is into its barrier, from below (first) or from above.
struct Depth {
  double lower, upper;
  double most() const { return std::max(lower, upper); }
};

Depth barrier_depth(const Parameters& p, int joint, double q) {
  const double lower = p.joint_lower_rad(joint);
  if (std::isnan(lower)) return {-kInfinity, -kInfinity};
  const double margin = p.barrier_margin_rad;
  return {lower + margin - q, q - (p.joint_upper_rad(joint) - margin)};
}

// Goes over to that of the guide mode with its share.
double velocity_limit(const Parameters& p, int joint, double guide_share) {
  const double limit = p.joint_velocity_limit_rad_s(joint);
  if (guide_share == 0.0) return limit;
  const double guide = std::min(limit, p.guide_max_joint_velocity_rad_s(joint));
  return 1.0 / ((1.0 - guide_share) / limit + guide_share / guide);
}

// Most ticks need no inertia.
bool needs_inertia(const Parameters& p, const TickInput& in) {
  for (int i = 0; i < p.n_joints; ++i) {
    if (barrier_depth(p, i, in.q(i)).most() > 0.0) return true;
    if (std::abs(in.dq(i)) > p.joint_velocity_limit_rad_s(i)) return true;
  }
  return false;
}

}  // namespace

JointVector effective_inertia(const JointMatrix& mass) {
  const Eigen::Index n = mass.rows();
  JointMatrix lower = mass;
  JointVector inverse = JointVector::Zero(n);  // diagonal of M^-1
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index k = 0; k < j; ++k) lower(j, j) -= lower(j, k) * lower(j, k);
    if (!(lower(j, j) > 0.0)) return 0.1 * mass.diagonal().cwiseMax(0.0);
    lower(j, j) = std::sqrt(lower(j, j));
    for (Eigen::Index i = j + 1; i < n; ++i) {
      for (Eigen::Index k = 0; k < j; ++k) lower(i, j) -= lower(i, k) * lower(j, k);
      lower(i, j) /= lower(j, j);
    }
  }
  for (Eigen::Index j = 0; j < n; ++j) {
    JointVector column = JointVector::Zero(n);  // of L^-1
    column(j) = 1.0 / lower(j, j);
    for (Eigen::Index i = j + 1; i < n; ++i) {
      for (Eigen::Index k = j; k < i; ++k) column(i) -= lower(i, k) * column(k);
      column(i) /= lower(i, i);
    }
    inverse(j) = column.squaredNorm();
  }
  return inverse.cwiseInverse();
}

double damper_torque(double damping, double dq, double inertia, double dt_s) {
  return -std::min(damping, kStableDamping * inertia / dt_s) * dq;
}

double barrier_torque(const Parameters& p, int joint, double q, double dq, double inertia,
                      double dt_s) {
  const Depth depth = barrier_depth(p, joint, q);
  if (depth.most() <= 0.0) return 0.0;
  // Half of the torque is linear in depth and half cubic: soft at the edge, stiff at the limit.
  const double x = depth.most() / p.barrier_margin_rad;
  const double at_limit = p.barrier_gain * p.torque_limit_nm(joint);
  const double push = 0.5 * at_limit * x * (1.0 + x * x);
  const double edge = std::min(x, 1.0);
  const double stiffness = 0.5 * at_limit / p.barrier_margin_rad * (1.0 + 3.0 * edge * edge);
  const double damping = 2.0 * edge * std::sqrt(stiffness * inertia);
  return (depth.lower > depth.upper ? push : -push) + damper_torque(damping, dq, inertia, dt_s);
}

double overspeed_torque(double limit_rad_s, double dq, double inertia) {
  const double excess = dq - std::clamp(dq, -limit_rad_s, limit_rad_s);
  return -inertia / kOverspeedTime * excess;
}

double friction_torque(const Parameters& p, int joint, double dq) {
  const double coulomb = p.friction_coulomb_nm(joint);
  const double viscous = p.friction_viscous_nms_rad(joint) * dq;
  if (coulomb == 0.0) return viscous;  // tanh is not free
  return coulomb * std::tanh(dq / p.friction_velocity_rad_s) + viscous;
}

void add_joint_effects(const Parameters& p, const TickInput& in, double guide_share, double dt_s,
                       JointVector& torque) {
  for (int i = 0; i < p.n_joints; ++i) torque(i) += friction_torque(p, i, in.dq(i));
  if (guide_share == 0.0 && !needs_inertia(p, in)) return;
  const JointVector inertia = effective_inertia(in.mass);
  for (int i = 0; i < p.n_joints; ++i) {
    const double dq = in.dq(i);
    torque(i) += barrier_torque(p, i, in.q(i), dq, inertia(i), dt_s) +
                 overspeed_torque(velocity_limit(p, i, guide_share), dq, inertia(i)) +
                 damper_torque(guide_share * p.guide_damping_nms_rad(i), dq, inertia(i), dt_s);
  }
}

}  // namespace takt_impedance
