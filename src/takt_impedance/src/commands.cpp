#include "takt_impedance/commands.hpp"

#include <stdexcept>

namespace takt_impedance {
namespace {

Posted not_posted(const Verdict& verdict) { return {false, 0, describe(verdict)}; }

// Runs checks that throw.
template <typename Check>
std::string complaint(Check check) {
  try {
    check();
  } catch (const std::invalid_argument& wrong) {
    return wrong.what();
  }
  return {};
}

}  // namespace

Commands::Commands(const Parameters& p)
    : parameters_(p),
      motion_(Motion{Motion::What::kPoses, 0, Curve(p.max_waypoints), JointCurve(p.max_waypoints),
                     Pose(), JointVector::Zero(p.n_joints)}),
      nullspace_(JointVector::Zero(p.n_joints)),
      posture_(JointVector::Zero(p.n_joints)) {}

// -- the writer ---------------------------------------------------------------------------------

template <typename Value>
Posted Commands::post(Channel<Value>& channel) {
  channel.box.draft().id = ++last_id_;
  if (channel.box.post()) ++replaced_;
  posted_.store(last_id_, std::memory_order_release);
  return {true, last_id_, {}};
}

Posted Commands::post_trajectory(const WaypointView& waypoints, TimeNs start_ns) {
  if (waypoints.count == 0) return post(stop_);
  Motion& motion = draft(motion_);
  const Verdict read = prepare(waypoints, motion.poses);
  if (!read.accepted) return not_posted(read);
  motion.what = Motion::What::kPoses;
  motion.start_ns = start_ns;
  return post(motion_);
}

Posted Commands::post_joint_trajectory(const JointWaypointView& waypoints, TimeNs start_ns) {
  if (waypoints.count == 0) return post(stop_);
  Motion& motion = draft(motion_);
  const Verdict read = prepare(waypoints, parameters_.joint_lower_rad,
                               parameters_.joint_upper_rad, motion.joints);
  if (!read.accepted) return not_posted(read);
  motion.what = Motion::What::kJoints;
  motion.start_ns = start_ns;
  return post(motion_);
}

Posted Commands::post_target(const double* pose7) {
  Motion& motion = draft(motion_);
  const Verdict read = read_pose(pose7, motion.pose);
  if (!read.accepted) return not_posted(read);
  motion.what = Motion::What::kPose;
  return post(motion_);
}

Posted Commands::post_joint_target(const double* q) {
  Motion& motion = draft(motion_);
  motion.q = Eigen::Map<const Eigen::VectorXd>(q, parameters_.n_joints);
  motion.what = Motion::What::kJointTarget;
  return post(motion_);
}

Posted Commands::post_wrench(const Vector6& wrench, TimeNs now_ns) {
  if (std::string wrong = complaint([&] { check_wrench(wrench); }); !wrong.empty()) {
    return {false, 0, wrong};
  }
  draft(wrench_) = {wrench, now_ns};
  return post(wrench_);
}

Posted Commands::post_stiffness(const Matrix6& stiffness, Frame frame, const Vector6& ratio) {
  const bool has_ratio = !ratio.array().isNaN().all();
  const std::string wrong = complaint([&] {
    check_stiffness(stiffness);
    if (has_ratio) check_damping_ratio(ratio);
  });
  if (!wrong.empty()) return {false, 0, wrong};
  draft(stiffness_) = {stiffness, frame, ratio, has_ratio};
  return post(stiffness_);
}

Posted Commands::post_nullspace_stiffness(const JointVector& stiffness) {
  const std::string wrong = complaint(
      [&] { check_joint_values("nullspace_stiffness", stiffness, parameters_.n_joints); });
  if (!wrong.empty()) return {false, 0, wrong};
  draft(nullspace_) = stiffness;
  return post(nullspace_);
}

Posted Commands::post_posture(const JointVector& q) {
  if (q.size() != parameters_.n_joints || !q.allFinite()) {
    return {false, 0, "nullspace posture: allowed a finite value for each joint"};
  }
  draft(posture_) = q;
  return post(posture_);
}

Posted Commands::post_joint_impedance(const JointVector& stiffness, const JointVector& ratio) {
  const std::string wrong = complaint([&] {
    check_joint_values("joint_stiffness", stiffness, parameters_.n_joints);
    check_joint_values("joint_damping_ratio", ratio, parameters_.n_joints);
  });
  if (!wrong.empty()) return {false, 0, wrong};
  draft(joint_impedance_) = {stiffness, ratio};
  return post(joint_impedance_);
}

Posted Commands::post_mode(Mode mode) {
  draft(mode_) = {mode, ++modes_posted_};
  return post(mode_);
}

Posted Commands::post_reset_fault() { return post(reset_); }

std::vector<Answer> Commands::poll_results() {
  std::vector<Answer> answers;
  for (Result result; results_.pop(result);) {
    answers.push_back({result.id, result.kind, result.verdict, describe(result.verdict)});
  }
  return answers;
}

// -- the ticking thread -------------------------------------------------------------------------

template <typename Visit>
void Commands::each_channel(Visit visit) {
  visit(motion_, CommandKind::kMotion);
  visit(stop_, CommandKind::kStop);
  visit(wrench_, CommandKind::kWrench);
  visit(stiffness_, CommandKind::kStiffness);
  visit(nullspace_, CommandKind::kNullspaceStiffness);
  visit(posture_, CommandKind::kPosture);
  visit(joint_impedance_, CommandKind::kJointImpedance);
  visit(mode_, CommandKind::kMode);
  visit(reset_, CommandKind::kResetFault);
}

Verdict Commands::go(Motion& motion, const TickInput& in, Controller& controller) noexcept {
  switch (motion.what) {
    case Motion::What::kPoses: return controller.commit(motion.poses, in.now_ns, motion.start_ns);
    case Motion::What::kJoints: return controller.commit(motion.joints, in.now_ns, motion.start_ns);
    case Motion::What::kPose: return controller.commit_target(motion.pose, in.now_ns);
    case Motion::What::kJointTarget: break;
  }
  return controller.commit_target(motion.q, in.now_ns);
}

// One that was replaced on the way counts as a stop, which every change of mode is.
void Commands::set_mode(const NthMode& wanted, const TickInput& in,
                        Controller& controller) noexcept {
  if (wanted.nth != modes_done_ + 1) controller.commit(no_waypoints_, in.now_ns);
  modes_done_ = wanted.nth;
  controller.set_mode(wanted.mode);
}

Verdict Commands::run(CommandKind kind, const TickInput& in, Controller& controller) noexcept {
  switch (kind) {
    case CommandKind::kMotion:
      return go(motion_.box.taken().value, in, controller);
    case CommandKind::kStop:
      return controller.commit(no_waypoints_, in.now_ns);
    case CommandKind::kWrench: {
      const Wrench& wrench = wrench_.box.taken().value;
      controller.apply_wrench(wrench.wrench, wrench.now_ns);
      break;
    }
    case CommandKind::kStiffness: {
      const Stiffness& stiffness = stiffness_.box.taken().value;
      controller.apply_stiffness(stiffness.matrix, stiffness.frame);
      if (stiffness.has_ratio) controller.apply_damping_ratio(stiffness.damping_ratio);
      break;
    }
    case CommandKind::kNullspaceStiffness:
      controller.apply_nullspace_stiffness(nullspace_.box.taken().value);
      break;
    case CommandKind::kPosture:
      controller.set_posture(posture_.box.taken().value);
      break;
    case CommandKind::kJointImpedance: {
      const JointGains& gains = joint_impedance_.box.taken().value;
      controller.apply_joint_impedance(gains.stiffness, gains.damping_ratio);
      break;
    }
    case CommandKind::kMode:
      set_mode(mode_.box.taken().value, in, controller);
      break;
    case CommandKind::kResetFault:
      return controller.try_reset_fault(in);
  }
  return accept();
}

void Commands::apply(const TickInput& in, Controller& controller) noexcept {
  // Later ones wait for the next tick: what was posted before them may be in a mailbox that is
  // looked into before they are.
  const std::uint64_t latest = posted_.load(std::memory_order_acquire);
  std::array<Due, kKinds> due;
  std::size_t count = 0;
  each_channel([&](auto& channel, CommandKind kind) {
    if (channel.box.take()) {
      if (channel.taken) overtaken_.fetch_add(1, std::memory_order_relaxed);
      channel.taken = true;
    }
    const std::uint64_t id = channel.box.taken().id;
    if (!channel.taken || id > latest) return;
    channel.taken = false;
    std::size_t place = count++;
    for (; place > 0 && due[place - 1].id > id; --place) due[place] = due[place - 1];
    due[place] = {id, kind};
  });
  for (std::size_t i = 0; i < count; ++i) {
    const Verdict verdict = run(due[i].kind, in, controller);
    if (due[i].kind == CommandKind::kMotion && verdict.accepted) waiting_id_ = due[i].id;
    results_.push({due[i].id, due[i].kind, verdict});
  }
}

void Commands::answer_start(const Verdict& verdict) noexcept {
  if (!verdict.accepted && verdict.code == Refusal::kNone) return;
  results_.push({waiting_id_, CommandKind::kMotion, verdict});
}

void Commands::refuse_all() noexcept {
  each_channel([&](auto& channel, CommandKind kind) {
    const bool fresh = channel.box.take();
    if (fresh && channel.taken) overtaken_.fetch_add(1, std::memory_order_relaxed);
    if (!fresh && !channel.taken) return;
    channel.taken = false;
    results_.push({channel.box.taken().id, kind, refuse(Refusal::kInactive)});
  });
  modes_done_ = mode_.box.taken().value.nth;
}

}  // namespace takt_impedance
