#include "takt_controllers/diagnostics.hpp"

namespace takt_controllers {

Diagnostics::Diagnostics(rclcpp_lifecycle::LifecycleNode::SharedPtr node)
    : node_(std::move(node)) {
  // Not a lifecycle publisher: an inactive controller has something to say, too.
  publisher_ = rclcpp::create_publisher<diagnostic_msgs::msg::DiagnosticArray>(
      *node_, "/diagnostics", rclcpp::QoS(100));
}

void Diagnostics::set(const std::string& component, std::uint8_t level,
                      const std::string& message, const Values& values) {
  Status status;
  status.level = level;
  status.name = std::string(node_->get_fully_qualified_name()) +
                (component.empty() ? "" : ": " + component);
  status.message = message;
  status.hardware_id = node_->get_namespace();
  for (const auto& [key, value] : values) {
    status.values.emplace_back();
    status.values.back().key = key;
    status.values.back().value = value;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = statuses_.find(component);
    const bool news = known == statuses_.end() ? level != Status::OK
                                               : known->second.level != level ||
                                                     known->second.message != message;
    statuses_[component] = status;
    if (!news) return;
  }
  if (level == Status::ERROR) RCLCPP_ERROR(node_->get_logger(), "%s", message.c_str());
  if (level == Status::WARN) RCLCPP_WARN(node_->get_logger(), "%s", message.c_str());
  publish();
}

void Diagnostics::ok(const std::string& component, const std::string& message) {
  set(component, Status::OK, message);
}

void Diagnostics::warn(const std::string& component, const std::string& message) {
  set(component, Status::WARN, message);
}

void Diagnostics::error(const std::string& component, const std::string& message) {
  set(component, Status::ERROR, message);
}

void Diagnostics::publish() {
  diagnostic_msgs::msg::DiagnosticArray message;
  message.header.stamp = node_->now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [component, status] : statuses_) message.status.push_back(status);
  }
  if (!message.status.empty() && rclcpp::ok()) publisher_->publish(message);
}

}  // namespace takt_controllers
