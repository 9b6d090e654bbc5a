// The controller: one object that a real-time loop ticks.
//
// All calls come from the thread that ticks. After construction `tick` allocates nothing and takes
// no lock; the set_* functions may allocate (messages, checks) but do not block.
#pragma once

#include "takt_impedance/follower.hpp"
#include "takt_impedance/gains.hpp"
#include "takt_impedance/law.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"
#include "takt_impedance/torque_limiter.hpp"

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

  // One control step. Real-time safe. Before `activate` it returns zero torque.
  const TickOutput& tick(const TickInput& input) noexcept;

  void set_mode(Mode mode);
  Mode mode() const { return mode_; }
  void set_stiffness(const Matrix6& stiffness);       // throws std::invalid_argument
  void set_damping_ratio(const Vector6& ratio);       // throws std::invalid_argument
  void set_posture(const JointVector& q);             // throws std::invalid_argument
  TrajectoryResult set_trajectory(const WaypointView& waypoints, TimeNs now_ns);
  TrajectoryResult set_target(const double* pose7, TimeNs now_ns);

  // Clears a latched fault and holds the measured pose; same requirements as `activate`.
  void reset_fault(const TickInput& input);

  const Parameters& parameters() const { return parameters_; }
  const TickOutput& output() const { return output_; }
  Counters counters() const;

 private:
  double check_clock(const TickInput& input);
  void compute_law(const TickInput& input, double dt_s);
  void compute_fallback(const TickInput& input, double dt_s);
  void start_torque();
  void blend(double dt_s);
  void raise(Fault fault);
  void hold_here(const TickInput& input);
  std::string refusal() const;
  TrajectoryResult count(TrajectoryResult result);

  Parameters parameters_;
  Follower follower_;
  Gains gains_;
  Law law_;
  TorqueLimiter limiter_;
  Mode mode_ = Mode::kHold;
  Fault fault_ = Fault::kNone;
  bool active_ = false;
  double engagement_ = 1.0;  // 0: no stiffness (guide); 1: all of it
  bool blend_starts_ = false;
  double blend_left_ = 0.0;       // fraction of `blend_offset_` that is left
  JointVector blend_from_;        // torque to start from, NaN where unknown
  JointVector blend_offset_;      // that torque minus the law's
  JointVector last_finite_bias_;  // for the fallback
  JointMatrix last_finite_mass_;
  TimeNs last_tick_ns_ = 0;
  LawOutput law_output_;
  TickOutput output_;
  Counters counters_;
};

// The first thing in the input that cannot be true, or none.
Fault find_invalid(const TickInput& input);

}  // namespace takt_impedance
