#include <gmock/gmock.h>

#include <takt_msgs/msg/arm_state.hpp>

#include "controller_rig.hpp"

namespace takt_controllers::test {
namespace {

using takt_msgs::msg::ArmState;

const std::vector<double> kHome{0.1, 0.6, -0.3, 0.9, 0.4, -0.7, 0.2};

Rig::Parameters with_sensor() {
  return {{"command_interface", "position"},
          {"force_torque_sensor.name", "wrist"},
          {"force_torque_sensor.frame", "tool"}};
}

// A robot that is where it was told to be a tick ago.
void follow(Rig& rig, int ticks) {
  for (int i = 0; i < ticks; ++i) {
    ASSERT_EQ(rig.tick(), controller_interface::return_type::OK);
    rig.set_positions(rig.commands("position"));
  }
}

impedance::TickInput tool_at(const std::vector<double>& q) {
  ArmModel model({arm_urdf(), arm_joints(), "base", "tool", {0.0, 0.0, -9.81}});
  impedance::TickInput input(7);
  input.q = Eigen::Map<const Eigen::VectorXd>(q.data(), 7);
  model.fill_terms(input);
  return input;
}

TEST(PositionForm, StaysWhereItWasActivated) {
  Rig rig(with_sensor());
  rig.start(kHome);
  follow(rig, 500);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(rig.commands("position")[i], kHome[i], 1e-6);
}

TEST(PositionForm, YieldsToAForceByTheStiffness) {
  Rig rig(with_sensor());
  rig.start(kHome);
  // 10 N along z of the base, as the sensor sees it.
  const impedance::TickInput home = tool_at(kHome);
  for (int i = 0; i < 6000; ++i) {
    const impedance::TickInput now = tool_at(i == 0 ? kHome : rig.commands("position"));
    const impedance::Vector3 force = now.rotation.transpose() * impedance::Vector3(0, 0, 10);
    rig.set_state("wrist/force.x", force.x());
    rig.set_state("wrist/force.y", force.y());
    rig.set_state("wrist/force.z", force.z());
    follow(rig, 1);
  }
  const impedance::TickInput end = tool_at(rig.commands("position"));
  // 500 N/m, but for the pull of the nullspace.
  EXPECT_NEAR(end.position.z() - home.position.z(), 10.0 / 500.0, 2e-3);
}

TEST(PositionForm, ARobotThatDoesNotFollowIsAFaultAndNotRunAwayFrom) {
  Rig rig(with_sensor());
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  // Pushed for good, while the robot stands.
  for (const char* axis : {"x", "y", "z"}) rig.set_state(std::string("wrist/force.") + axis, 60.0);
  ASSERT_TRUE(rig.tick_until([&] { return states.last.fault == "tracking_error"; }, 10.0));
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(rig.commands("position")[i], kHome[i], 0.05);
  const std::vector<double> told = rig.commands("position");
  for (int i = 0; i < 200; ++i) rig.tick();
  EXPECT_EQ(rig.commands("position"), told);
}

TEST(PositionForm, AnyPositionThatCannotBeReadIsAFault) {
  for (const std::string& joint : arm_joints()) {
    Rig rig(with_sensor());
    rig.start(kHome);
    Listener<ArmState> states(rig.client(), "arm/state");
    rig.set_state(joint + "/position", std::nan(""));
    ASSERT_TRUE(rig.tick_until([&] { return states.last.fault == "tracking_error"; })) << joint;
    EXPECT_EQ(rig.commands("position"), kHome);
  }
}

TEST(PositionForm, ASensorThatFallsSilentIsAFault) {
  Rig rig(with_sensor());
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  ASSERT_TRUE(rig.tick_until([&] { return states.count > 0; }));
  rig.set_state("wrist/torque.y", std::nan(""));
  EXPECT_TRUE(rig.tick_until([&] { return states.last.fault == "nonfinite_wrench"; }));

  Rig never(with_sensor());
  never.set_positions(kHome);
  never.set_state("wrist/force.x", std::nan(""));
  ASSERT_TRUE(never.configure());
  never.lend();
  EXPECT_FALSE(never.activate());
}

TEST(PositionForm, TorquesThatAreNoLongerMeasuredAreAFault) {
  Rig rig(Rig::Parameters{{"command_interface", "position"}, {"measured_torque.available", true}});
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  ASSERT_TRUE(rig.tick_until([&] { return states.count > 0; }));
  EXPECT_EQ(states.last.fault, "");
  rig.set_state("j5/effort", std::nan(""));
  EXPECT_TRUE(rig.tick_until([&] { return states.last.fault == "nonfinite_wrench"; }));
}

TEST(PositionForm, ALateCycleDoesNotLeap) {
  Rig rig(with_sensor());
  rig.start(kHome);
  for (const char* axis : {"x", "y", "z"}) rig.set_state(std::string("wrist/force.") + axis, 60.0);
  follow(rig, 40);
  const std::vector<double> before = rig.commands("position");
  rig.tick(0.5);
  double farthest = 0.0;
  for (std::size_t i = 0; i < 7; ++i) {
    farthest = std::max(farthest, std::abs(rig.commands("position")[i] - before[i]));
  }
  EXPECT_GT(farthest, 0.0);
  EXPECT_LE(farthest, 2.0 * 0.005 + 1e-9);  // speed limit of the URDF, default of dt_max_s
}

TEST(PositionForm, TellsTheRealArmAndNotTheSimulatedOne) {
  Rig rig(with_sensor());
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  std::vector<double> aside = kHome;
  aside[0] += 0.02;  // it lags
  rig.set_positions(aside);
  ASSERT_TRUE(rig.tick_until([&] { return states.count > 1; }));
  EXPECT_NEAR(states.last.joint_position[0], aside[0], 1e-12);
  EXPECT_NEAR(states.last.tcp_pose.position.y, tool_at(aside).position.y(), 1e-9);
  EXPECT_TRUE(std::isnan(states.last.commanded_torque[0]));
  EXPECT_TRUE(states.last.fault.empty());
}

TEST(PositionForm, TheSensorsWrenchIsMovedToTheToolPoint) {
  Rig rig({{"force_torque_sensor.name", "wrist"},
           {"force_torque_sensor.frame", "sensor"},
           {"force_torque_sensor.sign", -1.0}});
  rig.set_state("wrist/force.y", 4.0);
  rig.set_state("wrist/torque.x", 1.0);
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  ASSERT_TRUE(rig.tick_until([&] { return states.count > 1; }));
  // The sensor's frame is turned about x by a right angle: its y is z of the tool.
  const impedance::Matrix3 rotation = tool_at(kHome).rotation;
  const impedance::Vector3 force = rotation * impedance::Vector3(0, 0, -4);
  const impedance::Vector3 moment = rotation * impedance::Vector3(-1, 0, 0);
  EXPECT_NEAR(states.last.wrench.force.x, force.x(), 1e-6);
  EXPECT_NEAR(states.last.wrench.force.z, force.z(), 1e-6);
  EXPECT_NEAR(states.last.wrench.torque.y, moment.y(), 1e-6);
}

}  // namespace
}  // namespace takt_controllers::test
