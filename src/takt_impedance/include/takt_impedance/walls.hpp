// Where the target of the tool point may not be: outside of the workspace box and inside of
// forbidden bodies.
//
// Each is a wall with a distance and a direction that leads away from it. After every tick the
// target can still stop before each of them with half of the acceleration and jerk; the other half
// is for moving along. A body is taken as the plane through its nearest point: nearer than the body
// everywhere, and giving way as the target passes.
#pragma once

#include <array>

#include "takt_impedance/jerk_limit.hpp"
#include "takt_impedance/keep_out.hpp"
#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

class Walls {
 public:
  explicit Walls(const Parameters& parameters);

  // Moves `goal` to where the target may be, as near as it is simple, and takes from `velocity` and
  // `acceleration` what leads into a wall there. True if it had to.
  bool admit(Vector3& goal, Vector3& velocity, Vector3& acceleration);

  // Bends the velocity for the next tick away from walls. The target never enters; one that is
  // inside may only leave. Velocity and acceleration are those of the tick before.
  void bend(const Vector3& position, const Vector3& velocity, const Vector3& acceleration,
            double dt_s, Vector3& next_velocity);

  bool bent() const { return bent_; }

 private:
  struct Wall {
    double room;     // at least 0
    Vector3 away;    // unit
    double allowed;  // acceleration towards it in the next tick
  };
  struct Near {
    std::array<Wall, kMaxKeepOuts + 6> walls;
    int count = 0;
  };

  void find(const Vector3& position, double reach, Near& near) const;
  Vector3 admissible(const Near& near, const Vector3& wanted) const;
  bool keep_out(const Near& near, double dt_s, Vector3& next_velocity) const;

  MotionLimits limits_;
  Vector3 lower_, upper_;
  std::array<KeepOut, kMaxKeepOuts> bodies_;
  int count_ = 0;
  double margin_;
  bool boxed_;
  bool bent_ = false;
};

}  // namespace takt_impedance
