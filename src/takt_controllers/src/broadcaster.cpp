#include "takt_controllers/broadcaster.hpp"

namespace takt_controllers {

Broadcaster::Broadcaster(std::shared_ptr<Context> context, std::unique_ptr<ArmModel> model)
    : context_(std::move(context)), model_(std::move(model)) {}

void Broadcaster::open() {
  // Plain publishers, which are on the graph only while the controller is active.
  auto& node = *context_->node;
  using geometry_msgs::msg::PoseStamped;
  using rclcpp::create_publisher;
  state_ = create_publisher<takt_msgs::msg::ArmState>(node, "arm/state", sensor_qos());
  pose_ = create_publisher<PoseStamped>(node, "arm/current_pose", sensor_qos());
  wrench_ = create_publisher<geometry_msgs::msg::WrenchStamped>(node, "arm/wrench", sensor_qos());
  if (context_->settings.crisp_topics) {
    using geometry_msgs::msg::TwistStamped;
    crisp_pose_ = create_publisher<PoseStamped>(node, "current_pose", sensor_qos());
    crisp_twist_ = create_publisher<TwistStamped>(node, "current_twist", sensor_qos());
  }
}

void Broadcaster::close() {
  state_.reset();
  pose_.reset();
  wrench_.reset();
  crisp_pose_.reset();
  crisp_twist_.reset();
}

void Broadcaster::publish(const impedance::Snapshot& snapshot, StateExtras extras) {
  if (!state_ || !snapshot.active || snapshot.now_ns == published_ns_) return;
  published_ns_ = snapshot.now_ns;
  extras.joint_names = context_->settings.joints;
  extras.base_frame = context_->settings.base_frame;
  if (snapshot.output.mode == impedance::Mode::kJoint) {
    extras.joint_target =
        model_->forward(snapshot.output.joint_target, snapshot.output.joint_target_velocity);
  }
  const takt_msgs::msg::ArmState state = to_state(snapshot, extras);
  state_->publish(state);
  geometry_msgs::msg::PoseStamped pose;
  pose.header = state.header;
  pose.pose = state.tcp_pose;
  pose_->publish(pose);
  geometry_msgs::msg::WrenchStamped wrench;
  wrench.header = state.header;
  wrench.wrench = state.wrench;
  wrench_->publish(wrench);
  if (!crisp_pose_) return;
  crisp_pose_->publish(pose);
  geometry_msgs::msg::TwistStamped twist;
  twist.header = state.header;
  twist.twist = state.tcp_twist;
  crisp_twist_->publish(twist);
}

}  // namespace takt_controllers
