// A controller with the interfaces that a controller manager would lend it, and a simple arm.
#pragma once

#include <chrono>
#include <controller_interface/controller_interface.hpp>
#include <map>
#include <memory>
#include <rclcpp/executors/single_threaded_executor.hpp>
#include <string>
#include <vector>

#include "takt_controllers/impedance_controller.hpp"

namespace takt_controllers::test {

// Seven joints j1..j7 (revolute, or the last one continuous), base `base`, tool `tool`, sensor
// frame `sensor` and a link `finger` on a prismatic joint that is not the arm's.
std::string arm_urdf(bool last_continuous = false);
const std::vector<std::string>& arm_joints();

// The parameters without which nothing is configured.
std::vector<rclcpp::Parameter> least_parameters();

// A free domain for each test, so that tests can run side by side.
void start_ros();

class Rig {
 public:
  using Parameters = std::vector<rclcpp::Parameter>;

  // `more` replace or join the least parameters. The controller is initialised, or `initialised`
  // is false.
  explicit Rig(const Parameters& more = {}, std::shared_ptr<ImpedanceController> plugin = nullptr,
               const std::string& urdf = arm_urdf());
  ~Rig();

  bool configure();
  void lend();  // interfaces, as the controller asks for them
  bool activate();
  bool deactivate();

  // Configured, lent and activated, at joint positions `q`.
  void start(const std::vector<double>& q);

  // One period of `dt_s`; time goes on by as much. Returns what `update` did.
  controller_interface::return_type tick(double dt_s = 1e-3);
  // Ticks, with what the background does in real time, until `done` or for about `patience_s`.
  bool tick_until(const std::function<bool()>& done, double patience_s = 5.0);

  double command(const std::string& name) const {
    return commands_.at(name)->get_optional().value();
  }
  void set_state(const std::string& name, double value);
  void set_positions(const std::vector<double>& q);

  // The commanded torques with gravity, at which the arm stands still.
  std::vector<double> commands(const std::string& interface = "effort") const;

  ImpedanceController& controller() { return *controller_; }
  rclcpp_lifecycle::LifecycleNode::SharedPtr node() { return controller_->get_node(); }
  // Another node with an executor of its own: what clients are made of.
  rclcpp::Node::SharedPtr client(const std::string& name = "client");
  void spin();

  bool initialised = false;
  std::int64_t now_ns = 0;

 private:
  std::shared_ptr<ImpedanceController> controller_;
  std::map<std::string, hardware_interface::CommandInterface::SharedPtr> commands_;
  std::map<std::string, hardware_interface::StateInterface::SharedPtr> states_;
  std::map<std::string, double> values_;  // of states, before they are lent
  rclcpp::executors::SingleThreadedExecutor executor_;
  std::vector<rclcpp::Node::SharedPtr> clients_;
};

// The newest message of a topic.
template <typename Message>
class Listener {
 public:
  Listener(const rclcpp::Node::SharedPtr& node, const std::string& topic,
           const rclcpp::QoS& qos = rclcpp::QoS(10))
      : subscription_(node->create_subscription<Message>(
            topic, qos, [this](const std::shared_ptr<const Message> message) {
              last = *message;
              ++count;
            })) {}

  Message last;
  int count = 0;

 private:
  std::shared_ptr<rclcpp::Subscription<Message>> subscription_;
};

}  // namespace takt_controllers::test
