#include "takt_controllers/position_form.hpp"

#include <algorithm>

namespace takt_controllers {

using impedance::JointVector;
using impedance::TickInput;

namespace {

impedance::VirtualArmParameters arm_parameters(const Settings& settings, int n_joints) {
  impedance::VirtualArmParameters parameters(n_joints);
  const auto& given = settings.virtual_arm;
  parameters.inertia_kgm2 =
      per_joint("virtual_arm.inertia_kgm2", given.inertia_kgm2, parameters.inertia_kgm2);
  parameters.damping_nms_rad =
      per_joint("virtual_arm.damping_nms_rad", given.damping_nms_rad, parameters.damping_nms_rad);
  parameters.wrench_cutoff_hz = given.wrench_cutoff_hz;
  return parameters;
}

}  // namespace

PositionForm::PositionForm(const Settings& settings, ArmModel& model, Context& context)
    : model_(model),
      context_(context),
      max_tracking_error_rad_(settings.max_tracking_error_rad),
      feels_(settings.measured_torque.available || !settings.force_torque_sensor.name.empty()),
      arm_(context.law.parameters(), arm_parameters(settings, model.n_joints())),
      observer_(context.law.parameters()),
      virtual_(model.n_joints()) {}

void PositionForm::activate(const TickInput& measured) {
  virtual_ = measured;
  virtual_.dq.setZero();
  virtual_.tau_measured.setConstant(impedance::kNan);
  context_.law.activate(virtual_);
  arm_.reset(measured.q);
  observer_.reset();
}

const JointVector& PositionForm::update(const TickInput& measured) noexcept {
  observe(measured);
  virtual_.now_ns = measured.now_ns;
  virtual_.dt_s = measured.dt_s;
  virtual_.q = arm_.q();
  virtual_.dq = arm_.dq();
  model_.fill_terms(virtual_);
  // Negated, so that a measured NaN is a fault, too.
  if (!(tracking_error(measured) <= max_tracking_error_rad_)) {
    context_.law.raise(impedance::Fault::kTrackingError);
  }
  // Blind, the arm would be as stiff as the robot is.
  if (feels_ && !virtual_.wrench_measured.allFinite()) {
    context_.law.raise(impedance::Fault::kNonfiniteWrench);
  }
  const impedance::TickOutput& output = context_.law.tick(virtual_);
  if (output.fault == impedance::Fault::kNone) {
    // A late cycle does not make up for what it missed: the robot would have to leap.
    const double dt_s = std::clamp(measured.dt_s, 0.0, context_.law.parameters().dt_max_s);
    arm_.step(virtual_, output.torque, virtual_.wrench_measured, dt_s);
  } else {
    hold(measured);
  }
  tell(measured);
  return arm_.q();
}

// By the sensor, else from the torques of the real arm.
void PositionForm::observe(const TickInput& measured) noexcept {
  observer_.step(measured, measured.dt_s, false);
  const bool sensor = measured.wrench_measured.allFinite();
  virtual_.wrench_measured = sensor ? measured.wrench_measured : observer_.wrench();
}

// After a fault the robot is told to stay; one that was not where it was told is told to stay where
// it is, so that nothing jumps when it follows again.
void PositionForm::hold(const TickInput& measured) noexcept {
  const bool astray = tracking_error(measured) > 0.5 * max_tracking_error_rad_;
  arm_.reset(astray ? measured.q : JointVector(arm_.q()));
}

// NaN if a measured position is.
double PositionForm::tracking_error(const TickInput& measured) const noexcept {
  return (measured.q - arm_.q()).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
}

void PositionForm::tell(const TickInput& measured) noexcept {
  Measured& draft = context_.measured.draft();
  draft.q = measured.q;
  draft.dq = measured.dq;
  draft.torque = measured.tau_measured;
  draft.tool.pose.position = measured.position;
  draft.tool.pose.rotation = Eigen::Quaterniond(measured.rotation);
  draft.tool.twist.noalias() = measured.jacobian.lazyProduct(measured.dq);
  draft.wrench = measured.wrench_measured;
  draft.wrench_estimate = observer_.wrench();
  context_.measured.post();
}

}  // namespace takt_controllers
