// Absolute torque and torque rate per joint: the last thing before the torque leaves.
#pragma once

#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

class TorqueLimiter {
 public:
  explicit TorqueLimiter(const Parameters& parameters);

  // The rate is limited against this torque in the next tick.
  void reset(const JointVector& torque) { last_ = torque; }
  const JointVector& last() const { return last_; }

  // After a gap of `gap_s` the robot may no longer apply what was commanded last: moves the
  // reference to the measured torque where there is one, no faster than the rate limit.
  void realign(const JointVector& measured, double gap_s);

  // Limits `torque` in place.
  void limit(double dt_s, JointVector& torque, bool& torque_limited, bool& rate_limited);

 private:
  JointVector limit_, rate_, last_;
};

}  // namespace takt_impedance
