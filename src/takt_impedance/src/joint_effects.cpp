#include "takt_impedance/joint_effects.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// Excess speed is taken away with this time constant.
constexpr double kOverspeedTime = 0.02;

}  // namespace

double barrier_torque(const Parameters& p, int joint, double q, double dq, double inertia) {
  const double lower = p.joint_lower_rad(joint);
  if (std::isnan(lower)) return 0.0;
  const double margin = p.barrier_margin_rad;
  const double from_lower = lower + margin - q;
  const double from_upper = q - (p.joint_upper_rad(joint) - margin);
  const double depth = std::max(from_lower, from_upper);
  if (depth <= 0.0) return 0.0;
  // Half of the torque is linear in depth and half cubic: soft at the edge, stiff at the limit.
  const double x = depth / margin;
  const double at_limit = p.barrier_gain * p.torque_limit_nm(joint);
  const double push = 0.5 * at_limit * x * (1.0 + x * x);
  const double stiffness = 0.5 * at_limit / margin * (1.0 + 3.0 * std::min(x * x, 1.0));
  const double damping = 2.0 * std::sqrt(stiffness * std::max(0.0, inertia)) * std::min(x, 1.0);
  return (from_lower > from_upper ? push : -push) - damping * dq;
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

void add_joint_effects(const Parameters& p, const TickInput& in, JointVector& torque) {
  for (int i = 0; i < p.n_joints; ++i) {
    const double inertia = in.mass(i, i);
    torque(i) += barrier_torque(p, i, in.q(i), in.dq(i), inertia) +
                 overspeed_torque(p.joint_velocity_limit_rad_s(i), in.dq(i), inertia) +
                 friction_torque(p, i, in.dq(i));
  }
}

}  // namespace takt_impedance
