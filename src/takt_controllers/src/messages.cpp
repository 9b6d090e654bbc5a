#include "takt_controllers/messages.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <takt_msgs/msg/impedance.hpp>

namespace takt_controllers {

using impedance::JointVector;
using impedance::kNan;
using impedance::TimeNs;
using impedance::Vector6;
using takt_msgs::msg::ArmState;

TimeNs to_ns(const builtin_interfaces::msg::Time& time) {
  return static_cast<TimeNs>(time.sec) * 1'000'000'000 + time.nanosec;
}

builtin_interfaces::msg::Time to_time(TimeNs time_ns) {
  builtin_interfaces::msg::Time time;
  time.sec = static_cast<std::int32_t>(time_ns / 1'000'000'000);
  time.nanosec = static_cast<std::uint32_t>(time_ns % 1'000'000'000);
  return time;
}

geometry_msgs::msg::Pose to_pose(const impedance::Pose& pose) {
  geometry_msgs::msg::Pose message;
  message.position.x = pose.position.x();
  message.position.y = pose.position.y();
  message.position.z = pose.position.z();
  message.orientation.x = pose.rotation.x();
  message.orientation.y = pose.rotation.y();
  message.orientation.z = pose.rotation.z();
  message.orientation.w = pose.rotation.w();
  return message;
}

geometry_msgs::msg::Twist to_twist(const Vector6& twist) {
  geometry_msgs::msg::Twist message;
  message.linear.x = twist(0);
  message.linear.y = twist(1);
  message.linear.z = twist(2);
  message.angular.x = twist(3);
  message.angular.y = twist(4);
  message.angular.z = twist(5);
  return message;
}

geometry_msgs::msg::Wrench to_wrench(const Vector6& wrench) {
  geometry_msgs::msg::Wrench message;
  message.force.x = wrench(0);
  message.force.y = wrench(1);
  message.force.z = wrench(2);
  message.torque.x = wrench(3);
  message.torque.y = wrench(4);
  message.torque.z = wrench(5);
  return message;
}

Vector6 to_vector6(const geometry_msgs::msg::Wrench& wrench) {
  Vector6 values;
  values << wrench.force.x, wrench.force.y, wrench.force.z, wrench.torque.x, wrench.torque.y,
      wrench.torque.z;
  return values;
}

std::vector<double> to_vector(const JointVector& values) {
  return {values.data(), values.data() + values.size()};
}

Waypoints::Waypoints(const takt_msgs::msg::PoseTrajectory& message, int n_joints) {
  const auto n = static_cast<std::size_t>(n_joints);
  for (const auto& waypoint : message.waypoints) {
    const std::string which = "waypoint " + std::to_string(times_.size());
    const bool joints = !waypoint.joint_position.empty();
    if (!times_.empty() && joints == joints_.empty()) {
      throw std::invalid_argument(which + ": poses and joints are mixed; allowed is "
                                          "joint_position in all waypoints or in none");
    }
    if (joints && waypoint.joint_position.size() != n) {
      throw std::invalid_argument(
          which + ": joint_position has " + std::to_string(waypoint.joint_position.size()) +
          " numbers, allowed is one for each of the " + std::to_string(n_joints) +
          " joints of arm/state");
    }
    times_.push_back(to_ns(waypoint.time));
    joints_.insert(joints_.end(), waypoint.joint_position.begin(), waypoint.joint_position.end());
    const auto& p = waypoint.pose.position;
    const auto& q = waypoint.pose.orientation;
    poses_.insert(poses_.end(), {p.x, p.y, p.z, q.x, q.y, q.z, q.w});
    const auto& v = waypoint.twist.linear;
    const auto& w = waypoint.twist.angular;
    if (waypoint.has_twist) {
      twists_.insert(twists_.end(), {v.x, v.y, v.z, w.x, w.y, w.z});
    } else {
      twists_.insert(twists_.end(), 6, kNan);
    }
    if (waypoint.has_stiffness) {
      stiffness_.insert(stiffness_.end(), waypoint.stiffness.begin(), waypoint.stiffness.end());
    } else {
      stiffness_.insert(stiffness_.end(), 6, kNan);
    }
  }
}

impedance::WaypointView Waypoints::view() const {
  impedance::WaypointView view;
  view.count = static_cast<int>(times_.size());
  view.times_ns = times_.data();
  view.poses = poses_.data();
  view.twists = twists_.data();
  view.stiffness = stiffness_.data();
  return view;
}

impedance::JointWaypointView Waypoints::joint_view() const {
  impedance::JointWaypointView view;
  view.count = static_cast<int>(times_.size());
  view.times_ns = times_.data();
  view.positions = joints_.data();
  return view;
}

JointVector joint_target(const sensor_msgs::msg::JointState& message,
                         const std::vector<std::string>& names, const JointVector& present) {
  JointVector target = present;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < message.name.size(); ++i) {
    const std::string& name = message.name[i];
    const auto found = std::find(names.begin(), names.end(), name);
    const auto check = [&name](bool right, const char* wrong) {
      if (!right) throw std::invalid_argument("joint '" + name + "' " + wrong);
    };
    check(found != names.end(), "is not one of arm/state's joint_names");
    check(seen.insert(name).second, "is there twice");
    check(i < message.position.size(), "has no position");
    target(found - names.begin()) = message.position[i];
  }
  if (seen.empty()) throw std::invalid_argument("it has no joint names");
  return target;
}

namespace {

std::uint8_t control_of(const impedance::Snapshot& snapshot, const std::string& fault) {
  if (!fault.empty()) return ArmState::CONTROL_FAULT;
  switch (snapshot.output.mode) {
    case impedance::Mode::kCartesian: return ArmState::CONTROL_CARTESIAN;
    case impedance::Mode::kHold: return ArmState::CONTROL_HOLD;
    case impedance::Mode::kGuide: return ArmState::CONTROL_GUIDE;
    case impedance::Mode::kJoint: return ArmState::CONTROL_JOINT;
  }
  return ArmState::CONTROL_HOLD;
}

void fill_measured(ArmState& state, const impedance::Snapshot& snapshot) {
  const impedance::TickOutput& output = snapshot.output;
  state.joint_position = to_vector(snapshot.q);
  state.joint_velocity = to_vector(snapshot.dq);
  state.joint_torque = to_vector(snapshot.tau_measured);
  state.gripper_width = kNan;
  state.tcp_pose = to_pose(snapshot.measured.pose);
  state.tcp_twist = to_twist(snapshot.measured.twist);
  state.wrench_estimate = to_wrench(output.wrench_estimate);
  const bool sensor = snapshot.wrench_measured.allFinite();
  state.wrench = to_wrench(sensor ? snapshot.wrench_measured : output.wrench_estimate);
}

void fill_counters(ArmState& state, const impedance::Snapshot& snapshot) {
  const impedance::Counters& counters = snapshot.counters;
  state.ticks = static_cast<std::uint64_t>(counters.ticks);
  state.overruns = static_cast<std::uint64_t>(counters.overruns);
  state.starvations = static_cast<std::uint64_t>(counters.starvations);
  state.dropped_waypoints = static_cast<std::uint64_t>(counters.dropped_waypoints);
  state.rejected_trajectories = static_cast<std::uint64_t>(counters.rejected_trajectories);
  const impedance::TickSummary& summary = snapshot.statistics;
  state.statistics.ticks = static_cast<std::uint64_t>(summary.ticks);
  state.statistics.overruns = static_cast<std::uint64_t>(summary.overruns);
  state.statistics.period_mean_s = summary.period_mean_s;
  state.statistics.period_deviation_s = summary.period_deviation_s;
  state.statistics.period_max_s = summary.period_max_s;
  state.statistics.compute_mean_s = summary.compute_mean_s;
  state.statistics.compute_max_s = summary.compute_max_s;
}

}  // namespace

ArmState to_state(const impedance::Snapshot& snapshot, const StateExtras& extras) {
  ArmState state;
  const impedance::TickOutput& output = snapshot.output;
  state.header.stamp = to_time(snapshot.now_ns);
  state.header.frame_id = extras.base_frame;
  state.joint_names = extras.joint_names;
  fill_measured(state, snapshot);
  fill_counters(state, snapshot);
  state.control = control_of(snapshot, extras.fault);
  const bool joints = output.mode == impedance::Mode::kJoint;
  const impedance::MovingPose& target = joints ? extras.joint_target : output.target;
  state.target_pose = to_pose(target.pose);
  state.target_twist = to_twist(target.twist);
  if (joints) state.target_joint_position = to_vector(output.joint_target);
  state.commanded_torque = to_vector(output.torque);
  state.target_wrench = to_wrench(output.feed_forward);
  for (int i = 0; i < 6; ++i) state.stiffness[i] = output.stiffness(i, i);
  state.stiffness_frame = output.stiffness_frame == impedance::Frame::kTool
                              ? takt_msgs::msg::Impedance::FRAME_TCP
                              : takt_msgs::msg::Impedance::FRAME_BASE;
  state.tank_level = output.tank_level;
  state.tank_scale = output.tank_scale;
  state.starved = output.starved;
  state.torque_limited = output.torque_limited || output.rate_limited;
  state.envelope_limited = output.speed_limited || output.keepout_limited || output.contact_limited;
  state.fault = extras.fault;
  state.rejected_trajectories += extras.rejected;
  state.last_rejection = extras.last_rejection;
  state.chunk_id = extras.chunk_id;
  return state;
}

}  // namespace takt_controllers
