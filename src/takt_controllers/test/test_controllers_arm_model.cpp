#include <gmock/gmock.h>

#include <Eigen/Cholesky>

#include "controller_rig.hpp"

namespace takt_controllers::test {
namespace {

using impedance::JointVector;
using impedance::TickInput;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

ArmDescription described(const std::string& urdf = arm_urdf()) {
  return {urdf, arm_joints(), "base", "tool", {0.0, 0.0, -9.81}};
}

JointVector angles() {
  JointVector q(7);
  q << 0.1, 0.6, -0.3, 0.9, 0.4, -0.7, 0.2;
  return q;
}

TickInput terms(ArmModel& model, const JointVector& q) {
  TickInput input(7);
  input.q = q;
  input.dq << 0.3, -0.2, 0.1, 0.4, -0.5, 0.2, 0.6;
  model.fill_terms(input);
  return input;
}

TEST(ArmModel, JacobianIsTheDerivativeOfThePose) {
  ArmModel model(described());
  const TickInput at = terms(model, angles());
  constexpr double kStep = 1e-6;
  for (int i = 0; i < 7; ++i) {
    JointVector q = angles();
    q(i) += kStep;
    const TickInput moved = terms(model, q);
    const impedance::Vector3 linear = (moved.position - at.position) / kStep;
    const Eigen::AngleAxisd turn(impedance::Matrix3(moved.rotation * at.rotation.transpose()));
    const impedance::Vector3 angular = turn.axis() * turn.angle() / kStep;
    EXPECT_LT((linear - at.jacobian.col(i).head<3>()).norm(), 1e-5) << i;
    EXPECT_LT((angular - at.jacobian.col(i).tail<3>()).norm(), 1e-5) << i;
  }
}

TEST(ArmModel, MassIsSymmetricAndPositive) {
  ArmModel model(described());
  const TickInput at = terms(model, angles());
  EXPECT_LT((at.mass - at.mass.transpose()).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_GT(Eigen::MatrixXd(at.mass).ldlt().vectorD().minCoeff(), 0.0);
}

TEST(ArmModel, GravityIsTheBiasAtRest) {
  ArmModel model(described());
  TickInput input(7);
  input.q = angles();
  model.fill_terms(input);
  EXPECT_LT((input.bias - model.gravity()).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_GT(model.gravity().cwiseAbs().maxCoeff(), 1.0);
}

TEST(ArmModel, ForwardAgreesWithTheTerms) {
  ArmModel model(described());
  const TickInput at = terms(model, angles());
  const impedance::MovingPose tool = model.forward(at.q, at.dq);
  EXPECT_LT((tool.pose.position - at.position).norm(), 1e-12);
  EXPECT_LT((tool.pose.rotation.toRotationMatrix() - at.rotation).norm(), 1e-12);
  EXPECT_LT((tool.twist - at.jacobian * at.dq).norm(), 1e-9);
}

TEST(ArmModel, TheOrderOfJointsIsTheCallers) {
  ArmModel model(described());
  ArmDescription reversed = described();
  std::reverse(reversed.joints.begin(), reversed.joints.end());
  ArmModel other(reversed);
  const TickInput a = terms(model, angles());
  TickInput b(7);
  b.q = a.q.reverse();
  b.dq = a.dq.reverse();
  other.fill_terms(b);
  EXPECT_LT((a.position - b.position).norm(), 1e-12);
  EXPECT_LT((a.bias - JointVector(b.bias.reverse())).norm(), 1e-9);
  EXPECT_NEAR(a.mass(0, 2), b.mass(6, 4), 1e-12);
}

TEST(ArmModel, AContinuousJointHasNoLimitAndTheSameTerms) {
  ArmModel model(described());
  ArmModel free(described(arm_urdf(true)));
  EXPECT_TRUE(std::isnan(free.limits().lower_rad(6)));
  EXPECT_DOUBLE_EQ(free.limits().upper_rad(5), 2.5);
  EXPECT_DOUBLE_EQ(free.limits().effort_nm(0), 60.0);
  const TickInput a = terms(model, angles());
  const TickInput b = terms(free, angles());
  EXPECT_LT((a.position - b.position).norm(), 1e-12);
  EXPECT_LT((a.jacobian - b.jacobian).norm(), 1e-12);
  EXPECT_LT((a.bias - b.bias).norm(), 1e-9);
}

TEST(ArmModel, ABaseThatIsNotTheRootTurnsEverything) {
  std::string urdf = arm_urdf();
  const std::string end = "</robot>";
  urdf.replace(urdf.rfind(end), end.size(),
               "<link name='wall'/><joint name='screws' type='fixed'><parent link='base'/><child "
               "link='wall'/><origin xyz='0.3 0 0' rpy='0 0 1.5707963267949'/></joint></robot>");
  ArmDescription description = described(urdf);
  ArmModel model(description);
  description.base_frame = "wall";
  ArmModel turned(description);
  const TickInput a = terms(model, angles());
  const TickInput b = terms(turned, angles());
  EXPECT_NEAR(b.position.x(), a.position.y(), 1e-9);
  EXPECT_NEAR(b.position.y(), -(a.position.x() - 0.3), 1e-9);
  EXPECT_NEAR(b.jacobian(0, 3), a.jacobian(1, 3), 1e-9);
  EXPECT_LT((a.bias - b.bias).norm(), 1e-9);  // gravity is along z of both
}

TEST(ArmModel, SaysWhatIsWrongWithTheDescription) {
  const auto make = [](const std::function<void(ArmDescription&)>& spoil) {
    ArmDescription description = described();
    spoil(description);
    ArmModel model(description);
  };
  const auto says = [&make](const std::function<void(ArmDescription&)>& spoil, const char* text) {
    EXPECT_THAT([&] { make(spoil); }, ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
  };
  says([](ArmDescription& d) { d.urdf.clear(); }, "robot_description is empty");
  says([](ArmDescription& d) { d.urdf = "<robot"; }, "not a URDF");
  says([](ArmDescription& d) { d.joints[2] = "j9"; }, "'j9' is not a movable joint");
  says([](ArmDescription& d) { d.tool_frame = "hand"; }, "tool_frame: 'hand' is not a link");
  says([](ArmDescription& d) { d.base_frame = "link3"; }, "'link3' moves with the joints");
  EXPECT_THAT([] { ArmModel(described()).tool_from("link5"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("moves against tool_frame")));
}

}  // namespace
}  // namespace takt_controllers::test
