#include "takt_impedance/gains.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

template <typename Vector>
void approach(const Vector& wanted, double step, Vector& value) {
  value += (wanted - value).cwiseMax(-step).cwiseMin(step);
}

}  // namespace

Gains::Gains(const Parameters& p)
    : stiffness_rate_(p.stiffness_rate),
      ratio_rate_(p.damping_ratio_rate),
      joint_rate_(p.joint_stiffness_rate),
      base_stiffness_(p.stiffness),
      stiffness_(p.stiffness),
      base_frame_(p.stiffness_frame),
      frame_(p.stiffness_frame),
      wanted_ratio_(p.damping_ratio),
      ratio_(p.damping_ratio),
      wanted_nullspace_(p.nullspace_stiffness),
      nullspace_(p.nullspace_stiffness),
      wanted_joint_(p.joint_stiffness),
      joint_(p.joint_stiffness),
      wanted_joint_ratio_(p.joint_damping_ratio),
      joint_ratio_(p.joint_damping_ratio) {}

void Gains::set(const Matrix6& stiffness, Frame frame) {
  base_stiffness_ = stiffness;
  base_frame_ = frame;
}

void Gains::set_joint(const JointVector& stiffness, const JointVector& damping_ratio) {
  wanted_joint_ = stiffness;
  wanted_joint_ratio_ = damping_ratio;
}

// The same stiffness in other axes.
void Gains::turn(Frame frame, const Eigen::Quaterniond& target) {
  frame_ = frame;
  Matrix3 axes = target.toRotationMatrix();  // columns: of the new frame in the old one
  if (frame == Frame::kBase) axes.transposeInPlace();
  for (int i = 0; i < 6; i += 3) {
    for (int j = 0; j < 6; j += 3) {
      stiffness_.block<3, 3>(i, j) =
          (axes.transpose() * stiffness_.block<3, 3>(i, j) * axes).eval();
    }
  }
  stiffness_ = (0.5 * (stiffness_ + stiffness_.transpose())).eval();
}

Matrix3 Gains::translational(const Eigen::Quaterniond& target) const {
  const Matrix3 part = stiffness_.topLeftCorner<3, 3>();
  if (frame_ == Frame::kBase) return part;
  const Matrix3 axes = target.toRotationMatrix();
  return axes * part * axes.transpose();
}

bool Gains::step(const Vector6* tool_diagonal, double scale, const Eigen::Quaterniond& target,
                 double dt_s) {
  const Frame frame = tool_diagonal != nullptr ? Frame::kTool : base_frame_;
  const bool turned = frame != frame_;
  if (turned) turn(frame, target);
  Matrix6 wanted = base_stiffness_;
  if (tool_diagonal != nullptr) wanted = tool_diagonal->asDiagonal();
  const Matrix6 change = scale * wanted - stiffness_;
  // One fraction for the whole matrix: between two positive semidefinite matrices, every matrix
  // on the straight line is positive semidefinite.
  double fraction = 1.0;
  for (int i = 0; i < 6; ++i) {
    const double largest = change.row(i).cwiseAbs().maxCoeff();
    if (largest > 0.0) fraction = std::min(fraction, stiffness_rate_(i) * dt_s / largest);
  }
  if (fraction < 1.0) {
    stiffness_ += fraction * change;
  } else {
    stiffness_ = scale * wanted;
  }
  approach(wanted_ratio_, ratio_rate_ * dt_s, ratio_);
  approach(wanted_nullspace_, joint_rate_ * dt_s, nullspace_);
  return turned;
}

void Gains::step_joint(double scale, double dt_s) {
  approach(JointVector(scale * wanted_joint_), joint_rate_ * dt_s, joint_);
  approach(wanted_joint_ratio_, ratio_rate_ * dt_s, joint_ratio_);
}

}  // namespace takt_impedance
