#include <gmock/gmock.h>

#include "controller_rig.hpp"

namespace takt_controllers::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

ArmLimits limits() { return ArmModel({arm_urdf(), arm_joints(), "base", "tool", {}}).limits(); }

Settings settings() {
  Settings settings;
  settings.joints = arm_joints();
  settings.base_frame = "base";
  settings.tool_frame = "tool";
  return settings;
}

TEST(Configuration, DefaultsAreThoseOfTheLaw) {
  const impedance::Parameters ours = law_parameters(settings(), limits());
  const impedance::Parameters law(7);
  EXPECT_EQ(ours.stiffness, law.stiffness);
  EXPECT_EQ(ours.error_clip, law.error_clip);
  EXPECT_EQ(ours.damping, law.damping);
  EXPECT_EQ(ours.stiffness_rate, law.stiffness_rate);
  EXPECT_EQ(ours.feed_forward_rate, law.feed_forward_rate);
  EXPECT_EQ(ours.nullspace_stiffness, law.nullspace_stiffness);
  EXPECT_EQ(ours.joint_stiffness, law.joint_stiffness);
  EXPECT_EQ(ours.max_joint_jerk_rad_s3, law.max_joint_jerk_rad_s3);
  EXPECT_EQ(ours.torque_rate_limit_nm_s, law.torque_rate_limit_nm_s);
#define TAKT_EQUAL(name) EXPECT_EQ(ours.name, law.name) << #name
  TAKT_EQUAL(damping_kind);
  TAKT_EQUAL(projector);
  TAKT_EQUAL(stiffness_frame);
  TAKT_EQUAL(max_force_n);
  TAKT_EQUAL(max_moment_nm);
  TAKT_EQUAL(operational_space);
  TAKT_EQUAL(inertia_feed_forward);
  TAKT_EQUAL(joint_stiffness_rate);
  TAKT_EQUAL(max_feed_forward_n);
  TAKT_EQUAL(max_feed_forward_nm);
  TAKT_EQUAL(feed_forward_timeout_s);
  TAKT_EQUAL(tank);
  TAKT_EQUAL(tank_capacity_j);
  TAKT_EQUAL(tank_start_j);
  TAKT_EQUAL(tank_floor_j);
  TAKT_EQUAL(tank_margin_j);
  TAKT_EQUAL(tank_refill_w);
  TAKT_EQUAL(observer_cutoff_hz);
  TAKT_EQUAL(observer_damping);
  TAKT_EQUAL(max_contact_force_n);
  TAKT_EQUAL(contact_fade_n);
  TAKT_EQUAL(contact_retreat_s);
  TAKT_EQUAL(max_retreat_velocity_m_s);
  TAKT_EQUAL(max_tool_velocity_m_s);
  TAKT_EQUAL(max_tool_velocity_rad_s);
  TAKT_EQUAL(barrier_margin_rad);
  TAKT_EQUAL(barrier_gain);
  TAKT_EQUAL(friction_velocity_rad_s);
  TAKT_EQUAL(guide_max_linear_velocity_m_s);
  TAKT_EQUAL(guide_max_angular_velocity_rad_s);
  TAKT_EQUAL(damping_ratio_rate);
  TAKT_EQUAL(engage_s);
  TAKT_EQUAL(activation_blend_s);
  TAKT_EQUAL(max_linear_velocity_m_s);
  TAKT_EQUAL(max_angular_velocity_rad_s);
  TAKT_EQUAL(max_linear_acceleration_m_s2);
  TAKT_EQUAL(max_angular_acceleration_rad_s2);
  TAKT_EQUAL(max_linear_jerk_m_s3);
  TAKT_EQUAL(max_angular_jerk_rad_s3);
  TAKT_EQUAL(stop_s);
  TAKT_EQUAL(release_s);
  TAKT_EQUAL(release_stiffness_scale);
  TAKT_EQUAL(max_jump_m);
  TAKT_EQUAL(max_jump_rad);
  TAKT_EQUAL(max_start_delay_s);
  TAKT_EQUAL(max_waypoints);
  TAKT_EQUAL(keep_out_margin_m);
  TAKT_EQUAL(dt_min_s);
  TAKT_EQUAL(dt_max_s);
#undef TAKT_EQUAL
}

TEST(Configuration, JointLimitsComeFromTheUrdfUnlessGiven) {
  Settings given = settings();
  EXPECT_DOUBLE_EQ(law_parameters(given, limits()).torque_limit_nm(3), 60.0);
  EXPECT_DOUBLE_EQ(law_parameters(given, limits()).joint_lower_rad(0), -2.5);
  given.torque_limit_nm = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_DOUBLE_EQ(law_parameters(given, limits()).torque_limit_nm(3), 4.0);
}

TEST(Configuration, AListOfAnotherLengthIsRefused) {
  Settings given = settings();
  given.joint_stiffness = {10.0, 20.0};
  EXPECT_THAT([&] { law_parameters(given, limits()); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("joint_stiffness has 2 numbers, allowed is one for each of the 7")));
}

TEST(Configuration, WhatTheLawRefusesHasItsName) {
  Settings given = settings();
  given.tank_start_j = 9.0;
  EXPECT_THAT([&] { law_parameters(given, limits()); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("tank_start_j")));
}

TEST(Configuration, BodiesToKeepOutOfAreRead) {
  Settings given = settings();
  given.keep_out_names = {"table"};
  auto& table = given.keep_outs.keep_out_names_map["table"];
  table.shape = "half_space";
  table.centre_m = {0.0, 0.0, 0.02};
  table.normal = {0.0, 0.0, 1.0};
  const auto bodies = law_parameters(given, limits()).keep_outs;
  ASSERT_EQ(bodies.size(), 1u);
  EXPECT_EQ(bodies[0].shape, impedance::KeepOut::Shape::kHalfSpace);
  EXPECT_DOUBLE_EQ(bodies[0].centre.z(), 0.02);
}

TEST(Configuration, ClaimsTheInterfacesThatItNeeds) {
  Settings given = settings();
  given.joints.resize(2);
  EXPECT_THAT(ArmInterfaces::command_names(given), ElementsAre("j1/effort", "j2/effort"));
  EXPECT_THAT(ArmInterfaces::state_names(given),
              ElementsAre("j1/position", "j2/position", "j1/velocity", "j2/velocity"));
  given.hold_position_interface = true;
  given.measured_torque.available = true;
  given.force_torque_sensor.name = "wrist";
  EXPECT_THAT(ArmInterfaces::command_names(given),
              ElementsAre("j1/effort", "j2/effort", "j1/position", "j2/position"));
  EXPECT_EQ(ArmInterfaces::state_names(given).size(), 12u);
  EXPECT_EQ(ArmInterfaces::state_names(given)[6], "wrist/force.x");
  given.command_interface = "position";
  EXPECT_THAT(ArmInterfaces::command_names(given), ElementsAre("j1/position", "j2/position"));
}

TEST(Configuration, WithoutTheNecessaryNothingIsInitialised) {
  EXPECT_TRUE(Rig().initialised);
  EXPECT_FALSE(Rig(Rig::Parameters{rclcpp::Parameter("gravity_in_command")}).initialised);
  EXPECT_FALSE(Rig(Rig::Parameters{{"joints", std::vector<std::string>{"j1"}}}).initialised);
  EXPECT_FALSE(Rig(Rig::Parameters{{"max_force_n", -1.0}}).initialised);
  EXPECT_FALSE(Rig(Rig::Parameters{{"command_interface", "velocity"}}).initialised);
}

TEST(Configuration, FailsForWhatIsNotInTheUrdfAndForUnknownNames) {
  EXPECT_TRUE(Rig().configure());
  EXPECT_FALSE(Rig(Rig::Parameters{{"tool_frame", "hand"}}).configure());
  EXPECT_FALSE(Rig(Rig::Parameters{{"stifness", 3.0}}).configure());
  EXPECT_FALSE(Rig(Rig::Parameters{{"tank_start_j", 9.0}}).configure());
  EXPECT_TRUE(Rig(Rig::Parameters{{"use_sim_time", false}}).configure());
}

TEST(Configuration, CanBeCleanedUpAndConfiguredAgain) {
  Rig rig;
  ASSERT_TRUE(rig.configure());
  EXPECT_EQ(rig.node()->cleanup().id(), lifecycle_msgs::msg::State::PRIMARY_STATE_UNCONFIGURED);
  EXPECT_TRUE(rig.configure());
}

TEST(Configuration, OnlyGainsChangeOnceConfigured) {
  Rig rig;
  EXPECT_TRUE(rig.node()->set_parameter({"max_jump_m", 0.2}).successful);
  ASSERT_TRUE(rig.configure());
  const auto refused = rig.node()->set_parameter({"max_jump_m", 0.3});
  EXPECT_FALSE(refused.successful);
  EXPECT_THAT(refused.reason, HasSubstr("takes effect at configure"));
  const std::vector<double> soft{200, 200, 200, 10, 10, 10};
  EXPECT_TRUE(rig.node()->set_parameter({"stiffness", soft}).successful);
  EXPECT_FALSE(rig.node()->set_parameter({"stiffness", std::vector<double>{1.0}}).successful);
}

}  // namespace
}  // namespace takt_controllers::test
