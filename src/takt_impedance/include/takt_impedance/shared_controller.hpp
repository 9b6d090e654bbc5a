// A controller between threads: a real-time thread ticks it, others post commands, one reads what
// the latest tick did. The ticking thread never waits, locks or allocates.
//
// Commands are read and checked where they are posted; what only the tick can know (too far from
// the target, a fault, the mode) comes with `poll_results`. The posting threads take turns by a
// mutex that the tick does not know of.
#pragma once

#include <mutex>
#include <vector>

#include "takt_impedance/commands.hpp"
#include "takt_impedance/controller.hpp"
#include "takt_impedance/mailbox.hpp"
#include "takt_impedance/statistics.hpp"

namespace takt_impedance {

// What a tick read and did, all of the same tick.
struct Snapshot {
  explicit Snapshot(int n_joints)
      : q(JointVector::Zero(n_joints)),
        dq(JointVector::Zero(n_joints)),
        tau_measured(JointVector::Constant(n_joints, kNan)),
        output(n_joints) {}

  bool active = false;  // false until the first tick after an activation
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

  // As Controller::activate, which may throw. Commands posted before are refused.
  void activate(const TickInput& input);

  // Does what was posted since the tick before, ticks, and leaves a snapshot.
  const TickOutput& tick(const TickInput& input) noexcept;

  // Latches a fault that only the caller can see, before the tick that is to act on it.
  void raise(Fault fault) noexcept { controller_.raise(fault); }

  const TickOutput& output() const { return controller_.output(); }
  Mode mode() const { return controller_.mode(); }
  bool active() const { return controller_.active(); }

  // -- threads that command -----------------------------------------------------------------------

  // Whether waypoints are past is decided by the tick's own time. With `start_ns` in the future the
  // present trajectory goes on until then. No waypoints: stop.
  Posted post_trajectory(const WaypointView& waypoints, TimeNs start_ns = 0);
  Posted post_joint_trajectory(const JointWaypointView& waypoints, TimeNs start_ns = 0);
  Posted post_target(const double* pose7);
  Posted post_joint_target(const double* q);
  Posted post_wrench(const Vector6& wrench, TimeNs now_ns);
  // A damping ratio of NaN leaves it as it is.
  Posted post_stiffness(const Matrix6& stiffness, Frame frame,
                        const Vector6& damping_ratio = Vector6::Constant(kNan));
  Posted post_nullspace_stiffness(const JointVector& stiffness);
  Posted post_posture(const JointVector& q);
  Posted post_joint_impedance(const JointVector& stiffness, const JointVector& damping_ratio);
  Posted post_mode(Mode mode);
  Posted post_reset_fault();

  // What became of commands since the last call, in order.
  std::vector<Answer> poll_results();

  // Commands that newer ones replaced before a tick took them.
  std::uint64_t replaced() const;
  // Answers that nobody polled for in time: there is room for 64.
  std::uint64_t lost_results() const;

  // -- one thread that publishes ------------------------------------------------------------------

  // The newest; the reference is good until the next call.
  const Snapshot& snapshot();

 private:
  void leave_snapshot(const TickInput& input);

  Controller controller_;
  Commands commands_;
  Mailbox<Snapshot> snapshots_;
  TickStatistics statistics_;
  TimeNs last_tick_ns_ = 0;
  bool ticked_ = false;
  mutable std::mutex posting_;
};

}  // namespace takt_impedance
