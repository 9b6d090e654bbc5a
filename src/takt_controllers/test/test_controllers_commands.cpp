#include <gmock/gmock.h>

#include <diagnostic_msgs/msg/diagnostic_array.hpp>
#include <geometry_msgs/msg/twist_stamped.hpp>
#include <std_msgs/msg/float64_multi_array.hpp>
#include <takt_msgs/msg/arm_state.hpp>

#include "controller_rig.hpp"

namespace takt_controllers::test {
namespace {

using geometry_msgs::msg::PoseStamped;
using geometry_msgs::msg::WrenchStamped;
using sensor_msgs::msg::JointState;
using takt_msgs::msg::ArmState;
using takt_msgs::msg::Impedance;
using takt_msgs::msg::PoseTrajectory;
using ::testing::HasSubstr;

const std::vector<double> kHome{0.1, 0.6, -0.3, 0.9, 0.4, -0.7, 0.2};

bool says(const diagnostic_msgs::msg::DiagnosticArray& diagnostics, const std::string& text) {
  return std::any_of(
      diagnostics.status.begin(), diagnostics.status.end(),
      [&text](const auto& status) { return status.message.find(text) != std::string::npos; });
}

// An active controller, a client, and the newest state.
class Commands : public ::testing::Test {
 protected:
  explicit Commands(const Rig::Parameters& parameters = {},
                    std::shared_ptr<ImpedanceController> plugin = nullptr)
      : rig(parameters, plugin), client(rig.client()), states(client, "arm/state") {}

  void SetUp() override {
    rig.start(kHome);
    ASSERT_TRUE(until([this] { return states.count > 0; }));
  }

  bool until(const std::function<bool()>& done) { return rig.tick_until(done); }

  template <typename Message>
  auto publisher(const std::string& topic) {
    const auto made = client->create_publisher<Message>(topic, command_qos());
    EXPECT_TRUE(until([&made] { return made->get_subscription_count() > 0; })) << topic;
    return made;
  }

  // To the measured pose plus `dz`, in a quarter of a second.
  PoseTrajectory trajectory(double dz = 0.02) {
    PoseTrajectory message;
    message.header.frame_id = "base";
    message.chunk_id = 7;
    message.waypoints.resize(2);
    for (int i = 0; i < 2; ++i) {
      auto& waypoint = message.waypoints[static_cast<std::size_t>(i)];
      waypoint.time = to_time(rig.now_ns + 250'000'000 * (i + 1));
      waypoint.pose = states.last.tcp_pose;
      waypoint.pose.position.z += dz * i;
    }
    return message;
  }

  PoseStamped target(double dz = 0.02) {
    PoseStamped message;
    message.pose = states.last.tcp_pose;
    message.pose.position.z += dz;
    return message;
  }

  double risen() const {
    return states.last.target_pose.position.z - states.last.tcp_pose.position.z;
  }

  Rig rig;
  rclcpp::Node::SharedPtr client;
  Listener<ArmState> states;
};

class GivenCommands : public Commands {
 protected:
  GivenCommands() : Commands({{"task.k_pos_x", 210.0}, {"stop_commands", true}}) {}
};

class JointCommands : public Commands {
 protected:
  JointCommands() : Commands({}, std::make_shared<JointImpedanceController>()) {}
};

TEST_F(Commands, ATrajectoryIsFollowed) {
  const auto arbiter = publisher<PoseTrajectory>("arm/trajectory");
  arbiter->publish(trajectory());
  EXPECT_TRUE(until([this] { return states.last.chunk_id == 7; }));
  EXPECT_TRUE(until([this] { return std::abs(risen() - 0.02) < 1e-3; }));
  EXPECT_EQ(states.last.control, ArmState::CONTROL_CARTESIAN);
}

TEST_F(Commands, ATrajectoryOfJointsChangesTheLaw) {
  const auto arbiter = publisher<PoseTrajectory>("arm/trajectory");
  PoseTrajectory message = trajectory();
  for (auto& waypoint : message.waypoints) waypoint.joint_position = kHome;
  message.waypoints[1].joint_position[0] += 0.1;
  arbiter->publish(message);
  ASSERT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_JOINT; }));
  EXPECT_TRUE(until([this] {
    return std::abs(states.last.target_joint_position[0] - kHome[0] - 0.1) < 1e-3;
  }));
}

TEST_F(Commands, WhatIsWrongWithATrajectoryIsSaid) {
  const auto arbiter = publisher<PoseTrajectory>("arm/trajectory");
  const auto refused = [&](const PoseTrajectory& message, const std::string& reason) {
    arbiter->publish(message);
    EXPECT_TRUE(until([&] {
      return states.last.last_rejection.find(reason) != std::string::npos;
    })) << reason << " / " << states.last.last_rejection;
  };
  PoseTrajectory message = trajectory();
  message.header.frame_id = "tool";
  refused(message, "frame_id is 'tool', allowed is base_frame 'base'");
  message = trajectory();
  message.waypoints[1].joint_position = kHome;
  refused(message, "poses and joints are mixed");
  message = trajectory();
  message.waypoints[0].joint_position = {1.0};
  refused(message, "joint_position has 1 numbers");
  message = trajectory();
  message.waypoints[1].time = message.waypoints[0].time;
  refused(message, "waypoint");
  message = trajectory();
  for (auto& waypoint : message.waypoints) waypoint.pose.position.z += 0.5;
  refused(message, "max_jump_m");
  EXPECT_NEAR(risen(), 0.0, 1e-9);
  EXPECT_GE(states.last.rejected_trajectories, 4u);  // the last may come with the next state
}

TEST_F(Commands, AStopIsObeyedInAnyFrame) {
  const auto arbiter = publisher<PoseTrajectory>("arm/trajectory");
  arbiter->publish(trajectory(0.08));
  ASSERT_TRUE(until([this] { return risen() > 0.01; }));
  PoseTrajectory stop;
  stop.header.frame_id = "elsewhere";
  arbiter->publish(stop);
  const auto still = [this] { return std::abs(states.last.target_twist.linear.z) < 1e-9; };
  ASSERT_TRUE(until([&] { return still(); }));
  EXPECT_LT(risen(), 0.07);
}

TEST_F(Commands, ADirectTargetIsFollowedUnlessAnArbiterCommands) {
  const auto direct = publisher<PoseStamped>("arm/target_pose");
  direct->publish(target());
  ASSERT_TRUE(until([this] { return std::abs(risen() - 0.02) < 1e-3; }));
  const auto arbiter = publisher<PoseTrajectory>("arm/trajectory");
  direct->publish(target(-0.02));
  EXPECT_TRUE(until([this] {
    return states.last.last_rejection.find("publisher(s) on arm/trajectory") != std::string::npos;
  }));
  EXPECT_NEAR(risen(), 0.02, 2e-3);
}

TEST_F(Commands, ATargetOfSomeJointsLeavesTheOthers) {
  const auto direct = publisher<JointState>("arm/target_joint");
  JointState message;
  message.name = {"j4", "j1"};
  message.position = {kHome[3] - 0.1, kHome[0] + 0.1};
  direct->publish(message);
  ASSERT_TRUE(until([this] {
    return states.last.control == ArmState::CONTROL_JOINT &&
           std::abs(states.last.target_joint_position[3] - kHome[3] + 0.1) < 1e-3;
  }));
  EXPECT_NEAR(states.last.target_joint_position[0], kHome[0] + 0.1, 2e-3);
  EXPECT_NEAR(states.last.target_joint_position[1], kHome[1], 1e-6);
  message.name = {"j9"};
  message.position = {0.0};
  direct->publish(message);
  EXPECT_TRUE(until([this] {
    return states.last.last_rejection.find("joint 'j9' is not one of") != std::string::npos;
  }));
}

TEST_F(Commands, AWrenchIsAddedAndGoesWhenItsSenderDoes) {
  const auto direct = publisher<WrenchStamped>("arm/target_wrench");
  WrenchStamped message;
  message.wrench.force.z = 8.0;
  // The law counts its age by the time of the ticks.
  ASSERT_TRUE(until([&] {
    rig.now_ns = std::max(rig.now_ns, rig.node()->now().nanoseconds());
    direct->publish(message);
    return std::abs(states.last.target_wrench.force.z - 8.0) < 0.1;
  }));
  EXPECT_TRUE(until([this] {
    rig.now_ns = std::max(rig.now_ns, rig.node()->now().nanoseconds());
    return std::abs(states.last.target_wrench.force.z) < 1e-9;
  }));
}

TEST_F(Commands, TwoCommandersMakeTheArmHold) {
  Listener<diagnostic_msgs::msg::DiagnosticArray> diagnostics(client, "/diagnostics");
  const auto arbiter = publisher<PoseTrajectory>("arm/trajectory");
  {
    const auto other = publisher<PoseTrajectory>("arm/trajectory");
    ASSERT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_HOLD; }));
    arbiter->publish(trajectory());
    for (int i = 0; i < 100; ++i) until([] { return true; });
    EXPECT_EQ(states.last.chunk_id, 0u);
    EXPECT_TRUE(until([&] { return says(diagnostics.last, "2 publishers on arm/trajectory"); }));
  }
  ASSERT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_CARTESIAN; }));
  arbiter->publish(trajectory());
  EXPECT_TRUE(until([this] { return states.last.chunk_id == 7; }));
}

TEST_F(Commands, TwoDirectClientsMakeItHoldToo) {
  const auto one = publisher<PoseStamped>("arm/target_pose");
  const auto joints = publisher<JointState>("arm/target_joint");  // of the same node: no crowd
  one->publish(target());
  ASSERT_TRUE(until([this] { return std::abs(risen() - 0.02) < 1e-3; }));
  const auto second = rig.client("second");
  const auto two = second->create_publisher<PoseStamped>("target_pose", command_qos());
  EXPECT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_HOLD; }));
}

TEST_F(Commands, TwoClientsOfOneNameMakeItHoldToo) {
  const auto one = publisher<PoseStamped>("arm/target_pose");
  one->publish(target());
  ASSERT_TRUE(until([this] { return std::abs(risen() - 0.02) < 1e-3; }));
  const auto two = publisher<PoseStamped>("arm/target_pose");
  EXPECT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_HOLD; }));
}

TEST_F(Commands, AStopOutlastsACrowd) {
  ASSERT_TRUE(rig.node()->set_parameter({"stop_commands", true}).successful);
  {
    const auto one = publisher<PoseTrajectory>("arm/trajectory");
    const auto two = publisher<PoseTrajectory>("arm/trajectory");
    Listener<diagnostic_msgs::msg::DiagnosticArray> diagnostics(client, "/diagnostics");
    ASSERT_TRUE(until([&] { return says(diagnostics.last, "2 publishers on arm/trajectory"); }));
  }
  Listener<diagnostic_msgs::msg::DiagnosticArray> diagnostics(client, "/diagnostics");
  ASSERT_TRUE(until([&] { return says(diagnostics.last, "one commander at most"); }));
  for (int i = 0; i < 50; ++i) until([] { return true; });
  EXPECT_EQ(states.last.control, ArmState::CONTROL_HOLD);
  ASSERT_TRUE(rig.node()->set_parameter({"stop_commands", false}).successful);
  EXPECT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_CARTESIAN; }));
}

TEST_F(Commands, WhatIsAskedWhileInactiveCountsAfterwards) {
  ASSERT_TRUE(rig.deactivate());
  const std::vector<double> soft{250, 250, 250, 10, 10, 10};
  ASSERT_TRUE(rig.node()->set_parameter({"stiffness", soft}).successful);
  ASSERT_TRUE(rig.activate());
  EXPECT_TRUE(until([this] { return std::abs(states.last.stiffness[2] - 250.0) < 1.0; }));
}

TEST_F(Commands, GuideCanBeAskedForAgainAfterAnActivation) {
  const auto made = client->create_publisher<Impedance>("arm/impedance", latched_qos());
  Impedance message;
  message.guide = true;
  made->publish(message);
  ASSERT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_GUIDE; }));
  ASSERT_TRUE(rig.deactivate());
  ASSERT_TRUE(rig.activate());
  ASSERT_TRUE(until([&] {
    made->publish(message);
    return states.last.ticks > 0 && states.last.control == ArmState::CONTROL_GUIDE;
  }));
}

TEST_F(Commands, GainsAndGuideComeByTopic) {
  const auto made = client->create_publisher<Impedance>("arm/impedance", latched_qos());
  Impedance message;
  message.frame = Impedance::FRAME_TCP;
  message.stiffness = {300, 300, 300, 20, 20, 20};
  message.damping_ratio = {0.9, 0.9, 0.9, 0.9, 0.9, 0.9};
  message.joint_stiffness = std::vector<double>(7, 50.0);
  made->publish(message);
  ASSERT_TRUE(until([this] { return std::abs(states.last.stiffness[0] - 300.0) < 0.1; }));
  EXPECT_EQ(states.last.stiffness_frame, Impedance::FRAME_TCP);
  message.guide = true;
  made->publish(message);
  ASSERT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_GUIDE; }));
  message.guide = false;
  made->publish(message);
  ASSERT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_CARTESIAN; }));
  message.frame = 9;
  message.stiffness[0] = 900;
  made->publish(message);
  for (int i = 0; i < 100; ++i) until([] { return true; });
  EXPECT_LT(states.last.stiffness[0], 301.0);  // on its way back from guide
}

TEST_F(Commands, GainsComeByParameter) {
  const std::vector<double> soft{250, 250, 250, 10, 10, 10};
  ASSERT_TRUE(rig.node()->set_parameter({"stiffness", soft}).successful);
  EXPECT_TRUE(until([this] { return std::abs(states.last.stiffness[2] - 250.0) < 1.0; }));
}

TEST_F(Commands, NobodyIsHeardOnceInactive) {
  const auto arbiter = publisher<PoseTrajectory>("arm/trajectory");
  ASSERT_TRUE(rig.deactivate());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (arbiter->get_subscription_count() > 0 && std::chrono::steady_clock::now() < end) {
    rig.spin();
  }
  EXPECT_EQ(arbiter->get_subscription_count(), 0u);
  EXPECT_EQ(client->count_publishers("arm/state"), 0u);
}

// What CRISP's Python client does.

TEST_F(Commands, CrispMovesThePoseAndKeepsThePosture) {
  Listener<PoseStamped> pose(client, "current_pose", rclcpp::SensorDataQoS());
  using geometry_msgs::msg::TwistStamped;
  Listener<TwistStamped> twist(client, "current_twist", rclcpp::SensorDataQoS());
  ASSERT_TRUE(until([&] { return pose.count > 0 && twist.count > 0; }));
  EXPECT_EQ(pose.last.header.frame_id, "base");
  const auto poses = publisher<PoseStamped>("target_pose");
  const auto joints = publisher<JointState>("target_joint");
  PoseStamped message = target();
  message.header.frame_id = "base";
  poses->publish(message);
  JointState posture;
  posture.name = arm_joints();
  posture.position = kHome;
  posture.position[0] += 0.3;
  joints->publish(posture);
  EXPECT_TRUE(until([this] { return std::abs(risen() - 0.02) < 1e-3; }));
  EXPECT_EQ(states.last.control, ArmState::CONTROL_CARTESIAN);
  EXPECT_TRUE(states.last.last_rejection.empty()) << states.last.last_rejection;
}

TEST_F(Commands, CrispsParametersSetGains) {
  for (const char* axis : {"pos_x", "pos_y", "pos_z", "rot_x", "rot_y", "rot_z"}) {
    ASSERT_TRUE(rig.node()->has_parameter(std::string("task.k_") + axis));
    ASSERT_TRUE(rig.node()->has_parameter(std::string("task.d_") + axis));
  }
  ASSERT_TRUE(rig.node()->set_parameter({"task.k_pos_x", 320.0}).successful);
  EXPECT_TRUE(until([this] { return std::abs(states.last.stiffness[0] - 320.0) < 1.0; }));
  ASSERT_TRUE(rig.node()->set_parameter({"use_local_jacobian", true}).successful);
  EXPECT_TRUE(until([this] { return states.last.stiffness_frame == Impedance::FRAME_TCP; }));
  ASSERT_TRUE(rig.node()->set_parameter({"stop_commands", true}).successful);
  EXPECT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_HOLD; }));
}

// As a file of CRISP's has them.
TEST_F(GivenCommands, CrispsParametersCountFromTheStart) {
  EXPECT_TRUE(until([this] { return std::abs(states.last.stiffness[0] - 210.0) < 1.0; }));
  EXPECT_TRUE(until([this] { return states.last.control == ArmState::CONTROL_HOLD; }));
}

TEST_F(Commands, CrispSetsTheStiffnessByTopic) {
  const auto made = publisher<std_msgs::msg::Float64MultiArray>("target_stiffness");
  std_msgs::msg::Float64MultiArray message;
  message.data = {210, 220, 230, 11, 12, 13};
  made->publish(message);
  EXPECT_TRUE(until([this] { return std::abs(states.last.stiffness[1] - 220.0) < 1.0; }));
}

TEST_F(JointCommands, CrispMovesTheJoints) {
  const auto joints = publisher<JointState>("target_joint");
  EXPECT_EQ(client->count_subscribers("target_pose"), 0u);
  JointState message;
  message.name = arm_joints();
  message.position = kHome;
  message.position[0] += 0.2;
  joints->publish(message);
  EXPECT_TRUE(until([this] {
    return states.last.target_joint_position.size() == 7 &&
           std::abs(states.last.target_joint_position[0] - kHome[0] - 0.2) < 1e-3;
  }));
}

}  // namespace
}  // namespace takt_controllers::test
