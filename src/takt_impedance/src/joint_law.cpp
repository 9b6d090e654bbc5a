#include "takt_impedance/joint_law.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "nearest_way.hpp"

namespace takt_impedance {
namespace {

// Part of the torque-rate limit that the target's acceleration may use.
constexpr double kInertialShare = 0.5;

template <int N>
using Vector = Eigen::Matrix<double, N, 1>;

}  // namespace

JointLaw::JointLaw(const Parameters& parameters)
    : parameters_(parameters), inertial_(JointVector::Zero(parameters.n_joints)) {}

bool JointLaw::compute(const TickInput& input, const JointCommand& command, const Gains& gains,
                       Tank& tank, JointVector& torque) {
  switch (parameters_.n_joints) {
    case 6: return compute_sized<6>(input, command, gains, tank, torque);
    case 7: return compute_sized<7>(input, command, gains, tank, torque);
    default: return compute_sized<8>(input, command, gains, tank, torque);
  }
}

template <int N>
bool JointLaw::compute_sized(const TickInput& in, const JointCommand& command, const Gains& gains,
                             Tank& tank, JointVector& torque) {
  const Parameters& p = parameters_;
  const auto fixed = [](const JointVector& v) { return Eigen::Map<const Vector<N>>(v.data()); };
  Vector<N> error = fixed(command.position) - fixed(in.q);
  for (int i = 0; i < N; ++i) error(i) = nearest_way(error(i), p.joint_lower_rad(i));
  const auto clip = fixed(p.joint_error_clip_rad);
  const Vector<N> clipped = error.cwiseMax(-clip).cwiseMin(clip);
  const Vector<N> spring = fixed(gains.joint_stiffness()).cwiseProduct(clipped);
  const double energy = spring.dot(error - 0.5 * clipped);
  const double motion = tank.scale();
  const double share = tank.admit(command.engagement * energy, command.dt_s);

  const Eigen::Map<const Eigen::Matrix<double, N, N>> mass(in.mass.data());
  Cholesky<N> factor;
  if (!factor.factor(mass)) return false;
  JointDamping<N>& damping = std::get<JointDamping<N>>(damping_);
  damping.compute(factor, fixed(gains.joint_stiffness()));
  const Vector<N> root = fixed(gains.joint_damping_ratio()).cwiseSqrt();
  const Vector<N> behind = motion * fixed(command.velocity) - fixed(in.dq);
  const Vector<N> wanted = mass * (motion * p.inertia_feed_forward * fixed(command.acceleration));
  const Vector<N> step = kInertialShare * command.dt_s * fixed(p.torque_rate_limit_nm_s);
  for (int i = 0; i < N; ++i) {
    inertial_(i) += std::clamp(wanted(i) - inertial_(i), -step(i), step(i));
    if (!std::isfinite(inertial_(i))) inertial_(i) = 0.0;
  }
  torque = command.engagement *
           (share * spring + root.cwiseProduct(damping.torque(root.cwiseProduct(behind))) +
            fixed(inertial_));
  return true;
}

}  // namespace takt_impedance
