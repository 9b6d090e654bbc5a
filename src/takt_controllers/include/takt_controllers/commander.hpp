// Takes commands from topics to the law, from one commander at any time.
//
// arm/trajectory is for an arbiter; the target topics are for direct clients and refused while
// arm/trajectory has a publisher. Who commands motion must be one: with more the arm holds.
#pragma once

#include <geometry_msgs/msg/pose_stamped.hpp>
#include <geometry_msgs/msg/wrench_stamped.hpp>
#include <map>
#include <memory>
#include <sensor_msgs/msg/joint_state.hpp>
#include <takt_msgs/msg/impedance.hpp>
#include <takt_msgs/msg/pose_trajectory.hpp>
#include <vector>

#include "takt_controllers/gains.hpp"

namespace takt_controllers {

enum class Channel { kTrajectory, kMotion, kWrench };

class Commander : public std::enable_shared_from_this<Commander> {
 public:
  Commander(std::shared_ptr<Context> context, std::shared_ptr<GainsCommander> gains);

  // While the controller is active.
  void open();
  void close();

  // Calls `handle(commander, message)`, until `close`. A message that is on its way then may come
  // when there is no commander any more, and is lost.
  template <typename Message, typename Handle>
  void hear(Channel channel, const char* topic, Handle handle) {
    watch(channel, context_->node->create_subscription<Message>(
                       topic, command_qos(),
                       [weak = weak_from_this(), handle](const Message& message) {
                         if (const auto self = weak.lock()) handle(*self, message);
                       }));
  }

  // Counts who commands. Called ten times a second.
  void count_commanders();
  // Of a trajectory or target that the law has answered.
  void on_answer(const impedance::Answer& answer);

  void on_trajectory(const takt_msgs::msg::PoseTrajectory& message);
  void on_pose(const geometry_msgs::msg::PoseStamped& message, const char* topic);
  void on_joints(const sensor_msgs::msg::JointState& message, const char* topic);
  // Joints as the posture of the nullspace.
  void on_posture(const sensor_msgs::msg::JointState& message, const char* topic);
  void on_wrench(const geometry_msgs::msg::WrenchStamped& message, const char* topic);

  // True, or a diagnostic that says why a direct client is not heard.
  bool hears_direct(const std::string& frame, const char* topic);

  struct Account {
    std::uint64_t chunk_id = 0;
    std::uint64_t rejected = 0;  // before the law saw them
    std::string last_rejection;
  };
  Account account() const;

 private:
  using Subscriptions = std::vector<rclcpp::SubscriptionBase::SharedPtr>;

  void watch(Channel channel, rclcpp::SubscriptionBase::SharedPtr subscription);
  Subscriptions of(Channel channel) const;
  std::size_t trajectory_publishers() const;
  void set_crowd(const std::string& crowd);
  void refuse(const std::string& what, const std::string& reason);
  void told(const impedance::Posted& posted, const std::string& what, std::uint64_t chunk_id);
  std::string frame_problem(const std::string& frame) const;

  std::shared_ptr<Context> context_;
  std::shared_ptr<GainsCommander> gains_;
  mutable std::mutex mutex_;
  std::map<Channel, Subscriptions> subscriptions_;
  rclcpp::SubscriptionBase::SharedPtr impedance_;
  std::map<std::uint64_t, std::uint64_t> chunks_;  // by the id of the post
  std::string crowd_;                              // what is wrong with who commands
  Account account_;
};

}  // namespace takt_controllers
