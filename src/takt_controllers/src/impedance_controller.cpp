#include "takt_controllers/impedance_controller.hpp"

#include <algorithm>
#include <stdexcept>

namespace takt_controllers {

using controller_interface::interface_configuration_type;
using controller_interface::InterfaceConfiguration;
using controller_interface::return_type;

namespace {

// Parameters that may change while the controller is configured.
const char* const kLive[] = {"stiffness",           "stiffness_frame", "damping_ratio",
                             "nullspace_stiffness", "joint_stiffness", "joint_damping_ratio"};

bool is_live(const std::string& name) {
  return std::find(std::begin(kLive), std::end(kLive), name) != std::end(kLive);
}

// Set by others than the user of the controller.
bool is_foreign(const std::string& name) {
  static const char* const kForeign[] = {"use_sim_time", "type", "params_file",
                                         "start_type_description_service"};
  return name.rfind("qos_overrides.", 0) == 0 ||
         std::find(std::begin(kForeign), std::end(kForeign), name) != std::end(kForeign);
}

std::set<std::string> declared_names(const rclcpp_lifecycle::LifecycleNode& node) {
  const auto names = node.list_parameters({}, 0).names;
  return {names.begin(), names.end()};
}

}  // namespace

ImpedanceController::CallbackReturn ImpedanceController::on_init() {
  try {
    const std::set<std::string> before = declared_names(*get_node());
    listener_ = std::make_shared<impedance_controller::ParamListener>(get_node());
    settings_ = listener_->get_params();
    own_names_ = declared_names(*get_node());
    for (const std::string& name : before) own_names_.erase(name);
  } catch (const std::exception& error) {
    RCLCPP_ERROR(get_node()->get_logger(), "parameter refused: %s", error.what());
    return CallbackReturn::ERROR;
  }
  return CallbackReturn::SUCCESS;
}

InterfaceConfiguration ImpedanceController::command_interface_configuration() const {
  return {interface_configuration_type::INDIVIDUAL, ArmInterfaces::command_names(settings_)};
}

InterfaceConfiguration ImpedanceController::state_interface_configuration() const {
  return {interface_configuration_type::INDIVIDUAL, ArmInterfaces::state_names(settings_)};
}

ImpedanceController::CallbackReturn ImpedanceController::on_configure(
    const rclcpp_lifecycle::State&) {
  try {
    prepare();
  } catch (const std::exception& error) {
    RCLCPP_ERROR(get_node()->get_logger(), "cannot configure: %s", error.what());
    forget();
    return CallbackReturn::FAILURE;
  }
  return CallbackReturn::SUCCESS;
}

void ImpedanceController::prepare() {
  settings_ = listener_->get_params();
  const ArmDescription description = arm_description(settings_, get_robot_description());
  model_ = std::make_unique<ArmModel>(description);
  const impedance::Parameters parameters = law_parameters(settings_, model_->limits());
  context_ = std::make_shared<Context>(get_node(), settings_, parameters, default_mode_);
  interfaces_ = std::make_unique<ArmInterfaces>(settings_, *model_);
  input_ = std::make_unique<impedance::TickInput>(model_->n_joints());
  if (settings_.command_interface == "position") {
    position_form_ = std::make_unique<PositionForm>(settings_, *model_, *context_);
  }
  background_ = std::make_unique<Background>(context_, std::make_unique<ArmModel>(description));
  check_names();
  on_set_ = get_node()->add_on_set_parameters_callback(
      [this](const std::vector<rclcpp::Parameter>& changes) { return check_change(changes); });
  post_set_ = get_node()->add_post_set_parameters_callback(
      [this](const std::vector<rclcpp::Parameter>& changes) { on_change(changes); });
}

void ImpedanceController::forget() {
  on_set_.reset();
  post_set_.reset();
  if (context_) context_->active = false;
  background_.reset();
  position_form_.reset();
  input_.reset();
  interfaces_.reset();
  model_.reset();
  context_.reset();
}

// A name that nobody declared is a mistake in somebody's file, and worth a stop.
void ImpedanceController::check_names() {
  const auto& node = get_node();
  for (const auto& [name, value] :
       node->get_node_parameters_interface()->get_parameter_overrides()) {
    if (!node->has_parameter(name) && !is_foreign(name)) {
      throw std::invalid_argument("unknown parameter '" + name + "' = " +
                                  rclcpp::to_string(value) +
                                  "; impedance_controller_parameters.yaml has all names");
    }
  }
}

ImpedanceController::CallbackReturn ImpedanceController::on_activate(
    const rclcpp_lifecycle::State&) {
  const auto rate = std::max(1u, get_update_rate());
  interfaces_->forget();
  read(get_node()->now().nanoseconds(), 1.0 / rate);
  try {
    if (interfaces_->sensor_is_silent()) {
      throw std::invalid_argument("force_torque_sensor '" + settings_.force_torque_sensor.name +
                                  "': found a value that is not finite");
    }
    if (position_form_) {
      position_form_->activate(*input_);
    } else {
      context_->law.activate(*input_);
    }
  } catch (const std::exception& error) {
    RCLCPP_ERROR(get_node()->get_logger(), "cannot activate: %s", error.what());
    return CallbackReturn::FAILURE;  // still configured: it may be tried again
  }
  context_->modes.restart();
  background_->gains().restart();
  context_->active = true;
  return CallbackReturn::SUCCESS;
}

void ImpedanceController::read(impedance::TimeNs now_ns, double dt_s) {
  input_->now_ns = now_ns;
  input_->dt_s = dt_s;
  interfaces_->read(state_interfaces_, *input_);
  model_->fill_terms(*input_);
  interfaces_->complete(model_->gravity(), *input_);
}

// The controller manager counts by a steady clock; stamps and waypoints are in ROS time.
impedance::TimeNs ImpedanceController::ros_time(const rclcpp::Time& time) const {
  if (time.get_clock_type() == RCL_ROS_TIME) return time.nanoseconds();
  return get_node()->get_clock()->now().nanoseconds();
}

return_type ImpedanceController::update(const rclcpp::Time& time,
                                        const rclcpp::Duration& period) {
  read(ros_time(time), period.seconds());
  if (interfaces_->sensor_is_silent()) context_->law.raise(impedance::Fault::kNonfiniteWrench);
  bool taken = false;
  if (position_form_) {
    taken = interfaces_->write_position(command_interfaces_, position_form_->update(*input_));
  } else {
    const impedance::JointVector& torque = context_->law.tick(*input_).torque;
    taken = interfaces_->write_torque(command_interfaces_, torque);
  }
  return taken ? return_type::OK : return_type::ERROR;
}

// What is left in the command interfaces: the last position, or no torque but what carries the arm
// where the robot does not carry itself.
ImpedanceController::CallbackReturn ImpedanceController::on_deactivate(
    const rclcpp_lifecycle::State&) {
  context_->active = false;
  if (!position_form_) interfaces_->write_rest(command_interfaces_);
  return CallbackReturn::SUCCESS;
}

ImpedanceController::CallbackReturn ImpedanceController::on_cleanup(
    const rclcpp_lifecycle::State&) {
  forget();
  return CallbackReturn::SUCCESS;
}

ImpedanceController::CallbackReturn ImpedanceController::on_error(const rclcpp_lifecycle::State&) {
  forget();
  return CallbackReturn::SUCCESS;
}

ImpedanceController::CallbackReturn ImpedanceController::on_shutdown(
    const rclcpp_lifecycle::State&) {
  forget();
  return CallbackReturn::SUCCESS;
}

rcl_interfaces::msg::SetParametersResult ImpedanceController::check_change(
    const std::vector<rclcpp::Parameter>& changes) const {
  rcl_interfaces::msg::SetParametersResult result;
  result.successful = true;
  for (const rclcpp::Parameter& change : changes) {
    if (own_names_.count(change.get_name()) > 0 && !is_live(change.get_name())) {
      result.successful = false;
      result.reason = "'" + change.get_name() +
                      "' takes effect at configure: deactivate and clean up first";
    }
  }
  return result;
}

void ImpedanceController::on_change(const std::vector<rclcpp::Parameter>& changes) {
  const bool live = std::any_of(changes.begin(), changes.end(), [](const auto& change) {
    return is_live(change.get_name());
  });
  if (live) background_->gains().apply(listener_->get_params());
}

}  // namespace takt_controllers
