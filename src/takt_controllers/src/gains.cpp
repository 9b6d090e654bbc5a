#include "takt_controllers/gains.hpp"

namespace takt_controllers {

using impedance::JointVector;
using impedance::Vector6;
using takt_msgs::msg::Impedance;

GainsCommander::GainsCommander(std::shared_ptr<Context> context)
    : context_(std::move(context)),
      stiffness_(context_->law.parameters().stiffness.diagonal()),
      damping_ratio_(context_->law.parameters().damping_ratio),
      frame_(context_->law.parameters().stiffness_frame),
      nullspace_stiffness_(context_->law.parameters().nullspace_stiffness),
      joint_stiffness_(context_->law.parameters().joint_stiffness),
      joint_damping_ratio_(context_->law.parameters().joint_damping_ratio) {}

void GainsCommander::restart() {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& law = context_->law;
  law.post_stiffness(stiffness_.asDiagonal(), frame_, damping_ratio_);
  law.post_nullspace_stiffness(nullspace_stiffness_);
  law.post_joint_impedance(joint_stiffness_, joint_damping_ratio_);
}

void GainsCommander::apply(const Settings& settings) {
  const impedance::Parameters& initial = context_->law.parameters();
  try {
    set_stiffness(vector6(settings.stiffness), stiffness_frame(settings.stiffness_frame),
                  vector6(settings.damping_ratio));
    set_nullspace_stiffness(per_joint("nullspace_stiffness", settings.nullspace_stiffness,
                                      initial.nullspace_stiffness));
    set_joint_impedance(
        per_joint("joint_stiffness", settings.joint_stiffness, initial.joint_stiffness),
        per_joint("joint_damping_ratio", settings.joint_damping_ratio,
                  initial.joint_damping_ratio));
  } catch (const std::invalid_argument& error) {
    context_->diagnostics.warn("gains", std::string("parameter refused: ") + error.what());
  }
}

void GainsCommander::on_impedance(const Impedance& message) {
  if (message.guide) {
    context_->modes.set_guide(true);
    return;
  }
  if (message.frame != Impedance::FRAME_BASE && message.frame != Impedance::FRAME_TCP) {
    context_->diagnostics.warn("gains", "arm/impedance refused: frame is " +
                                            std::to_string(message.frame) +
                                            ", allowed are FRAME_BASE (0) and FRAME_TCP (1)");
    return;
  }
  const auto frame = message.frame == Impedance::FRAME_TCP ? impedance::Frame::kTool
                                                           : impedance::Frame::kBase;
  JointVector stiffness, ratio;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
      stiffness = per_joint("joint_stiffness", message.joint_stiffness, joint_stiffness_);
      ratio =
          per_joint("joint_damping_ratio", message.joint_damping_ratio, joint_damping_ratio_);
    } catch (const std::invalid_argument& error) {
      context_->diagnostics.warn("gains", std::string("arm/impedance refused: ") + error.what());
      return;
    }
  }
  const bool taken =
      set_stiffness(Vector6(message.stiffness.data()), frame,
                    Vector6(message.damping_ratio.data())) &&
      set_nullspace_stiffness(
          JointVector::Constant(context_->n_joints(), message.nullspace_stiffness)) &&
      set_joint_impedance(stiffness, ratio);
  if (taken) context_->modes.set_guide(false);
}

bool GainsCommander::set_stiffness(const Vector6& diagonal, impedance::Frame frame,
                                   const Vector6& damping_ratio) {
  const auto posted = context_->law.post_stiffness(diagonal.asDiagonal(), frame, damping_ratio);
  if (posted.posted) {
    const std::lock_guard<std::mutex> lock(mutex_);
    stiffness_ = diagonal;
    frame_ = frame;
    if (!damping_ratio.hasNaN()) damping_ratio_ = damping_ratio;
  }
  return told(posted, "stiffness");
}

bool GainsCommander::set_nullspace_stiffness(const JointVector& stiffness) {
  const auto posted = context_->law.post_nullspace_stiffness(stiffness);
  if (posted.posted) {
    const std::lock_guard<std::mutex> lock(mutex_);
    nullspace_stiffness_ = stiffness;
  }
  return told(posted, "nullspace stiffness");
}

bool GainsCommander::set_joint_impedance(const JointVector& stiffness,
                                         const JointVector& damping_ratio) {
  const auto posted = context_->law.post_joint_impedance(stiffness, damping_ratio);
  if (posted.posted) {
    const std::lock_guard<std::mutex> lock(mutex_);
    joint_stiffness_ = stiffness;
    joint_damping_ratio_ = damping_ratio;
  }
  return told(posted, "joint impedance");
}

bool GainsCommander::told(const impedance::Posted& posted, const std::string& what) {
  if (posted.posted) {
    context_->diagnostics.ok("gains");
  } else {
    context_->diagnostics.warn("gains", what + " refused: " + posted.reason);
  }
  return posted.posted;
}

}  // namespace takt_controllers
