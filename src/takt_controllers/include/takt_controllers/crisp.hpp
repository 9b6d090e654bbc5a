// What CRISP's Python client (github.com/utiasDSL/crisp_py) expects of a controller: topics, and
// the parameters that its configuration files set.
//
// The client publishes its pose and its joints all the time, whichever it moves; as with CRISP, a
// Cartesian controller takes the joints for the posture of the nullspace, and a joint controller
// leaves the pose alone.
#pragma once

#include <memory>
#include <std_msgs/msg/float64_multi_array.hpp>
#include <string>
#include <vector>

#include "takt_controllers/commander.hpp"
#include "takt_controllers/gains.hpp"

namespace takt_controllers {

class Crisp : public std::enable_shared_from_this<Crisp> {
 public:
  Crisp(std::shared_ptr<Context> context, std::shared_ptr<Commander> commander,
        std::shared_ptr<GainsCommander> gains);

  // While the controller is active.
  void open();
  void close();

  void on_joints(const sensor_msgs::msg::JointState& message);
  void on_wrench(geometry_msgs::msg::WrenchStamped message);
  void on_stiffness(const std_msgs::msg::Float64MultiArray& message);

 private:
  std::vector<rclcpp::Parameter> declare();
  double number(const std::string& name) const;
  bool local() const;
  void on_parameters(const std::vector<rclcpp::Parameter>& changes);
  void apply_stiffness();
  void apply_nullspace();

  std::shared_ptr<Context> context_;
  std::shared_ptr<Commander> commander_;
  std::shared_ptr<GainsCommander> gains_;
  rclcpp::SubscriptionBase::SharedPtr stiffness_;
  rclcpp::node_interfaces::PostSetParametersCallbackHandle::SharedPtr callback_;
};

}  // namespace takt_controllers
