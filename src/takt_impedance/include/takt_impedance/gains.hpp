// Stiffness and damping ratios in use: a step in what is wanted becomes a ramp.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

class Gains {
 public:
  explicit Gains(const Parameters& parameters);

  // What to go to when the trajectory asks for nothing else. Validated by the caller.
  void set(const Matrix6& stiffness, Frame frame);
  void set_damping_ratio(const Vector6& ratio) { wanted_ratio_ = ratio; }
  void set_nullspace_stiffness(const JointVector& stiffness) { wanted_nullspace_ = stiffness; }
  void set_joint(const JointVector& stiffness, const JointVector& damping_ratio);

  // One tick. `tool_diagonal` (may be null) replaces the base stiffness, in the tool frame; `scale`
  // lowers either; `target` is the rotation of the target's tool frame. Returns true if the
  // stiffness is in other axes than before.
  bool step(const Vector6* tool_diagonal, double scale, const Eigen::Quaterniond& target,
            double dt_s);
  // The same for the gains of the joint impedance.
  void step_joint(double scale, double dt_s);

  const Matrix6& stiffness() const { return stiffness_; }
  Frame frame() const { return frame_; }
  // Of that, the translational part in base axes.
  Matrix3 translational(const Eigen::Quaterniond& target) const;
  const Vector6& damping_ratio() const { return ratio_; }
  const JointVector& nullspace_stiffness() const { return nullspace_; }
  const JointVector& joint_stiffness() const { return joint_; }
  const JointVector& joint_damping_ratio() const { return joint_ratio_; }

 private:
  void turn(Frame frame, const Eigen::Quaterniond& target);

  Vector6 stiffness_rate_;
  double ratio_rate_, joint_rate_;
  Matrix6 base_stiffness_, stiffness_;
  Frame base_frame_, frame_;
  Vector6 wanted_ratio_, ratio_;
  JointVector wanted_nullspace_, nullspace_;
  JointVector wanted_joint_, joint_, wanted_joint_ratio_, joint_ratio_;
};

}  // namespace takt_impedance
