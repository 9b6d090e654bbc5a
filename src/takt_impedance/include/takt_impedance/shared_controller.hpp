// A controller between threads: a real-time thread ticks it, another posts commands, a third reads
// what the latest tick did. The ticking thread never waits, locks or allocates.
//
// Commands are read and checked where they are posted; what only the tick can know (too far from
// the target, a fault, the mode) is answered by `poll_results`. Any number of threads may post: they
// take turns by a mutex that the tick does not know of.
#pragma once

#include <mutex>
#include <vector>

#include "takt_impedance/commands.hpp"
#include "takt_impedance/controller.hpp"
#include "takt_impedance/statistics.hpp"

namespace takt_impedance {

// The answer to a post: whether the tick will see the command, and the id that its result carries.
struct Posted {
  bool posted = false;
  std::uint64_t id = 0;
  std::string reason;  // why not: what is wrong with the command itself
};

// A result with its text.
struct Answer {
  std::uint64_t id = 0;
  CommandKind kind = CommandKind::kMotion;
  Verdict verdict;
  std::string reason;  // why it was refused; empty if accepted
};

// What a tick read and did, all of the same tick.
struct Snapshot {
  explicit Snapshot(int n_joints)
      : q(JointVector::Zero(n_joints)),
        dq(JointVector::Zero(n_joints)),
        tau_measured(JointVector::Constant(n_joints, kNan)),
        output(n_joints) {}

  bool active = false;  // false until a tick after activation
  TimeNs now_ns = 0;
  JointVector q, dq, tau_measured;
  MovingPose measured;  // base_from_tcp and the twist of the tool point
  Vector6 wrench_measured = Vector6::Constant(kNan);
  TickOutput output;
  Counters counters;
  TickSummary statistics;
};

class SharedController {
 public:
  // Throws std::invalid_argument if a parameter is not valid. Allocates everything.
  explicit SharedController(const Parameters& parameters);

  const Parameters& parameters() const { return controller_.parameters(); }

  // -- the real-time thread -----------------------------------------------------------------------

  // As Controller::activate; not real-time safe if it throws. Commands posted before are refused.
  void activate(const TickInput& input);

  // Takes the commands posted since the tick before, ticks, and publishes a snapshot.
  const TickOutput& tick(const TickInput& input) noexcept;

  const TickOutput& output() const { return controller_.output(); }
  Mode mode() const { return controller_.mode(); }
  bool active() const { return controller_.active(); }

  // -- threads that command -----------------------------------------------------------------------

  // With `start_ns` in the future the present trajectory goes on until then. No waypoints: stop.
  Posted post_trajectory(const WaypointView& waypoints, TimeNs now_ns, TimeNs start_ns = 0);
  Posted post_joint_trajectory(const JointWaypointView& waypoints, TimeNs now_ns,
                               TimeNs start_ns = 0);
  Posted post_target(const double* pose7, TimeNs now_ns);
  Posted post_joint_target(const double* q, TimeNs now_ns);
  Posted post_wrench(const Vector6& wrench, TimeNs now_ns);
  // A damping ratio of NaN leaves it as it is.
  Posted post_stiffness(const Matrix6& stiffness, Frame frame,
                        const Vector6& damping_ratio = Vector6::Constant(kNan));
  Posted post_nullspace_stiffness(const JointVector& stiffness);
  Posted post_joint_impedance(const JointVector& stiffness, const JointVector& damping_ratio);
  Posted post_mode(Mode mode);
  Posted post_reset_fault();

  // Results since the last call, in order.
  std::vector<Answer> poll_results();

  // Commands that were replaced by newer ones before a tick took them.
  std::uint64_t replaced() const;

  // -- one thread that publishes ------------------------------------------------------------------

  // The newest; the reference is good until the next call.
  const Snapshot& snapshot();

 private:
  Controller controller_;
  Commands commands_;
  Mailbox<Snapshot> snapshots_;
  TickStatistics statistics_;
  mutable std::mutex writers_;
  std::uint64_t last_id_ = 0;
  std::uint64_t replaced_ = 0;
};

}  // namespace takt_impedance
