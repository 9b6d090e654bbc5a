#include "takt_impedance/walls.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// Share of acceleration and jerk that stopping before a wall counts on.
constexpr double kShare = 0.5;

// Halvings of the interval in which the deceleration is looked for.
constexpr int kHalvings = 12;

// Corrections of a goal or a velocity that several walls limit.
constexpr int kPasses = 3;

// How far a point gets that moves at `speed` (positive), accelerates by `acceleration` (any sign)
// and stops as fast as deceleration `brake` and `jerk` allow.
double stopping_distance(double speed, double acceleration, double brake, double jerk) {
  const double ramp = std::abs(acceleration) / jerk;
  const double gained = 0.5 * ramp * std::abs(acceleration);
  if (acceleration >= 0.0) {
    return ramp * (speed + ramp * acceleration / 3.0) +
           braking_distance(speed + gained, brake, jerk);
  }
  // Braking harder than the end of the stop allows: at rest before that.
  if (speed < gained) return 2.0 * speed * speed / -acceleration;
  // In the middle of a stop that began at a higher speed.
  const double before = speed + gained;
  return braking_distance(before, brake, jerk) - ramp * (before + ramp * acceleration / 6.0);
}

}  // namespace

Walls::Walls(const Parameters& p)
    : limits_{p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2, p.max_linear_jerk_m_s3},
      lower_(p.workspace_lower_m),
      upper_(p.workspace_upper_m),
      count_(static_cast<int>(p.keep_outs.size())),
      margin_(p.keep_out_margin_m),
      boxed_(lower_.array().isFinite().any() || upper_.array().isFinite().any()) {
  std::copy(p.keep_outs.begin(), p.keep_outs.end(), bodies_.begin());
}

bool Walls::admit(Vector3& goal, Vector3& velocity, Vector3& acceleration) {
  bool admitted = false;
  const auto slide = [&](const Vector3& away) {
    admitted = true;
    velocity -= std::min(0.0, velocity.dot(away)) * away;
    acceleration -= std::min(0.0, acceleration.dot(away)) * away;
  };
  for (int pass = 0; pass < kPasses; ++pass) {
    bool moved = false;
    for (int i = 0; i < count_; ++i) {
      const Clearance found = clearance(bodies_[static_cast<std::size_t>(i)], goal);
      if (found.distance >= margin_ - 1e-12) continue;
      goal += (margin_ - found.distance) * found.away;
      slide(found.away);
      moved = true;
    }
    if (boxed_) {
      for (int i = 0; i < 3; ++i) {
        const double inside = std::clamp(goal(i), lower_(i), upper_(i));
        if (inside == goal(i)) continue;
        slide((inside > goal(i) ? 1.0 : -1.0) * Vector3::Unit(i));
        goal(i) = inside;
        moved = true;
      }
    }
    if (!moved) break;
  }
  return admitted;
}

// The walls within reach, each as a plane.
void Walls::find(const Vector3& position, double reach, Near& near) const {
  const auto add = [&](double distance, const Vector3& away) {
    if (distance > reach) return;
    near.walls[static_cast<std::size_t>(near.count++)] = {std::max(0.0, distance), away};
  };
  if (boxed_) {
    for (int i = 0; i < 3; ++i) {
      // Of two opposite faces only the nearer one counts, or the one that is to be left.
      const double up = upper_(i) - position(i);
      const double down = position(i) - lower_(i);
      if (up < down) {
        add(up, -Vector3::Unit(i));
      } else {
        add(down, Vector3::Unit(i));
      }
    }
  }
  for (int i = 0; i < count_; ++i) {
    const Clearance found = clearance(bodies_[static_cast<std::size_t>(i)], position);
    add(found.distance - margin_, found.away);
  }
}

// Makes the next velocity one from which a stop before the wall is possible. True if it was not.
bool Walls::brake(const Wall& wall, const Vector3& velocity, const Vector3& acceleration,
                  double dt, Vector3& next_velocity) const {
  const double speed = -wall.away.dot(velocity);  // towards the wall
  const double change = -wall.away.dot(acceleration);
  const double wanted = (-wall.away.dot(next_velocity) - speed) / dt;
  const auto stops = [&](double a) {
    const double next = speed + a * dt;
    if (next <= 0.0 && a <= 0.0) return true;
    const double room = wall.room - next * dt;
    return room >= 0.0 && stopping_distance(std::max(0.0, next), a, kShare * limits_.acceleration,
                                            kShare * limits_.jerk) <= room;
  };
  if (stops(wanted)) return false;
  // As little braking as will do, between this and as much as the jerk allows.
  double low = std::max(change - kShare * limits_.jerk * dt, -limits_.acceleration);
  double high = std::max(wanted, low);
  if (!stops(low)) {
    high = low;
  } else {
    for (int i = 0; i < kHalvings; ++i) {
      const double middle = 0.5 * (low + high);
      (stops(middle) ? low : high) = middle;
    }
  }
  next_velocity += (wanted - low) * dt * wall.away;
  // What the limits leave is for moving along the wall.
  const Vector3 next_acceleration = (next_velocity - velocity) / dt;
  const Vector3 jerk = next_acceleration - acceleration;
  const Vector3 along = jerk - jerk.dot(wall.away) * wall.away;
  const double across2 = jerk.squaredNorm() - along.squaredNorm();
  const double allowed2 = std::pow(limits_.jerk * dt, 2) - across2;
  if (along.squaredNorm() > allowed2) {
    const double kept = std::sqrt(std::max(0.0, allowed2) / along.squaredNorm());
    next_velocity -= (1.0 - kept) * dt * along;
  }
  const Vector3 result = (next_velocity - velocity) / dt;
  const Vector3 sideways = result - result.dot(wall.away) * wall.away;
  const double side_allowed2 =
      limits_.acceleration * limits_.acceleration - (result.squaredNorm() - sideways.squaredNorm());
  if (sideways.squaredNorm() > side_allowed2) {
    const double kept = std::sqrt(std::max(0.0, side_allowed2) / sideways.squaredNorm());
    next_velocity -= (1.0 - kept) * dt * sideways;
  }
  return true;
}

// The last word: whatever the limits say, the target does not enter.
bool Walls::keep_out(const Near& near, double dt, Vector3& next_velocity) const {
  bool changed = false;
  for (int pass = 0; pass < kPasses; ++pass) {
    bool moved = false;
    for (int i = 0; i < near.count; ++i) {
      const Wall& wall = near.walls[static_cast<std::size_t>(i)];
      const double excess = -wall.away.dot(next_velocity) - wall.room / dt;
      if (excess <= 0.0) continue;
      next_velocity += excess * wall.away;
      moved = true;
    }
    if (!moved) return changed;
    changed = true;
  }
  // Walls that contradict each other: stay, unless that is no way to leave either.
  for (int i = 0; i < near.count; ++i) {
    const Wall& wall = near.walls[static_cast<std::size_t>(i)];
    if (-wall.away.dot(next_velocity) > wall.room / dt) next_velocity.setZero();
  }
  return changed;
}

void Walls::bend(const Vector3& position, const Vector3& velocity, const Vector3& acceleration,
                 double dt, Vector3& next_velocity) {
  bent_ = false;
  if (!boxed_ && count_ == 0) return;
  const double speed = std::max(velocity.norm(), next_velocity.norm());
  const double reach = speed * dt + stopping_distance(speed, limits_.acceleration,
                                                      kShare * limits_.acceleration,
                                                      kShare * limits_.jerk);
  Near near;
  find(position, reach, near);
  for (int pass = 0; pass < (near.count > 1 ? kPasses : 1); ++pass) {
    bool changed = false;
    for (int i = 0; i < near.count; ++i) {
      changed |= brake(near.walls[static_cast<std::size_t>(i)], velocity, acceleration, dt,
                       next_velocity);
    }
    bent_ = bent_ || changed;
    if (!changed) break;
  }
  bent_ |= keep_out(near, dt, next_velocity);
}

}  // namespace takt_impedance
