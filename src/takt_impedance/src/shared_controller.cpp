#include "takt_impedance/shared_controller.hpp"

#include <chrono>

namespace takt_impedance {

using Clock = std::chrono::steady_clock;
using Guard = std::lock_guard<std::mutex>;

SharedController::SharedController(const Parameters& parameters)
    : controller_(parameters),
      commands_(controller_.parameters()),
      snapshots_(Snapshot(parameters.n_joints)) {}

void SharedController::activate(const TickInput& input) {
  controller_.activate(input);
  commands_.refuse_all();
  statistics_ = TickStatistics();
  ticked_ = false;
}

const TickOutput& SharedController::tick(const TickInput& input) noexcept {
  const Clock::time_point start = Clock::now();
  commands_.apply(input, controller_);
  controller_.tick(input);
  commands_.answer_start(controller_.started());
  const std::chrono::duration<double> spent = Clock::now() - start;
  if (ticked_) {
    statistics_.add(seconds(input.now_ns - last_tick_ns_), controller_.output().overrun,
                    spent.count());
  }
  ticked_ = true;
  last_tick_ns_ = input.now_ns;
  leave_snapshot(input);
  return controller_.output();
}

void SharedController::leave_snapshot(const TickInput& in) {
  Snapshot& snapshot = snapshots_.draft();
  snapshot.active = controller_.active();
  snapshot.now_ns = in.now_ns;
  snapshot.q = in.q;
  snapshot.dq = in.dq;
  snapshot.tau_measured = in.tau_measured;
  snapshot.measured.pose = {in.position, Eigen::Quaterniond(in.rotation).normalized()};
  snapshot.measured.twist = in.jacobian.lazyProduct(in.dq);
  snapshot.wrench_measured = in.wrench_measured;
  snapshot.output = controller_.output();
  snapshot.counters = controller_.counters();
  snapshot.statistics = statistics_.summary();
  snapshots_.post();
}

const Snapshot& SharedController::snapshot() {
  snapshots_.take();
  return snapshots_.taken();
}

Posted SharedController::post_trajectory(const WaypointView& waypoints, TimeNs start_ns) {
  const Guard guard(posting_);
  return commands_.post_trajectory(waypoints, start_ns);
}

Posted SharedController::post_joint_trajectory(const JointWaypointView& waypoints,
                                               TimeNs start_ns) {
  const Guard guard(posting_);
  return commands_.post_joint_trajectory(waypoints, start_ns);
}

Posted SharedController::post_target(const double* pose7) {
  const Guard guard(posting_);
  return commands_.post_target(pose7);
}

Posted SharedController::post_joint_target(const double* q) {
  const Guard guard(posting_);
  return commands_.post_joint_target(q);
}

Posted SharedController::post_wrench(const Vector6& wrench, TimeNs now_ns) {
  const Guard guard(posting_);
  return commands_.post_wrench(wrench, now_ns);
}

Posted SharedController::post_stiffness(const Matrix6& stiffness, Frame frame,
                                        const Vector6& damping_ratio) {
  const Guard guard(posting_);
  return commands_.post_stiffness(stiffness, frame, damping_ratio);
}

Posted SharedController::post_nullspace_stiffness(const JointVector& stiffness) {
  const Guard guard(posting_);
  return commands_.post_nullspace_stiffness(stiffness);
}

Posted SharedController::post_posture(const JointVector& q) {
  const Guard guard(posting_);
  return commands_.post_posture(q);
}

Posted SharedController::post_joint_impedance(const JointVector& stiffness,
                                              const JointVector& damping_ratio) {
  const Guard guard(posting_);
  return commands_.post_joint_impedance(stiffness, damping_ratio);
}

Posted SharedController::post_mode(Mode mode) {
  const Guard guard(posting_);
  return commands_.post_mode(mode);
}

Posted SharedController::post_reset_fault() {
  const Guard guard(posting_);
  return commands_.post_reset_fault();
}

std::vector<Answer> SharedController::poll_results() {
  const Guard guard(posting_);
  return commands_.poll_results();
}

std::uint64_t SharedController::replaced() const {
  const Guard guard(posting_);
  return commands_.replaced();
}

std::uint64_t SharedController::lost_results() const { return commands_.lost_results(); }

}  // namespace takt_impedance
