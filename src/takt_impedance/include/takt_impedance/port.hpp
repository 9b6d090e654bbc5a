// Where controller and robot exchange energy: the torque held over a period times the way made in it.
#pragma once

#include "takt_impedance/tick.hpp"

namespace takt_impedance {

class Port {
 public:
  // Nothing was sent before now.
  void forget() { torque_.resize(0); }

  // Work [J] that what was sent in the tick before has done on the robot since.
  double work(const JointVector& q) const {
    return torque_.size() == 0 ? 0.0 : torque_.dot(q - q_);
  }

  // From now on this torque is held, beyond that of elements which are passive by themselves.
  void send(const JointVector& q, const JointVector& torque) {
    torque_ = torque;
    q_ = q;
  }

 private:
  JointVector torque_, q_;
};

}  // namespace takt_impedance
