// The controller: one object that a real-time loop ticks.
//
// All calls come from the thread that ticks. After construction `tick` allocates nothing and takes
// no lock; neither do the functions that are noexcept. The set_* functions may allocate (messages,
// checks) but do not block. For other threads there is SharedController.
#pragma once

#include <memory>
#include <utility>

#include "takt_impedance/contact_limiter.hpp"
#include "takt_impedance/feed_forward.hpp"
#include "takt_impedance/gains.hpp"
#include "takt_impedance/joint_law.hpp"
#include "takt_impedance/law.hpp"
#include "takt_impedance/motion.hpp"
#include "takt_impedance/observer.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/port.hpp"
#include "takt_impedance/tank.hpp"
#include "takt_impedance/tick.hpp"
#include "takt_impedance/torque_limiter.hpp"
#include "takt_impedance/verdict.hpp"
#include "takt_impedance/waypoints.hpp"

namespace takt_impedance {

struct Counters {
  std::int64_t ticks = 0;
  std::int64_t overruns = 0;
  std::int64_t starvations = 0;
  std::int64_t dropped_waypoints = 0;
  std::int64_t rejected_trajectories = 0;
  std::int64_t accepted_trajectories = 0;
  std::int64_t faults = 0;
};

class Controller {
 public:
  // Throws std::invalid_argument if a parameter is not valid.
  explicit Controller(const Parameters& parameters);

  // Before the first tick and after every gap. Uses q, pose, now_ns and tau_measured of the input
  // (NaN where not measured). Throws std::invalid_argument if q or pose are not finite.
  void activate(const TickInput& input);
  bool active() const { return active_; }

  // One control step. Before `activate` it returns zero torque.
  const TickOutput& tick(const TickInput& input) noexcept;

  Mode mode() const { return motion_.mode(); }
  void set_mode(Mode mode) noexcept { motion_.set_mode(mode); }

  // Checked: throw std::invalid_argument, and change nothing.
  void set_stiffness(const Matrix6& stiffness, Frame frame);
  void set_damping_ratio(const Vector6& ratio);
  void set_nullspace_stiffness(const JointVector& stiffness);
  void set_joint_impedance(const JointVector& stiffness, const JointVector& damping_ratio);
  void set_posture(const JointVector& q);
  // Adds a wrench (base axes, at the tool point) to the spring's for `feed_forward_timeout_s`. It acts
  // in mode kCartesian.
  void set_wrench(const Vector6& wrench, TimeNs now_ns);

  // The same without checks, for what was checked before.
  void apply_stiffness(const Matrix6& stiffness, Frame frame) noexcept;
  void apply_damping_ratio(const Vector6& ratio) noexcept;
  void apply_nullspace_stiffness(const JointVector& stiffness) noexcept;
  void apply_joint_impedance(const JointVector& stiffness,
                             const JointVector& damping_ratio) noexcept;
  void apply_wrench(const Vector6& wrench, TimeNs now_ns) noexcept;

  // With `start_ns` in the future the present trajectory goes on until then. No waypoints: stop.
  TrajectoryResult set_trajectory(const WaypointView& waypoints, TimeNs now_ns,
                                  TimeNs start_ns = 0);
  TrajectoryResult set_joint_trajectory(const JointWaypointView& waypoints, TimeNs now_ns,
                                        TimeNs start_ns = 0);
  TrajectoryResult set_target(const double* pose7, TimeNs now_ns);
  TrajectoryResult set_joint_target(const double* q, TimeNs now_ns);

  // The same from what `prepare` made of them.
  Verdict check(const Curve& incoming, TimeNs now_ns, TimeNs start_ns = 0) const noexcept;
  Verdict check(const JointCurve& incoming, TimeNs now_ns, TimeNs start_ns = 0) const noexcept;
  Verdict commit(Curve& incoming, TimeNs now_ns, TimeNs start_ns = 0) noexcept;
  Verdict commit(JointCurve& incoming, TimeNs now_ns, TimeNs start_ns = 0) noexcept;
  Verdict commit_target(const Pose& pose, TimeNs now_ns) noexcept;
  Verdict commit_target(const JointVector& q, TimeNs now_ns) noexcept;

  // For a group of arms: what waits for its start waits for the others, too.
  void join(std::shared_ptr<GroupTicket> ticket) { motion_.join(std::move(ticket)); }
  const Motion& motion() const { return motion_; }

  // Latches a fault that the caller found; the first one stays.
  void raise(Fault fault) noexcept;

  // Clears a latched fault and holds the measured pose; without one nothing happens. Same requirements
  // as `activate`.
  void reset_fault(const TickInput& input);
  Verdict try_reset_fault(const TickInput& input) noexcept;

  const Parameters& parameters() const { return parameters_; }
  const TickOutput& output() const { return output_; }
  Counters counters() const;

  // What became, in the latest tick, of a trajectory whose start had come; code kNone and not accepted
  // if there was none.
  const Verdict& started() const { return started_; }

 private:
  double check_clock(const TickInput& input);
  void compute(const TickInput& input, double dt_s);
  bool compute_cartesian(const TickInput& input, double stiffness_scale, double dt_s);
  bool compute_joint(const TickInput& input, double stiffness_scale, double dt_s);
  void report_cartesian(const TickInput& input);
  void report_joint(const TickInput& input);
  void compute_fallback(const TickInput& input, double dt_s);
  Vector3 contact_force(const TickInput& input) const;
  double inertial_share() const;
  void step_motion(const TickInput& input, double dt_s);
  void start_blend();
  void start_torque();
  void blend(double dt_s);
  void hold_here(const TickInput& input);
  Verdict refusal() const;
  Verdict count(const Verdict& verdict);

  Parameters parameters_;
  Motion motion_;
  Gains gains_;
  Law law_;
  JointLaw joint_law_;
  FeedForward feed_forward_;
  Tank tank_;
  Port port_;
  Observer observer_;
  ContactLimiter contact_;
  TorqueLimiter limiter_;
  Curve curve_;              // room to read trajectories into
  JointCurve joint_curve_;
  Verdict started_;
  Fault fault_ = Fault::kNone;
  bool active_ = false;
  double engagement_ = 1.0;  // 0: no stiffness (guide); 1: all of it
  bool blend_starts_ = false;
  double blend_left_ = 0.0;       // fraction of `blend_offset_` that is left
  JointVector blend_from_;        // torque to start from, NaN where unknown
  JointVector blend_offset_;      // that torque minus the law's
  JointVector passive_;           // torque of what dissipates or conserves by itself
  JointVector last_finite_bias_;  // for the fallback
  JointMatrix last_finite_mass_;
  TimeNs last_tick_ns_ = 0;
  LawCommand law_command_;
  LawOutput law_output_;
  JointCommand joint_command_;
  TickOutput output_;
  Counters counters_;
};

}  // namespace takt_impedance
