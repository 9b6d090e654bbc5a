// Messages to and from the types of the law.
#pragma once

#include <geometry_msgs/msg/pose_stamped.hpp>
#include <geometry_msgs/msg/twist.hpp>
#include <geometry_msgs/msg/wrench.hpp>
#include <optional>
#include <sensor_msgs/msg/joint_state.hpp>
#include <string>
#include <takt_msgs/msg/arm_state.hpp>
#include <takt_msgs/msg/pose_trajectory.hpp>
#include <vector>

#include "takt_impedance/shared_controller.hpp"

namespace takt_controllers {

namespace impedance = takt_impedance;

impedance::TimeNs to_ns(const builtin_interfaces::msg::Time& time);
builtin_interfaces::msg::Time to_time(impedance::TimeNs time_ns);
geometry_msgs::msg::Pose to_pose(const impedance::Pose& pose);
geometry_msgs::msg::Twist to_twist(const impedance::Vector6& twist);
geometry_msgs::msg::Wrench to_wrench(const impedance::Vector6& wrench);
impedance::Vector6 to_vector6(const geometry_msgs::msg::Wrench& wrench);
std::vector<double> to_vector(const impedance::JointVector& values);

// Waypoints as arrays; the views stay good as long as the object.
class Waypoints {
 public:
  // Throws std::invalid_argument: mixed poses and joints, or a wrong number of joints.
  Waypoints(const takt_msgs::msg::PoseTrajectory& message, int n_joints);

  bool joints() const { return !joints_.empty(); }
  impedance::WaypointView view() const;
  impedance::JointWaypointView joint_view() const;

 private:
  std::vector<impedance::TimeNs> times_;
  std::vector<double> poses_, twists_, stiffness_, joints_;
};

// Positions for `names` in their order; joints that the message leaves out stay at `present`.
// Throws std::invalid_argument: names that are not known, doubled, or without a position.
impedance::JointVector joint_target(const sensor_msgs::msg::JointState& message,
                                    const std::vector<std::string>& names,
                                    const impedance::JointVector& present);

// What only the controller knows of a state.
struct StateExtras {
  std::vector<std::string> joint_names;
  std::string base_frame;
  impedance::MovingPose joint_target;  // of the tool, by the joint target
  std::string fault;                   // name; empty: none
  std::string last_rejection;
  std::uint64_t rejected = 0;          // besides those the law counts
  std::uint64_t chunk_id = 0;
};

takt_msgs::msg::ArmState to_state(const impedance::Snapshot& snapshot, const StateExtras& extras);

}  // namespace takt_controllers
