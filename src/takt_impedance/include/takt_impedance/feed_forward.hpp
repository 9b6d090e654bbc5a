// A wrench that the robot adds to its spring: limited, reached along a ramp, gone when nobody asks
// for it any longer.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

class FeedForward {
 public:
  explicit FeedForward(const Parameters& parameters);

  // What to go to, base axes at the tool point; force and moment are limited apart.
  void set(const Vector6& wrench, TimeNs now_ns);

  void reset();

  // Asks for nothing any longer; what is left fades.
  void stop() { wanted_.setZero(); }

  // One tick.
  void step(TimeNs now_ns, double dt_s);

  const Vector6& wrench() const { return wrench_; }

 private:
  double max_force_n_, max_moment_nm_, timeout_s_;
  Vector6 rate_;
  Vector6 wanted_ = Vector6::Zero(), wrench_ = Vector6::Zero();
  TimeNs set_at_ns_ = 0;
};

}  // namespace takt_impedance
