#include "takt_impedance/walls.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// Corrections of a goal or a velocity that several walls limit.
constexpr int kPasses = 3;

// The largest part, up to 1, of `step` from `start` on that stays within `limit` of the origin.
double reach_of(const Vector3& start, const Vector3& step, double limit) {
  const double a = step.squaredNorm();
  const double b = start.dot(step);
  const double c = start.squaredNorm() - limit * limit;
  if (a + 2.0 * b + c <= 0.0) return 1.0;
  if (c >= 0.0 || a == 0.0) return 0.0;
  return std::clamp((std::sqrt(b * b - a * c) - b) / a, 0.0, 1.0);
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
    near.walls[static_cast<std::size_t>(near.count++)] = {std::max(0.0, distance), away, kInfinity};
  };
  if (boxed_) {
    for (int i = 0; i < 3; ++i) {
      add(upper_(i) - position(i), -Vector3::Unit(i));
      add(position(i) - lower_(i), Vector3::Unit(i));
    }
  }
  for (int i = 0; i < count_; ++i) {
    const Clearance found = clearance(bodies_[static_cast<std::size_t>(i)], position);
    add(found.distance - margin_, found.away);
  }
}

// The acceleration nearest to `wanted`, as good as, that no wall forbids.
Vector3 Walls::admissible(const Near& near, const Vector3& wanted) const {
  Vector3 result = wanted;
  for (int pass = 0; pass < (near.count > 1 ? kPasses : 1); ++pass) {
    for (int i = 0; i < near.count; ++i) {
      const Wall& wall = near.walls[static_cast<std::size_t>(i)];
      const double excess = -wall.away.dot(result) - wall.allowed;
      if (excess > 0.0) result += excess * wall.away;
    }
  }
  return result;
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
  const double reach = longest_stop(speed, limits_, dt);
  Near near;
  find(position, reach, near);
  const Vector3 wanted = (next_velocity - velocity) / dt;
  for (int i = 0; i < near.count; ++i) {
    Wall& wall = near.walls[static_cast<std::size_t>(i)];
    wall.allowed = allowed_acceleration(wall.room, -wall.away.dot(velocity),
                                        -wall.away.dot(acceleration), limits_, dt);
    bent_ = bent_ || -wall.away.dot(wanted) > wall.allowed;
  }
  if (bent_) {
    // From what asks for the least jerk as far towards what is wanted as the limits allow: all
    // between the two is admissible.
    const Vector3 safe = admissible(near, acceleration);
    const Vector3 change = admissible(near, wanted) - safe;
    const double part = std::min(reach_of(safe - acceleration, change, limits_.jerk * dt),
                                 reach_of(safe, change, limits_.acceleration));
    next_velocity = velocity + dt * (safe + part * change);
  }
  bent_ |= keep_out(near, dt, next_velocity);
}

}  // namespace takt_impedance
