// The state of a controller and its parts in /diagnostics, as takt's Python nodes publish theirs.
#pragma once

#include <diagnostic_msgs/msg/diagnostic_array.hpp>
#include <map>
#include <mutex>
#include <rclcpp_lifecycle/lifecycle_node.hpp>
#include <string>

namespace takt_controllers {

class Diagnostics {
 public:
  using Status = diagnostic_msgs::msg::DiagnosticStatus;
  using Values = std::map<std::string, std::string>;

  explicit Diagnostics(rclcpp_lifecycle::LifecycleNode::SharedPtr node);

  // Any thread but the real-time one. What is new and not OK is logged and published at once.
  void set(const std::string& component, std::uint8_t level, const std::string& message,
           const Values& values = {});
  void ok(const std::string& component, const std::string& message = "");
  void warn(const std::string& component, const std::string& message);
  void error(const std::string& component, const std::string& message);

  void publish();

 private:
  rclcpp_lifecycle::LifecycleNode::SharedPtr node_;
  rclcpp::Publisher<diagnostic_msgs::msg::DiagnosticArray>::SharedPtr publisher_;
  std::mutex mutex_;
  std::map<std::string, Status> statuses_;
};

}  // namespace takt_controllers
