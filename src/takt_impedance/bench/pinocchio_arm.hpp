// A seven-joint arm in Pinocchio, and what the caller of the controller computes with it per tick.
// Pinocchio's headers stay in the .cpp: they take a minute to compile.
#pragma once

#include <memory>

#include "takt_impedance/tick.hpp"

namespace takt_impedance::sample {

class PinocchioArm {
 public:
  PinocchioArm();
  ~PinocchioArm();

  // Pose, Jacobian, mass matrix and bias at the joint state in `input`.
  void fill_terms(TickInput& input);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace takt_impedance::sample
