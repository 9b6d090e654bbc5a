// Publishes what the law did: arm/state, arm/current_pose, arm/wrench, and CRISP's two topics.
#pragma once

#include <geometry_msgs/msg/pose_stamped.hpp>
#include <geometry_msgs/msg/twist_stamped.hpp>
#include <geometry_msgs/msg/wrench_stamped.hpp>
#include <memory>

#include "takt_controllers/arm_model.hpp"
#include "takt_controllers/context.hpp"
#include "takt_controllers/messages.hpp"

namespace takt_controllers {

class Broadcaster {
 public:
  // A model of its own: the real-time thread uses the other one.
  Broadcaster(std::shared_ptr<Context> context, std::unique_ptr<ArmModel> model);

  void open();
  void close();

  // Publishes a tick once. `extras` without what the broadcaster knows itself.
  void publish(const impedance::Snapshot& snapshot, StateExtras extras);

 private:
  template <typename Message>
  using Publisher = std::shared_ptr<rclcpp::Publisher<Message>>;

  std::shared_ptr<Context> context_;
  std::unique_ptr<ArmModel> model_;
  impedance::TimeNs published_ns_ = 0;
  Publisher<takt_msgs::msg::ArmState> state_;
  Publisher<geometry_msgs::msg::PoseStamped> pose_, crisp_pose_;
  Publisher<geometry_msgs::msg::WrenchStamped> wrench_;
  Publisher<geometry_msgs::msg::TwistStamped> crisp_twist_;
};

}  // namespace takt_controllers
