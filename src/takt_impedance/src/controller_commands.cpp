// What the controller is told: gains, wrenches, trajectories and targets.
#include <stdexcept>

#include "takt_impedance/controller.hpp"

namespace takt_impedance {

void Controller::apply_stiffness(const Matrix6& stiffness, Frame frame) noexcept {
  gains_.set(stiffness, frame);
}

void Controller::apply_damping_ratio(const Vector6& ratio) noexcept {
  gains_.set_damping_ratio(ratio);
}

void Controller::apply_nullspace_stiffness(const JointVector& stiffness) noexcept {
  gains_.set_nullspace_stiffness(stiffness);
}

void Controller::apply_joint_impedance(const JointVector& stiffness,
                                       const JointVector& damping_ratio) noexcept {
  gains_.set_joint(stiffness, damping_ratio);
}

void Controller::apply_wrench(const Vector6& wrench, TimeNs now_ns) noexcept {
  feed_forward_.set(wrench, now_ns);
}

void Controller::set_stiffness(const Matrix6& stiffness, Frame frame) {
  check_stiffness(stiffness);
  apply_stiffness(stiffness, frame);
}

void Controller::set_damping_ratio(const Vector6& ratio) {
  check_damping_ratio(ratio);
  apply_damping_ratio(ratio);
}

void Controller::set_nullspace_stiffness(const JointVector& stiffness) {
  check_joint_values("nullspace_stiffness", stiffness, parameters_.n_joints);
  apply_nullspace_stiffness(stiffness);
}

void Controller::set_joint_impedance(const JointVector& stiffness,
                                     const JointVector& damping_ratio) {
  check_joint_values("joint_stiffness", stiffness, parameters_.n_joints);
  check_joint_values("joint_damping_ratio", damping_ratio, parameters_.n_joints);
  apply_joint_impedance(stiffness, damping_ratio);
}

void Controller::set_wrench(const Vector6& wrench, TimeNs now_ns) {
  check_wrench(wrench);
  apply_wrench(wrench, now_ns);
}

void Controller::set_posture(const JointVector& q) {
  if (!q.allFinite()) {
    throw std::invalid_argument("nullspace posture: found a value that is not finite");
  }
  law_.set_posture(q);
}

Verdict Controller::count(const Verdict& verdict) {
  counters_.dropped_waypoints += verdict.dropped;
  ++(verdict.accepted ? counters_.accepted_trajectories : counters_.rejected_trajectories);
  return verdict;
}

// Why nothing is followed now; accepted if something is.
Verdict Controller::refusal() const {
  if (!active_) return refuse(Refusal::kInactive);
  if (fault_ == Fault::kNone) return accept();
  Verdict verdict = refuse(Refusal::kFault);
  verdict.fault = fault_;
  return verdict;
}

// "Stop now" is welcome in every state.
Verdict Controller::check(const Curve& incoming, TimeNs now_ns, TimeNs start_ns) const noexcept {
  const Verdict refused = refusal();
  const bool asked = refused.accepted || incoming.empty();
  return asked ? motion_.check(incoming, now_ns, start_ns) : refused;
}

Verdict Controller::check(const JointCurve& incoming, TimeNs now_ns,
                          TimeNs start_ns) const noexcept {
  const Verdict refused = refusal();
  const bool asked = refused.accepted || incoming.empty();
  return asked ? motion_.check(incoming, now_ns, start_ns) : refused;
}

Verdict Controller::commit(Curve& incoming, TimeNs now_ns, TimeNs start_ns) noexcept {
  const Verdict refused = refusal();
  if (!refused.accepted && !incoming.empty()) return count(refused);
  return count(motion_.commit(incoming, now_ns, start_ns));
}

Verdict Controller::commit(JointCurve& incoming, TimeNs now_ns, TimeNs start_ns) noexcept {
  const Verdict refused = refusal();
  if (!refused.accepted && !incoming.empty()) return count(refused);
  return count(motion_.commit(incoming, now_ns, start_ns));
}

Verdict Controller::commit_target(const Pose& pose, TimeNs now_ns) noexcept {
  const Verdict refused = refusal();
  return count(refused.accepted ? motion_.commit_target(pose, now_ns) : refused);
}

Verdict Controller::commit_target(const JointVector& q, TimeNs now_ns) noexcept {
  const Verdict refused = refusal();
  return count(refused.accepted ? motion_.commit_target(q, now_ns) : refused);
}

TrajectoryResult Controller::set_trajectory(const WaypointView& waypoints, TimeNs now_ns,
                                            TimeNs start_ns) {
  const Verdict read = prepare(waypoints, curve_);
  return result_of(read.accepted ? commit(curve_, now_ns, start_ns) : count(read));
}

TrajectoryResult Controller::set_joint_trajectory(const JointWaypointView& waypoints,
                                                  TimeNs now_ns, TimeNs start_ns) {
  const Verdict read = prepare(waypoints, parameters_.joint_lower_rad,
                               parameters_.joint_upper_rad, joint_curve_);
  return result_of(read.accepted ? commit(joint_curve_, now_ns, start_ns) : count(read));
}

TrajectoryResult Controller::set_target(const double* pose7, TimeNs now_ns) {
  Pose pose;
  const Verdict read = read_pose(pose7, pose);
  return result_of(read.accepted ? commit_target(pose, now_ns) : count(read));
}

TrajectoryResult Controller::set_joint_target(const double* q, TimeNs now_ns) {
  return result_of(commit_target(
      JointVector(Eigen::Map<const Eigen::VectorXd>(q, parameters_.n_joints)), now_ns));
}

Counters Controller::counters() const {
  Counters counters = counters_;
  counters.starvations = motion_.starvations();
  return counters;
}

}  // namespace takt_impedance
