#include "takt_impedance/port.hpp"

namespace takt_impedance {

double Port::work(const TickInput& in) const {
  if (kind_ == Kind::kNone) return 0.0;
  if (kind_ == Kind::kJoints) return torque_.dot(in.q - q_);
  // The rotation in one period is small: its vector is half the sum of the axes' cross products.
  Vector3 turn = rotation_.col(0).cross(in.rotation.col(0));
  for (int i = 1; i < 3; ++i) turn += rotation_.col(i).cross(in.rotation.col(i));
  return wrench_.head<3>().dot(in.position - position_) + 0.5 * wrench_.tail<3>().dot(turn);
}

void Port::command(const TickInput& in, const Vector6& wrench) {
  kind_ = Kind::kTool;
  wrench_ = wrench;
  position_ = in.position;
  rotation_ = in.rotation;
}

void Port::command(const TickInput& in, const JointVector& torque) {
  kind_ = Kind::kJoints;
  torque_ = torque;
  q_ = in.q;
}

}  // namespace takt_impedance
