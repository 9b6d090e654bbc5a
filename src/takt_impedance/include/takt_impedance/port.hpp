// Where controller and robot exchange energy: what was commanded over a period, and the way made in it.
#pragma once

#include "takt_impedance/tick.hpp"

namespace takt_impedance {

class Port {
 public:
  // Nothing was commanded before now.
  void forget() { kind_ = Kind::kNone; }

  // Work [J] that what was commanded in the tick before has done on the robot since.
  double work(const TickInput& input) const;

  // From now on this is held.
  void command(const TickInput& input, const Vector6& wrench);
  void command(const TickInput& input, const JointVector& torque);

 private:
  enum class Kind { kNone, kTool, kJoints };

  Kind kind_ = Kind::kNone;
  Vector6 wrench_;
  Vector3 position_;
  Matrix3 rotation_;
  JointVector torque_, q_;
};

}  // namespace takt_impedance
