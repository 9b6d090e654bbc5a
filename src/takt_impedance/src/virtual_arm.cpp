#include "takt_impedance/virtual_arm.hpp"

#include <algorithm>
#include <cmath>

#include "parameter_checks.hpp"
#include "solve_mass.hpp"

namespace takt_impedance {
namespace {

constexpr double kTurn = 6.28318530717958647693;

}  // namespace

void VirtualArmParameters::validate() const {
  each("virtual arm inertia_kgm2", inertia_kgm2, not_negative);
  each("virtual arm damping_nms_rad", damping_nms_rad, not_negative);
  positive("virtual arm wrench_cutoff_hz", wrench_cutoff_hz);
}

VirtualArm::VirtualArm(const Parameters& controller, const VirtualArmParameters& arm)
    : lower_rad_((controller.validate(), arm.validate(), controller.joint_lower_rad)),
      upper_rad_(controller.joint_upper_rad),
      velocity_limit_rad_s_(controller.joint_velocity_limit_rad_s),
      inertia_(arm.inertia_kgm2),
      damping_(arm.damping_nms_rad),
      cutoff_rad_s_(kTurn * arm.wrench_cutoff_hz),
      q_(JointVector::Zero(controller.n_joints)),
      dq_(JointVector::Zero(controller.n_joints)) {
  check_joint_values("virtual arm inertia_kgm2", inertia_, controller.n_joints);
  check_joint_values("virtual arm damping_nms_rad", damping_, controller.n_joints);
}

void VirtualArm::reset(const JointVector& q) noexcept {
  q_ = q;
  dq_.setZero();
  wrench_.setZero();
}

void VirtualArm::step(const TickInput& in, const JointVector& torque, const Vector6& wrench,
                      double dt_s) noexcept {
  const double gain = 1.0 - std::exp(-cutoff_rad_s_ * dt_s);
  const bool known = std::isfinite(wrench.sum());
  wrench_ += gain * ((known ? wrench : Vector6(Vector6::Zero())) - wrench_);

  JointMatrix mass = in.mass;
  mass.diagonal() += inertia_ + dt_s * damping_;
  JointVector velocity = in.mass.lazyProduct(dq_) + inertia_.cwiseProduct(dq_) +
                         dt_s * (torque - in.bias + in.jacobian.transpose().lazyProduct(wrench_));
  if (!solve_mass(mass, velocity) || !std::isfinite(velocity.sum())) {
    dq_.setZero();
    wrench_.setZero();
    return;
  }
  for (int i = 0; i < static_cast<int>(q_.size()); ++i) move(i, velocity(i), dt_s);
}

// Within the joint's limits of velocity and position.
void VirtualArm::move(int i, double velocity, double dt_s) {
  const double limit = velocity_limit_rad_s_(i);
  dq_(i) = std::clamp(velocity, -limit, limit);
  q_(i) += dt_s * dq_(i);
  if (std::isnan(lower_rad_(i))) return;
  const double inside = std::clamp(q_(i), lower_rad_(i), upper_rad_(i));
  if (inside != q_(i)) dq_(i) = 0.0;
  q_(i) = inside;
}

}  // namespace takt_impedance
