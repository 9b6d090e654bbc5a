// Joint impedance: a spring and a damper at each joint, and the torque that the target's acceleration
// takes.
//
//   tau = K clip(q_d - q) + D (dq_d - dq) + M ddq_d
//
// The damper is 2 sqrt(Z) (M # K) sqrt(Z), the geometric mean of inertia and stiffness: with equal ratios Z
// every mode of the arm has that damping ratio, also where the joints' inertias are coupled.
#pragma once

#include <tuple>

#include "takt_impedance/damping.hpp"
#include "takt_impedance/gains.hpp"
#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tank.hpp"
#include "takt_impedance/tick.hpp"

namespace takt_impedance {

struct JointCommand {
  JointVector position, velocity, acceleration;
  double engagement = 1.0;  // 0 to 1: of all stiffness; dampers fade with it
  double dt_s = 1e-3;
};

class JointLaw {
 public:
  explicit JointLaw(const Parameters& parameters);

  // The target's acceleration until now does not count.
  void rest() { inertial_.setZero(); }

  // Torque without the bias; false if the mass matrix is not positive definite.
  bool compute(const TickInput& input, const JointCommand& command, const Gains& gains, Tank& tank,
               JointVector& torque);

 private:
  template <int N>
  bool compute_sized(const TickInput& input, const JointCommand& command, const Gains& gains,
                     Tank& tank, JointVector& torque);

  Parameters parameters_;
  JointVector inertial_;  // for the target's acceleration
  std::tuple<JointDamping<6>, JointDamping<7>, JointDamping<8>> damping_;
};

}  // namespace takt_impedance
