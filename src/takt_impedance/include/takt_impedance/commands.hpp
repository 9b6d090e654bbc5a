// Hands commands to the thread that ticks, and what became of them back.
//
// For each kind of command the newest wins: a trajectory that was not taken yet is replaced. All
// commands that tell the robot where to go (poses, joints, single targets) are one kind. Commands
// of different kinds are applied in the order in which they were posted. A stop is of its own kind,
// so that it is never replaced by a motion that may then be refused.
#pragma once

#include <string>
#include <vector>

#include "takt_impedance/controller.hpp"
#include "takt_impedance/mailbox.hpp"

namespace takt_impedance {

enum class CommandKind {
  kMotion,
  kStop,
  kWrench,
  kStiffness,
  kNullspaceStiffness,
  kPosture,
  kJointImpedance,
  kMode,
  kResetFault,
};

// The answer to a post: whether the tick will see the command, and the id that its answer carries.
struct Posted {
  bool posted = false;
  std::uint64_t id = 0;
  std::string reason;  // why not: what is wrong with the command itself
};

// What became of a command that a tick took. A trajectory that had to wait for its start is
// answered a second time when that has come.
struct Answer {
  std::uint64_t id = 0;
  CommandKind kind = CommandKind::kMotion;
  Verdict verdict;
  std::string reason;  // why it was refused; empty if accepted
};

class Commands {
 public:
  explicit Commands(const Parameters& parameters);

  // -- the writer: one thread at a time -----------------------------------------------------------
  Posted post_trajectory(const WaypointView& waypoints, TimeNs start_ns);
  Posted post_joint_trajectory(const JointWaypointView& waypoints, TimeNs start_ns);
  Posted post_target(const double* pose7);
  Posted post_joint_target(const double* q);
  Posted post_wrench(const Vector6& wrench, TimeNs now_ns);
  Posted post_stiffness(const Matrix6& stiffness, Frame frame, const Vector6& damping_ratio);
  Posted post_nullspace_stiffness(const JointVector& stiffness);
  Posted post_posture(const JointVector& q);
  Posted post_joint_impedance(const JointVector& stiffness, const JointVector& damping_ratio);
  Posted post_mode(Mode mode);
  Posted post_reset_fault();
  std::vector<Answer> poll_results();
  std::uint64_t replaced() const { return replaced_ + overtaken_.load(std::memory_order_relaxed); }
  std::uint64_t lost_results() const { return results_.lost(); }

  // -- the ticking thread: wait-free --------------------------------------------------------------
  // Does what was posted before this call, in order.
  void apply(const TickInput& input, Controller& controller) noexcept;
  // After the tick: passes on what became of a trajectory whose start has come.
  void answer_start(const Verdict& verdict) noexcept;
  // Refuses everything that was posted so far.
  void refuse_all() noexcept;

 private:
  // Where to go.
  struct Motion {
    enum class What { kPoses, kJoints, kPose, kJointTarget };

    What what = What::kPoses;
    TimeNs start_ns = 0;
    Curve poses;
    JointCurve joints;
    Pose pose;
    JointVector q;
  };
  struct Stiffness {
    Matrix6 matrix = Matrix6::Zero();
    Frame frame = Frame::kBase;
    Vector6 damping_ratio = Vector6::Zero();
    bool has_ratio = false;
  };
  struct JointGains {
    JointVector stiffness, damping_ratio;
  };
  struct Wrench {
    Vector6 wrench = Vector6::Zero();
    TimeNs now_ns = 0;
  };
  // A mode that was replaced may have been a stop: those that are skipped must be noticed.
  struct NthMode {
    Mode mode = Mode::kHold;
    std::uint64_t nth = 0;
  };
  struct Nothing {};

  // A command on its way, with what both sides keep of it.
  template <typename Value>
  struct Stamped {
    std::uint64_t id = 0;
    Value value;
  };
  template <typename Value>
  struct Channel {
    explicit Channel(const Value& initial = Value()) : box(Stamped<Value>{0, initial}) {}
    Mailbox<Stamped<Value>> box;
    bool taken = false;  // by the ticking thread, which has not done it yet
  };
  struct Result {
    std::uint64_t id = 0;
    CommandKind kind = CommandKind::kMotion;
    Verdict verdict;
  };
  static constexpr std::size_t kKinds = 9;
  struct Due {
    std::uint64_t id;
    CommandKind kind;
  };

  template <typename Value>
  Value& draft(Channel<Value>& channel) {
    return channel.box.draft().value;
  }
  template <typename Value>
  Posted post(Channel<Value>& channel);
  template <typename Visit>
  void each_channel(Visit visit);
  Verdict run(CommandKind kind, const TickInput& input, Controller& controller) noexcept;
  Verdict go(Motion& motion, const TickInput& input, Controller& controller) noexcept;
  void set_mode(const NthMode& wanted, const TickInput& input, Controller& controller) noexcept;

  Parameters parameters_;
  std::uint64_t last_id_ = 0;
  std::uint64_t replaced_ = 0;
  std::atomic<std::uint64_t> overtaken_{0};  // replaced after they were taken
  std::uint64_t waiting_id_ = 0;          // of the trajectory that waits for its start
  std::atomic<std::uint64_t> posted_{0};  // id of the latest command that is in its mailbox
  Channel<Motion> motion_;
  Channel<Wrench> wrench_;
  Channel<Stiffness> stiffness_;
  Channel<JointVector> nullspace_, posture_;
  Channel<JointGains> joint_impedance_;
  Channel<NthMode> mode_;
  Channel<Nothing> stop_, reset_;
  Curve no_waypoints_;               // means stop
  std::uint64_t modes_posted_ = 0;   // by the writer
  std::uint64_t modes_done_ = 0;     // by the ticking thread
  ResultQueue<Result, 64> results_;
};

}  // namespace takt_impedance
