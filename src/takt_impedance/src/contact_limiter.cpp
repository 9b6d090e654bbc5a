#include "takt_impedance/contact_limiter.hpp"

#include <algorithm>
#include <cmath>

#include "solve_mass.hpp"

namespace takt_impedance {
namespace {

// Smoothing of the measured force: one tick of a sensor's noise is no contact [s].
constexpr double kSmoothing = 5e-3;
// Cutting begins at this part of the limit and is complete at the limit, so that it has no step.
constexpr double kOnset = 0.8;
// The target never retreats farther than this [m].
constexpr double kFarthest = 0.05;
// What is left of a retreat when it is over [m].
constexpr double kGone = 1e-7;
// Softer springs than this retreat as if they were this stiff [N/m].
constexpr double kSoft = 50.0;

}  // namespace

ContactLimiter::ContactLimiter(const Parameters& p)
    : limit_n_(p.max_contact_force_n),
      retreat_s_(p.contact_retreat_s),
      max_velocity_m_s_(p.max_retreat_velocity_m_s) {}

void ContactLimiter::reset() {
  retreating_ = false;
  pressed_n_ = 0.0;
  force_.setZero();
  offset_.setZero();
}

void ContactLimiter::observe(const Vector3& force, double dt_s) {
  if (!std::isfinite(force.sum())) return reset();
  force_ += dt_s / (kSmoothing + dt_s) * (force - force_);
  pressed_n_ = force_.norm();
  if (!std::isfinite(pressed_n_)) reset();
}

Vector3 ContactLimiter::away() const {
  return pressed_n_ > 0.0 ? Vector3(force_ / pressed_n_) : Vector3(Vector3::Zero());
}

void ContactLimiter::retreat(const Matrix3& stiffness, double dt_s) {
  const double left = offset_.norm();
  retreating_ = pressed_n_ > limit_n_ || left > 0.0;
  if (!retreating_) return;
  const Vector3 direction = away();
  const double stiff = std::max(kSoft, direction.dot(stiffness * direction));
  const double speed = (pressed_n_ - limit_n_) / (stiff * retreat_s_);
  if (speed > 0.0) {
    offset_ += std::min(speed, max_velocity_m_s_) * dt_s * direction;
    const double far = offset_.norm();
    if (far > kFarthest) offset_ *= kFarthest / far;
  } else {
    offset_ *= std::max(0.0, 1.0 - std::min(-speed, max_velocity_m_s_) * dt_s / left);
    if (offset_.norm() < kGone) offset_.setZero();
  }
}

// What to take from a force that pushes with `push` against the contact.
double ContactLimiter::cut(double push) const {
  if (!(pressed_n_ > kOnset * limit_n_ && push > limit_n_)) return 0.0;
  const double share = (pressed_n_ - kOnset * limit_n_) / ((1.0 - kOnset) * limit_n_);
  return std::min(1.0, share) * (push - limit_n_);
}

bool ContactLimiter::limit(Eigen::Ref<Vector3> commanded) const {
  const Vector3 direction = away();
  const double excess = cut(-commanded.dot(direction));
  if (excess == 0.0) return false;
  commanded += excess * direction;
  return true;
}

bool ContactLimiter::limit(const TickInput& in, JointVector& torque) const {
  if (!(pressed_n_ > kOnset * limit_n_)) return false;
  const JointVector row = in.jacobian.topRows<3>().transpose().lazyProduct(away());
  JointVector acceleration = row;
  if (!solve_mass(in.mass, acceleration)) return false;
  const double mobility = row.dot(acceleration);
  const double excess = cut(-acceleration.dot(torque) / mobility);
  if (!(excess > 0.0)) return false;
  torque += excess * row;
  return true;
}

}  // namespace takt_impedance
