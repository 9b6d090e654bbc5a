#include "controller_rig.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#if __has_include(<controller_interface/controller_interface_params.hpp>)
#include <controller_interface/controller_interface_params.hpp>
#define TAKT_INIT_BY_PARAMS 1
#else
#define TAKT_INIT_BY_PARAMS 0
#endif

namespace takt_controllers::test {

namespace {

std::string link(const std::string& name, double mass) {
  return "<link name='" + name + "'><inertial><origin xyz='0 0.02 0.1'/><mass value='" +
         std::to_string(mass) +
         "'/><inertia ixx='0.02' ixy='0' ixz='0' iyy='0.02' iyz='0' izz='0.01'/></inertial></link>";
}

std::string joint(const std::string& name, const std::string& type, const std::string& parent,
                  const std::string& child, const std::string& roll) {
  return "<joint name='" + name + "' type='" + type + "'><parent link='" + parent +
         "'/><child link='" + child + "'/><origin xyz='0.02 0 0.2' rpy='" + roll +
         " 0 0'/><axis xyz='0 0 1'/><limit lower='-2.5' upper='2.5' velocity='2.0' effort='60'/>"
         "</joint>";
}

hardware_interface::InterfaceDescription described(const std::string& name) {
  const auto slash = name.rfind('/');
  hardware_interface::InterfaceInfo info{};
  info.name = name.substr(slash + 1);
  info.data_type = "double";
  return {name.substr(0, slash), info};
}

}  // namespace

std::string arm_urdf(bool last_continuous) {
  std::string urdf = "<robot name='arm'>" + link("base", 5.0);
  std::string parent = "base";
  for (int i = 1; i <= 7; ++i) {
    const std::string child = "link" + std::to_string(i);
    const bool continuous = last_continuous && i == 7;
    urdf += link(child, 2.0);
    urdf += joint("j" + std::to_string(i), continuous ? "continuous" : "revolute", parent, child,
                  i % 2 == 1 ? "1.5707963" : "-1.5707963");
    parent = child;
  }
  urdf += link("tool", 0.1) + joint("mount", "fixed", "link7", "tool", "0");
  // At the same place as the tool, and turned.
  urdf += link("sensor", 0.1) + joint("bolts", "fixed", "link7", "sensor", "1.5707963267949");
  urdf += link("finger", 0.1) + joint("slide", "prismatic", "tool", "finger", "0");
  return urdf + "</robot>";
}

const std::vector<std::string>& arm_joints() {
  static const std::vector<std::string> names{"j1", "j2", "j3", "j4", "j5", "j6", "j7"};
  return names;
}

std::vector<rclcpp::Parameter> least_parameters() {
  return {{"joints", arm_joints()},
          {"base_frame", "base"},
          {"tool_frame", "tool"},
          {"gravity_in_command", true}};
}

void start_ros() {
  if (rclcpp::ok()) return;
  setenv("ROS_DOMAIN_ID", std::to_string(1 + getpid() % 100).c_str(), 1);
  rclcpp::init(0, nullptr);
}

Rig::Rig(const Parameters& more, std::shared_ptr<ImpedanceController> plugin,
         const std::string& urdf)
    : controller_((start_ros(), std::move(plugin))) {
  if (!controller_) controller_ = std::make_shared<CartesianImpedanceController>();
  std::map<std::string, rclcpp::Parameter> parameters;
  for (const auto& parameter : least_parameters()) parameters[parameter.get_name()] = parameter;
  for (const auto& parameter : more) parameters[parameter.get_name()] = parameter;
  Parameters overrides;
  for (const auto& [name, parameter] : parameters) {
    const bool set = parameter.get_type() != rclcpp::ParameterType::PARAMETER_NOT_SET;
    if (set) overrides.push_back(parameter);
  }
  auto options = controller_->define_custom_node_options();
  options.parameter_overrides(overrides);
#if TAKT_INIT_BY_PARAMS
  controller_interface::ControllerInterfaceParams params;
  params.controller_name = "controller";
  params.robot_description = urdf;
  params.update_rate = 1000;
  params.controller_manager_update_rate = 1000;
  params.node_options = options;
  const auto result = controller_->init(params);
#else
  const auto result = controller_->init("controller", urdf, 1000, "", options);
#endif
  initialised = result == controller_interface::return_type::OK;
  if (initialised) executor_.add_node(node()->get_node_base_interface());
}

Rig::~Rig() {
  if (initialised) executor_.remove_node(node()->get_node_base_interface());
  for (const auto& client : clients_) executor_.remove_node(client);
  controller_->release_interfaces();
  controller_.reset();
}

bool Rig::configure() {
  return controller_->configure().id() == lifecycle_msgs::msg::State::PRIMARY_STATE_INACTIVE;
}

void Rig::lend() {
  std::vector<hardware_interface::LoanedCommandInterface> commands;
  std::vector<hardware_interface::LoanedStateInterface> states;
  for (const std::string& name : controller_->command_interface_configuration().names) {
    commands_[name] = std::make_shared<hardware_interface::CommandInterface>(described(name));
    commands.emplace_back(commands_[name], nullptr);
  }
  for (const std::string& name : controller_->state_interface_configuration().names) {
    states_[name] = std::make_shared<hardware_interface::StateInterface>(described(name));
    set_state(name, values_[name]);
    states.emplace_back(states_[name], nullptr);
  }
  controller_->assign_interfaces(std::move(commands), std::move(states));
}

bool Rig::activate() {
  now_ns = node()->now().nanoseconds();
  return node()->activate().id() == lifecycle_msgs::msg::State::PRIMARY_STATE_ACTIVE;
}

bool Rig::deactivate() {
  return node()->deactivate().id() == lifecycle_msgs::msg::State::PRIMARY_STATE_INACTIVE;
}

void Rig::start(const std::vector<double>& q) {
  set_positions(q);
  if (!initialised || !configure()) throw std::runtime_error("not configured");
  lend();
  if (!activate()) throw std::runtime_error("not activated");
}

controller_interface::return_type Rig::tick(double dt_s) {
  const auto dt = rclcpp::Duration::from_seconds(dt_s);
  now_ns += dt.nanoseconds();
  return controller_->update(rclcpp::Time(now_ns, RCL_ROS_TIME), dt);
}

bool Rig::tick_until(const std::function<bool()>& done, double patience_s) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience_s);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    tick();
    spin();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void Rig::set_state(const std::string& name, double value) {
  values_[name] = value;
  if (states_.count(name) > 0 && !states_[name]->set_value(value)) {
    throw std::runtime_error(name + " did not take a value");
  }
}

void Rig::set_positions(const std::vector<double>& q) {
  for (std::size_t i = 0; i < q.size(); ++i) set_state(arm_joints()[i] + "/position", q[i]);
}

std::vector<double> Rig::commands(const std::string& interface) const {
  std::vector<double> values;
  for (const std::string& name : arm_joints()) values.push_back(command(name + "/" + interface));
  return values;
}

rclcpp::Node::SharedPtr Rig::client(const std::string& name) {
  clients_.push_back(std::make_shared<rclcpp::Node>(name));
  executor_.add_node(clients_.back());
  return clients_.back();
}

void Rig::spin() { executor_.spin_some(); }

}  // namespace takt_controllers::test
