// Hands commands to the thread that ticks, and their results back, without locks, waits or
// allocations on the ticking side.
//
// For each kind of command the newest wins: a trajectory that was not taken yet is replaced. All
// commands that tell the robot where to go (poses, joints, single targets, stop) are one kind.
// Different kinds are applied in the order in which they were posted.
#pragma once

#include "takt_impedance/curve.hpp"
#include "takt_impedance/joint_curve.hpp"
#include "takt_impedance/mailbox.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"
#include "takt_impedance/verdict.hpp"

namespace takt_impedance {

enum class CommandKind {
  kMotion,
  kWrench,
  kStiffness,
  kNullspaceStiffness,
  kJointImpedance,
  kMode,
  kResetFault,
};
inline constexpr int kCommandKinds = 7;

// What the ticking side answers, once for each command that it took.
struct CommandResult {
  std::uint64_t id = 0;
  CommandKind kind = CommandKind::kMotion;
  Verdict verdict;
};

struct MotionCommand {
  enum class What { kPoses, kJoints, kPose, kJointTarget };

  std::uint64_t id = 0;
  What what = What::kPoses;
  TimeNs start_ns = 0;
  TimeNs now_ns = 0;
  Curve poses;
  JointCurve joints;
  Pose pose;
  JointVector q;
};

struct StiffnessCommand {
  std::uint64_t id = 0;
  Matrix6 stiffness = Matrix6::Zero();
  Frame frame = Frame::kBase;
  Vector6 damping_ratio = Vector6::Constant(kNan);  // NaN: as it is
};

struct JointGainsCommand {
  std::uint64_t id = 0;
  JointVector stiffness, damping_ratio;
};

struct WrenchCommand {
  std::uint64_t id = 0;
  TimeNs now_ns = 0;
  Vector6 wrench = Vector6::Zero();
};

struct ModeCommand {
  std::uint64_t id = 0;
  Mode mode = Mode::kHold;
};

struct Commands {
  explicit Commands(const Parameters& parameters);

  Mailbox<MotionCommand> motion;
  Mailbox<StiffnessCommand> stiffness;
  Mailbox<JointGainsCommand> nullspace, joint_impedance;
  Mailbox<WrenchCommand> wrench;
  Mailbox<ModeCommand> mode;
  Mailbox<std::uint64_t> reset_fault;
  ResultQueue<CommandResult, 64> results;
};

}  // namespace takt_impedance
