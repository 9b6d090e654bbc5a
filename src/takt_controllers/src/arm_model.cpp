#include "takt_controllers/arm_model.hpp"

// Only the .hpp headers: they are what Pinocchio 3 (ROS) and 4 (PyPI) have in common.
#if __has_include(<pinocchio/multibody/model.hpp>)
#include <pinocchio/multibody/data.hpp>
#include <pinocchio/multibody/model.hpp>
#else
#include <pinocchio/multibody.hpp>
#endif
#include <pinocchio/algorithm/crba.hpp>
#include <pinocchio/algorithm/frames.hpp>
#include <pinocchio/algorithm/jacobian.hpp>
#include <pinocchio/algorithm/joint-configuration.hpp>
#include <pinocchio/algorithm/model.hpp>
#include <pinocchio/algorithm/rnea.hpp>
#include <pinocchio/parsers/urdf.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace takt_controllers {

using impedance::JointVector;
using impedance::Matrix3;
using impedance::TickInput;
using impedance::Vector3;

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

pinocchio::Model parse(const std::string& urdf) {
  if (urdf.empty()) {
    throw std::invalid_argument(
        "robot_description is empty: start robot_state_publisher, or give it to the controller "
        "manager");
  }
  pinocchio::Model model;
  try {
    pinocchio::urdf::buildModelFromXML(urdf, model);
  } catch (const std::exception& error) {
    throw std::invalid_argument(
        std::string("robot_description is not a URDF that Pinocchio reads: ") + error.what());
  }
  return model;
}

// The model with all joints but the arm's fixed at zero.
pinocchio::Model reduced(const ArmDescription& description) {
  const pinocchio::Model model = parse(description.urdf);
  const std::vector<std::string> movable(model.names.begin() + 1, model.names.end());
  for (const std::string& joint : description.joints) {
    if (std::find(movable.begin(), movable.end(), joint) == movable.end()) {
      throw std::invalid_argument("joints: '" + joint +
                                  "' is not a movable joint of robot_description, which has " +
                                  joined(movable));
    }
  }
  std::vector<pinocchio::JointIndex> others;
  for (const std::string& name : movable) {
    const auto& wanted = description.joints;
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) {
      others.push_back(model.getJointId(name));
    }
  }
  return pinocchio::buildReducedModel(model, others, pinocchio::neutral(model));
}

pinocchio::FrameIndex frame_of(const pinocchio::Model& model, const char* parameter,
                               const std::string& name) {
  if (!model.existFrame(name)) {
    std::vector<std::string> names;
    for (const auto& frame : model.frames) names.push_back(frame.name);
    throw std::invalid_argument(std::string(parameter) + ": '" + name +
                                "' is not a link of robot_description, which has " +
                                joined(names));
  }
  return model.getFrameId(name);
}

// The joint that carries a frame.
template <typename Frame>
auto carrier(const Frame& frame, int) -> decltype(frame.parentJoint) {
  return frame.parentJoint;
}
template <typename Frame>
auto carrier(const Frame& frame, long) -> decltype(frame.parent) {
  return frame.parent;
}

}  // namespace

struct ArmModel::Parts {
  explicit Parts(const ArmDescription& description)
      : model(reduced(description)), data(model), forward_data(model) {
    tool = frame_of(model, "tool_frame", description.tool_frame);
    const auto base = frame_of(model, "base_frame", description.base_frame);
    if (carrier(model.frames[base], 0) != 0) {
      throw std::invalid_argument("base_frame: '" + description.base_frame +
                                  "' moves with the joints; allowed is a link that does not");
    }
    base_from_root = model.frames[base].placement.inverse();
    model.gravity.linear() = base_from_root.rotation().transpose() * description.gravity;
    for (const std::string& name : description.joints) {
      const auto& joint = model.joints[model.getJointId(name)];
      if (joint.nv() != 1) {
        throw std::invalid_argument("joints: '" + name + "' has more than one degree of freedom");
      }
      index_q.push_back(joint.idx_q());
      index_v.push_back(joint.idx_v());
      continuous.push_back(joint.nq() == 2);
    }
    q = pinocchio::neutral(model);
    v = Eigen::VectorXd::Zero(model.nv);
    jacobian = Eigen::MatrixXd::Zero(6, model.nv);
    gravity = JointVector::Zero(n());
  }

  int n() const { return static_cast<int>(index_q.size()); }

  void configure(const JointVector& angles, const JointVector& velocities) {
    for (int i = 0; i < n(); ++i) {
      if (continuous[i]) {
        q[index_q[i]] = std::cos(angles(i));
        q[index_q[i] + 1] = std::sin(angles(i));
      } else {
        q[index_q[i]] = angles(i);
      }
      v[index_v[i]] = velocities(i);
    }
  }

  pinocchio::Model model;
  pinocchio::Data data, forward_data;
  pinocchio::FrameIndex tool = 0;
  pinocchio::SE3 base_from_root = pinocchio::SE3::Identity();
  std::vector<int> index_q, index_v;
  std::vector<bool> continuous;
  Eigen::VectorXd q, v;
  Eigen::MatrixXd jacobian;
  JointVector gravity;
};

ArmModel::ArmModel(const ArmDescription& description)
    : parts_(std::make_unique<Parts>(description)) {}
ArmModel::~ArmModel() = default;

int ArmModel::n_joints() const { return parts_->n(); }

const JointVector& ArmModel::gravity() const { return parts_->gravity; }

ArmLimits ArmModel::limits() const {
  const Parts& p = *parts_;
  const int n = p.n();
  ArmLimits limits{JointVector(n), JointVector(n), JointVector(n), JointVector(n)};
  for (int i = 0; i < n; ++i) {
    const bool free = p.continuous[i];
    limits.lower_rad(i) = free ? impedance::kNan : p.model.lowerPositionLimit[p.index_q[i]];
    limits.upper_rad(i) = free ? impedance::kNan : p.model.upperPositionLimit[p.index_q[i]];
    limits.velocity_rad_s(i) = p.model.velocityLimit[p.index_v[i]];
    limits.effort_nm(i) = p.model.effortLimit[p.index_v[i]];
  }
  return limits;
}

void ArmModel::fill_terms(TickInput& input) noexcept {
  Parts& p = *parts_;
  p.configure(input.q, input.dq);
  pinocchio::computeJointJacobians(p.model, p.data, p.q);
  const pinocchio::SE3& root_from_tool = pinocchio::updateFramePlacement(p.model, p.data, p.tool);
  const Matrix3 base = p.base_from_root.rotation();
  input.rotation.noalias() = base * root_from_tool.rotation();
  input.position.noalias() = base * root_from_tool.translation();
  input.position += p.base_from_root.translation();
  p.jacobian.setZero();
  pinocchio::getFrameJacobian(p.model, p.data, p.tool, pinocchio::LOCAL_WORLD_ALIGNED, p.jacobian);
  pinocchio::crba(p.model, p.data, p.q);
  const auto& bias = pinocchio::nonLinearEffects(p.model, p.data, p.q, p.v);
  for (int i = 0; i < p.n(); ++i) {
    const int a = p.index_v[i];
    input.jacobian.col(i).head<3>().noalias() = base * p.jacobian.col(a).head<3>();
    input.jacobian.col(i).tail<3>().noalias() = base * p.jacobian.col(a).tail<3>();
    input.bias(i) = bias[a];
    for (int j = 0; j < p.n(); ++j) {
      const int b = p.index_v[j];
      input.mass(i, j) = p.data.M(std::min(a, b), std::max(a, b));  // only this half is computed
    }
  }
  const auto& gravity = pinocchio::computeGeneralizedGravity(p.model, p.data, p.q);
  for (int i = 0; i < p.n(); ++i) p.gravity(i) = gravity[p.index_v[i]];
}

impedance::MovingPose ArmModel::forward(const JointVector& q, const JointVector& dq) noexcept {
  Parts& p = *parts_;
  p.configure(q, dq);
  pinocchio::forwardKinematics(p.model, p.forward_data, p.q, p.v);
  const pinocchio::SE3 pose =
      p.base_from_root * pinocchio::updateFramePlacement(p.model, p.forward_data, p.tool);
  const pinocchio::Motion twist =
      pinocchio::getFrameVelocity(p.model, p.forward_data, p.tool, pinocchio::LOCAL_WORLD_ALIGNED);
  impedance::MovingPose result;
  result.pose.position = pose.translation();
  result.pose.rotation = Eigen::Quaterniond(pose.rotation()).normalized();
  result.twist.head<3>() = p.base_from_root.rotation() * twist.linear();
  result.twist.tail<3>() = p.base_from_root.rotation() * twist.angular();
  return result;
}

impedance::Pose ArmModel::tool_from(const std::string& frame) const {
  const Parts& p = *parts_;
  const auto index = frame_of(p.model, "force_torque_sensor.frame", frame);
  const auto& other = p.model.frames[index];
  const auto& tool = p.model.frames[p.tool];
  if (carrier(other, 0) != carrier(tool, 0)) {
    throw std::invalid_argument("force_torque_sensor.frame: '" + frame +
                                "' moves against tool_frame '" + tool.name +
                                "'; allowed is a link that does not");
  }
  const pinocchio::SE3 transform = tool.placement.inverse() * other.placement;
  return {transform.translation(), Eigen::Quaterniond(transform.rotation()).normalized()};
}

}  // namespace takt_controllers
