#include "takt_controllers/crisp.hpp"

#include <algorithm>
#include <cmath>

#include "takt_controllers/messages.hpp"

namespace takt_controllers {

using geometry_msgs::msg::PoseStamped;
using geometry_msgs::msg::WrenchStamped;
using impedance::Vector6;
using sensor_msgs::msg::JointState;
using std_msgs::msg::Float64MultiArray;

namespace {

const char* const kAxes[] = {"pos_x", "pos_y", "pos_z", "rot_x", "rot_y", "rot_z"};
const char* const kClips[] = {"x", "y", "z", "rx", "ry", "rz"};

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

Crisp::Crisp(std::shared_ptr<Context> context, std::shared_ptr<Commander> commander,
             std::shared_ptr<GainsCommander> gains)
    : context_(std::move(context)), commander_(std::move(commander)), gains_(std::move(gains)) {
  on_parameters(declare());
  callback_ = context_->node->add_post_set_parameters_callback(
      [this](const std::vector<rclcpp::Parameter>& changes) { on_parameters(changes); });
}

// Returns those that somebody has given another value than the controller's own.
std::vector<rclcpp::Parameter> Crisp::declare() {
  auto& node = *context_->node;
  std::vector<rclcpp::Parameter> given;
  const auto declare_one = [&node, &given](const std::string& name, const auto& value) {
    if (!node.has_parameter(name)) node.declare_parameter(name, value);
    const rclcpp::Parameter found = node.get_parameter(name);
    if (found != rclcpp::Parameter(name, value)) given.push_back(found);
  };
  const Settings& settings = context_->settings;
  for (int i = 0; i < 6; ++i) {
    declare_one(std::string("task.k_") + kAxes[i], settings.stiffness[i]);
    declare_one(std::string("task.d_") + kAxes[i], -1.0);
    declare_one(std::string("task.error_clip.") + kClips[i], settings.error_clip[i]);
  }
  const auto& nullspace = context_->law.parameters().nullspace_stiffness;
  declare_one("nullspace.stiffness", nullspace.maxCoeff());
  for (const std::string& joint : settings.joints) {
    declare_one("nullspace.weights." + joint + ".value", 1.0);
  }
  declare_one("use_local_jacobian", settings.stiffness_frame == "tool");
  declare_one("stop_commands", false);
  // The client's files set these; takt's own parameters decide what they stand for.
  declare_one("nullspace.projector_type", settings.projector);
  declare_one("nullspace.damping", -1.0);
  declare_one("nullspace.max_tau", context_->law.parameters().nullspace_clip_nm.maxCoeff());
  declare_one("nullspace.regularization", 1e-6);
  declare_one("max_delta_tau", 1.0);
  declare_one("limit_error", true);
  declare_one("limit_torques", true);
  declare_one("use_coriolis_compensation", true);
  declare_one("use_friction", true);
  declare_one("use_gravity_compensation", settings.gravity_in_command);
  declare_one("use_operational_space", settings.operational_space);
  return given;
}

void Crisp::open() {
  const auto weak = weak_from_this();
  if (context_->default_mode == impedance::Mode::kCartesian) {
    commander_->hear<PoseStamped>(Channel::kMotion, "target_pose",
                                  [](Commander& commander, const PoseStamped& message) {
                                    commander.on_pose(message, "target_pose");
                                  });
  }
  commander_->hear<JointState>(Channel::kMotion, "target_joint",
                               [weak](Commander&, const JointState& message) {
                                 if (const auto self = weak.lock()) self->on_joints(message);
                               });
  commander_->hear<WrenchStamped>(Channel::kWrench, "target_wrench",
                                  [weak](Commander&, const WrenchStamped& message) {
                                    if (const auto self = weak.lock()) self->on_wrench(message);
                                  });
  stiffness_ = context_->node->create_subscription<Float64MultiArray>(
      "target_stiffness", command_qos(), [weak](const Float64MultiArray& message) {
        if (const auto self = weak.lock()) self->on_stiffness(message);
      });
}

void Crisp::close() { stiffness_.reset(); }

void Crisp::on_joints(const JointState& message) {
  if (context_->default_mode == impedance::Mode::kJoint) {
    commander_->on_joints(message, "target_joint");
  } else {
    commander_->on_posture(message, "target_joint");
  }
}

void Crisp::on_wrench(WrenchStamped message) {
  if (local()) {  // along the axes of the tool, whatever the header says
    const impedance::Snapshot latest = context_->latest();
    if (!latest.active) return;
    const auto& rotation = latest.measured.pose.rotation;
    Vector6 wrench = to_vector6(message.wrench);
    wrench << rotation * wrench.head<3>().eval(), rotation * wrench.tail<3>().eval();
    message.wrench = to_wrench(wrench);
  }
  commander_->on_wrench(message, "target_wrench");
}

void Crisp::on_stiffness(const Float64MultiArray& message) {
  if (message.data.size() != 6) {
    context_->diagnostics.warn("gains", "target_stiffness refused: it has " +
                                            std::to_string(message.data.size()) +
                                            " numbers, allowed are 6");
    return;
  }
  if (!commander_->hears_direct("", "target_stiffness")) return;
  gains_->set_stiffness(vector6(message.data),
                        local() ? impedance::Frame::kTool : impedance::Frame::kBase,
                        Vector6::Constant(impedance::kNan));
}

double Crisp::number(const std::string& name) const {
  return context_->node->get_parameter(name).as_double();
}

bool Crisp::local() const { return context_->node->get_parameter("use_local_jacobian").as_bool(); }

void Crisp::on_parameters(const std::vector<rclcpp::Parameter>& changes) {
  const auto changed = [&changes](const std::string& start) {
    return std::any_of(changes.begin(), changes.end(), [&start](const auto& parameter) {
      return starts_with(parameter.get_name(), start);
    });
  };
  if (changed("task.k_") || changed("task.d_") || changed("use_local_jacobian")) apply_stiffness();
  if (changed("nullspace.stiffness") || changed("nullspace.weights.")) apply_nullspace();
  if (changed("stop_commands")) {
    context_->modes.set_stopped(context_->node->get_parameter("stop_commands").as_bool());
  }
  if (changed("use_operational_space") &&
      context_->node->get_parameter("use_operational_space").as_bool() !=
          context_->settings.operational_space) {
    context_->diagnostics.warn("gains",
                               "use_operational_space has no effect: set operational_space in the "
                               "controller's own parameters");
  }
}

void Crisp::apply_stiffness() {
  Vector6 stiffness, ratio;
  for (int i = 0; i < 6; ++i) {
    stiffness(i) = number(std::string("task.k_") + kAxes[i]);
    // CRISP's damping is absolute, and critical for a unit mass where negative.
    const double damping = number(std::string("task.d_") + kAxes[i]);
    ratio(i) = damping < 0.0 || stiffness(i) <= 0.0 ? 1.0
                                                    : damping / (2.0 * std::sqrt(stiffness(i)));
  }
  gains_->set_stiffness(stiffness, local() ? impedance::Frame::kTool : impedance::Frame::kBase,
                        ratio);
}

void Crisp::apply_nullspace() {
  const auto& joints = context_->settings.joints;
  impedance::JointVector stiffness(context_->n_joints());
  for (std::size_t i = 0; i < joints.size(); ++i) {
    stiffness(static_cast<Eigen::Index>(i)) =
        number("nullspace.stiffness") * number("nullspace.weights." + joints[i] + ".value");
  }
  gains_->set_nullspace_stiffness(stiffness);
}

}  // namespace takt_controllers
