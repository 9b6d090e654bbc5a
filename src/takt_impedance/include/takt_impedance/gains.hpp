// Stiffness and damping ratio in use: a step in what is wanted becomes a ramp.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

class Gains {
 public:
  explicit Gains(const Parameters& parameters);

  // What to go to when the trajectory asks for nothing else. Validated by the caller.
  void set(const Matrix6& stiffness) { base_stiffness_ = stiffness; }
  void set_damping_ratio(const Vector6& ratio) { wanted_ratio_ = ratio; }

  // One tick. `diagonal` (may be null) replaces the base stiffness; `scale` lowers either.
  void step(const Vector6* diagonal, double scale, double dt_s);

  const Matrix6& stiffness() const { return stiffness_; }
  const Vector6& damping_ratio() const { return ratio_; }

 private:
  Vector6 stiffness_rate_;
  double ratio_rate_;
  Matrix6 base_stiffness_, stiffness_;
  Vector6 wanted_ratio_, ratio_;
};

}  // namespace takt_impedance
