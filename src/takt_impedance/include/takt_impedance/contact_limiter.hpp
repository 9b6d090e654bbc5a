// Keeps the force with which the tool presses on something below a limit.
//
// Two things happen above the limit. At once, the pushing part of the commanded force is cut down to
// the limit. And the law's target retreats from the contact, as fast as it takes to bring the measured
// force back to the limit within `contact_retreat_s`; so what presses beyond the spring (a wrong
// payload, another joint) is taken back too. When there is room again the retreat is undone the
// same way. It is bounded, so that a wrong measurement cannot lead the target away.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

class ContactLimiter {
 public:
  explicit ContactLimiter(const Parameters& parameters);

  void reset();

  bool enabled() const { return limit_n_ < kInfinity; }

  // One tick: what the environment does to the tool (base axes; NaN where not known).
  void observe(const Vector3& force, double dt_s);

  // One tick: moves the offset; `stiffness` is the translational one in use, base axes.
  void retreat(const Matrix3& stiffness, double dt_s);

  // To be added to the target's position.
  const Vector3& offset() const { return offset_; }

  // Cuts the pushing part of the commanded force; true if there was something to cut.
  bool limit(Eigen::Ref<Vector3> commanded) const;

  // The same for joint torques (without bias), as the force with which they would accelerate the tool.
  bool limit(const TickInput& input, JointVector& torque) const;

  bool retreating() const { return retreating_; }

  // Smoothed norm of the force; 0 where it is not known.
  double pressed_n() const { return pressed_n_; }

 private:
  Vector3 away() const;
  double cut(double push) const;

  double limit_n_, retreat_s_, max_velocity_m_s_;
  bool retreating_ = false;
  double pressed_n_ = 0.0;           // norm of the force
  Vector3 force_ = Vector3::Zero();  // smoothed
  Vector3 offset_ = Vector3::Zero();
};

}  // namespace takt_impedance
