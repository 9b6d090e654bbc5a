#include "pinocchio_arm.hpp"

#include <pinocchio/algorithm/crba.hpp>
#include <pinocchio/algorithm/frames.hpp>
#include <pinocchio/algorithm/jacobian.hpp>
#include <pinocchio/algorithm/rnea.hpp>
#include <pinocchio/multibody.hpp>
#include <string>

namespace takt_impedance::sample {
namespace {

constexpr int kArmJoints = 7;

pinocchio::Model seven_joint_arm() {
  pinocchio::Model model;
  pinocchio::JointIndex parent = 0;
  for (int i = 0; i < kArmJoints; ++i) {
    const double turn = i % 2 == 0 ? 1.5707963 : -1.5707963;
    const Eigen::Matrix3d rotation =
        Eigen::AngleAxisd(turn, Eigen::Vector3d::UnitX()).toRotationMatrix();
    const pinocchio::SE3 placement(rotation, Eigen::Vector3d(0.02, 0.0, 0.2));
    parent = model.addJoint(parent, pinocchio::JointModelRZ(), placement,
                            "joint" + std::to_string(i));
    model.appendBodyToJoint(parent, pinocchio::Inertia(2.0, Eigen::Vector3d(0.0, 0.02, 0.1),
                                                       0.02 * Eigen::Matrix3d::Identity()));
  }
  model.addFrame(pinocchio::Frame("tcp", parent, 0, pinocchio::SE3::Identity(),
                                  pinocchio::OP_FRAME));
  return model;
}

}  // namespace

struct PinocchioArm::Parts {
  pinocchio::Model model = seven_joint_arm();
  pinocchio::Data data{model};
  pinocchio::FrameIndex frame = model.getFrameId("tcp");
  Eigen::VectorXd q = Eigen::VectorXd::Zero(kArmJoints), dq = q;
  Eigen::Matrix<double, 6, kArmJoints> jacobian;
  Eigen::Matrix<double, kArmJoints, kArmJoints> mass;
};

PinocchioArm::PinocchioArm() : parts_(std::make_unique<Parts>()) {}
PinocchioArm::~PinocchioArm() = default;

void PinocchioArm::fill_terms(TickInput& input) {
  Parts& p = *parts_;
  p.q = input.q;
  p.dq = input.dq;
  pinocchio::computeJointJacobians(p.model, p.data, p.q);
  const pinocchio::SE3& pose = pinocchio::updateFramePlacement(p.model, p.data, p.frame);
  input.position = pose.translation();
  input.rotation = pose.rotation();
  p.jacobian.setZero();
  pinocchio::getFrameJacobian(p.model, p.data, p.frame, pinocchio::LOCAL_WORLD_ALIGNED, p.jacobian);
  input.jacobian = p.jacobian;
  pinocchio::crba(p.model, p.data, p.q);
  p.mass = p.data.M.selfadjointView<Eigen::Upper>();
  input.mass = p.mass;
  input.bias = pinocchio::nonLinearEffects(p.model, p.data, p.q, p.dq);
}

}  // namespace takt_impedance::sample
