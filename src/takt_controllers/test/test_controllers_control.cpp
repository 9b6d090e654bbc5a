#include <gmock/gmock.h>

#include <std_srvs/srv/trigger.hpp>
#include <takt_msgs/msg/arm_state.hpp>
#include <thread>

#include "controller_rig.hpp"

namespace takt_controllers::test {
namespace {

using takt_msgs::msg::ArmState;

const std::vector<double> kHome{0.1, 0.6, -0.3, 0.9, 0.4, -0.7, 0.2};

// The arm's terms at `q`, at rest, and the torques of gravity there.
impedance::TickInput terms_at(const std::vector<double>& q, impedance::JointVector& gravity) {
  ArmModel model({arm_urdf(), arm_joints(), "base", "tool", {0.0, 0.0, -9.81}});
  impedance::TickInput input(7);
  input.q = Eigen::Map<const Eigen::VectorXd>(q.data(), 7);
  model.fill_terms(input);
  gravity = model.gravity();
  return input;
}

std::vector<double> gravity_at(const std::vector<double>& q) {
  impedance::JointVector gravity;
  terms_at(q, gravity);
  return {gravity.data(), gravity.data() + 7};
}

void expect_near(const std::vector<double>& values, const std::vector<double>& wanted, double by) {
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], wanted[i], by) << i;
}

TEST(Control, StandsStillAfterActivation) {
  Rig rig;
  rig.start(kHome);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(rig.tick(), controller_interface::return_type::OK);
    expect_near(rig.commands(), gravity_at(kHome), 1e-6);
  }
}

TEST(Control, BeginsWithTheMeasuredTorque) {
  Rig rig({{"measured_torque.available", true}});
  std::vector<double> torque = gravity_at(kHome);
  for (std::size_t i = 0; i < 7; ++i) {
    torque[i] += i % 2 == 0 ? 3.0 : -2.0;
    rig.set_state(arm_joints()[i] + "/effort", torque[i]);
  }
  rig.start(kHome);
  rig.tick();
  expect_near(rig.commands(), torque, 0.05);
}

TEST(Control, AMeasuredTorqueWithoutGravityGetsIt) {
  Rig rig({{"measured_torque.available", true},
           {"measured_torque.includes_gravity", false},
           {"measured_torque.sign", -1.0}});
  for (const std::string& joint : arm_joints()) rig.set_state(joint + "/effort", -1.5);
  rig.start(kHome);
  rig.tick();
  std::vector<double> wanted = gravity_at(kHome);
  for (double& torque : wanted) torque += 1.5;
  expect_near(rig.commands(), wanted, 0.05);
}

TEST(Control, LeavesOutWhatTheRobotAddsItself) {
  Rig rig({{"gravity_in_command", false}});
  rig.start(kHome);
  rig.tick();
  expect_near(rig.commands(), std::vector<double>(7, 0.0), 1e-6);

  Rig fast({{"gravity_in_command", false}, {"coriolis_in_command", false}});
  fast.start(kHome);
  Rig with({{"gravity_in_command", false}});
  with.start(kHome);
  for (const std::string& joint : arm_joints()) {
    fast.set_state(joint + "/velocity", 0.5);
    with.set_state(joint + "/velocity", 0.5);
  }
  fast.tick();
  with.tick();
  impedance::JointVector gravity;
  impedance::TickInput input = terms_at(kHome, gravity);
  ArmModel model({arm_urdf(), arm_joints(), "base", "tool", {0.0, 0.0, -9.81}});
  input.dq.setConstant(0.5);
  model.fill_terms(input);
  std::vector<double> coriolis = with.commands();
  for (int i = 0; i < 7; ++i) coriolis[i] -= fast.commands()[i];
  expect_near(coriolis, to_vector(input.bias - gravity), 1e-9);
  EXPECT_GT((input.bias - gravity).norm(), 0.01);
}

TEST(Control, ATickIsTheLawsOwn) {
  Rig rig;
  rig.start(kHome);
  ArmModel model({arm_urdf(), arm_joints(), "base", "tool", {0.0, 0.0, -9.81}});
  Settings settings;
  settings.joints = arm_joints();
  impedance::SharedController law(law_parameters(settings, model.limits()));
  impedance::TickInput input(7);
  std::vector<double> q = kHome;
  for (int i = 0; i < 200; ++i) {
    input.q = Eigen::Map<const Eigen::VectorXd>(q.data(), 7);
    input.dt_s = 1e-3;
    input.now_ns = rig.now_ns + 1'000'000;
    model.fill_terms(input);
    if (i == 0) {
      law.activate(input);
      law.post_mode(impedance::Mode::kCartesian);
    }
    rig.set_positions(q);
    rig.tick();
    const std::vector<double> wanted = to_vector(law.tick(input).torque);
    expect_near(rig.commands(), wanted, 1e-9);
    q[static_cast<std::size_t>(i) % 7] += 1e-3;
  }
}

TEST(Control, WritesTheMeasuredPositionsWhereTheDriverWantsThem) {
  Rig rig({{"hold_position_interface", true}});
  rig.start(kHome);
  rig.tick();
  expect_near(rig.commands("position"), kHome, 0.0);
}

TEST(Control, LeavesTheArmCarriedAtDeactivation) {
  Rig with({{"gravity_in_command", true}});
  with.start(kHome);
  std::vector<double> moved = kHome;
  moved[1] += 0.05;
  with.set_positions(moved);
  for (int i = 0; i < 50; ++i) with.tick();
  ASSERT_TRUE(with.deactivate());
  expect_near(with.commands(), gravity_at(moved), 1e-9);

  Rig without({{"gravity_in_command", false}});
  without.start(kHome);
  without.set_positions(moved);
  for (int i = 0; i < 50; ++i) without.tick();
  EXPECT_GT(std::abs(without.commands()[1]), 1.0);
  ASSERT_TRUE(without.deactivate());
  expect_near(without.commands(), std::vector<double>(7, 0.0), 0.0);
}

TEST(Control, ActivatesAgainWhereItIs) {
  Rig rig;
  rig.start(kHome);
  for (int i = 0; i < 20; ++i) rig.tick();
  ASSERT_TRUE(rig.deactivate());
  std::vector<double> moved = kHome;
  moved[3] += 0.4;
  rig.set_positions(moved);
  ASSERT_TRUE(rig.activate());
  rig.tick();
  expect_near(rig.commands(), gravity_at(moved), 1e-6);
}

TEST(Control, DoesNotActivateBlindly) {
  Rig rig;
  std::vector<double> unknown = kHome;
  unknown[2] = std::nan("");
  EXPECT_THROW(rig.start(unknown), std::runtime_error);
}

TEST(Control, WhatCannotBeReadNeverReachesTheRobot) {
  for (const char* unknown : {"j3/position", "j3/velocity"}) {
    for (const bool robot_adds : {true, false}) {
      Rig rig({{"gravity_in_command", !robot_adds},
               {"coriolis_in_command", !robot_adds},
               {"hold_position_interface", true}});
      rig.start(kHome);
      rig.tick();
      rig.set_state(unknown, std::nan(""));
      const std::vector<double> wanted = robot_adds ? std::vector<double>(7, 0.0)
                                                    : gravity_at(kHome);
      for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(rig.tick(), controller_interface::return_type::OK);
        expect_near(rig.commands(), wanted, 1e-6);
        expect_near(rig.commands("position"), kHome, 0.0);
      }
      ASSERT_TRUE(rig.deactivate());
      expect_near(rig.commands(), wanted, 1e-6);
      expect_near(rig.commands("position"), kHome, 0.0);
    }
  }
}

TEST(Control, AFaultLatchesUntilItIsReset) {
  Rig rig;
  rig.start(kHome);
  const auto client = rig.client();
  Listener<ArmState> states(client, "arm/state");
  const auto reset = client->create_client<std_srvs::srv::Trigger>("control/reset_fault");
  ASSERT_TRUE(rig.tick_until([&] { return states.count > 0 && reset->service_is_ready(); }));

  rig.set_state("j3/velocity", std::nan(""));
  rig.tick();
  for (const double torque : rig.commands()) EXPECT_TRUE(std::isfinite(torque));
  rig.set_state("j3/velocity", 0.0);
  ASSERT_TRUE(rig.tick_until([&] { return states.last.control == ArmState::CONTROL_FAULT; }));
  EXPECT_EQ(states.last.fault, "nonfinite_velocity");

  auto answer = reset->async_send_request(std::make_shared<std_srvs::srv::Trigger::Request>());
  // The service waits for the loop: ticks go on in another thread meanwhile.
  std::atomic<bool> done{false};
  std::thread loop([&] {
    while (!done) {
      rig.tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready &&
         std::chrono::steady_clock::now() < patience) {
    rig.spin();
  }
  done = true;
  loop.join();
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_TRUE(answer.get()->success);
  EXPECT_TRUE(rig.tick_until([&] { return states.last.fault.empty(); }));
  EXPECT_EQ(states.last.control, ArmState::CONTROL_CARTESIAN);
}

TEST(Control, MayBeTriedAgainWhenItCouldNotActivate) {
  Rig rig;
  rig.set_positions(kHome);
  rig.set_state("j3/position", std::nan(""));
  ASSERT_TRUE(rig.configure());
  rig.lend();
  ASSERT_FALSE(rig.activate());
  rig.set_positions(kHome);
  ASSERT_TRUE(rig.activate());
  rig.tick();
  expect_near(rig.commands(), gravity_at(kHome), 1e-6);
}

TEST(Control, TheEndOfRosDoesNotEndTheLoop) {
  Rig rig;
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  ASSERT_TRUE(rig.tick_until([&] { return states.count > 0; }));
  rclcpp::shutdown();
  for (int i = 0; i < 300; ++i) {  // the background counts commanders ten times a second
    ASSERT_EQ(rig.tick(), controller_interface::return_type::OK);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  expect_near(rig.commands(), gravity_at(kHome), 1e-6);
}

TEST(Control, TheJointControllerBeginsOnJoints) {
  Rig rig({}, std::make_shared<JointImpedanceController>());
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  ASSERT_TRUE(rig.tick_until([&] { return states.last.control == ArmState::CONTROL_JOINT; }));
  expect_near(states.last.target_joint_position, kHome, 1e-9);
  expect_near(rig.commands(), gravity_at(kHome), 1e-6);
  EXPECT_NEAR(states.last.target_pose.position.x, states.last.tcp_pose.position.x, 1e-9);
}

TEST(Control, TellsTheStateOfTheTick) {
  Rig rig;
  rig.start(kHome);
  Listener<ArmState> states(rig.client(), "arm/state");
  ASSERT_TRUE(rig.tick_until([&] { return states.count > 1; }));
  impedance::JointVector gravity;
  const impedance::TickInput input = terms_at(kHome, gravity);
  const ArmState& state = states.last;
  EXPECT_EQ(state.header.frame_id, "base");
  EXPECT_LE(to_ns(state.header.stamp), rig.now_ns);
  EXPECT_EQ((rig.now_ns - to_ns(state.header.stamp)) % 1'000'000, 0);
  EXPECT_EQ(state.joint_names, arm_joints());
  expect_near(state.joint_position, kHome, 0.0);
  expect_near(state.commanded_torque, gravity_at(kHome), 1e-6);
  EXPECT_NEAR(state.tcp_pose.position.z, input.position.z(), 1e-12);
  EXPECT_TRUE(std::isnan(state.wrench.force.x));
  EXPECT_TRUE(std::isnan(state.gripper_width));
  EXPECT_GT(state.ticks, 0u);
}

}  // namespace
}  // namespace takt_controllers::test
