// Energy tank: all the energy that the controller may still give to the robot, so that robot and
// controller together are passive at the tool.
//
// Stored energy is what lies in the spring plus what is left in the tank. The work done on the robot
// is taken from it, measured as the wrench held over a period times the way made in it: exact also
// for a wrench that is held between ticks. Whatever makes the spring store more (a target that
// moves away, a stiffness that grows, axes that turn) is paid by the tank without having to be named;
// whatever dissipates (the damper) leaves energy behind, which fills the tank up to its
// capacity. When little is left, the feed-forward of force and motion is scaled down; when nothing
// is left, the spring is weakened so far that its energy is no more than was paid for.
// Ferraguti, Secchi, Fantuzzi, "A tank-based approach to impedance control with variable
// stiffness", ICRA 2013; Schindlbeck, Haddadin, "Unified passivity-based Cartesian force/impedance
// control", ICRA 2015; the energy of a held force: Stramigioli et al., "Sampled data systems passivity
// and discrete port-Hamiltonian systems", TRO 2005.
#pragma once

#include "takt_impedance/parameters.hpp"

namespace takt_impedance {

class Tank {
 public:
  explicit Tank(const Parameters& parameters);

  // At the start level, with a spring that is not stretched.
  void reset();

  // Work done on the robot since the tick before; negative: the robot gave it back.
  void spend(double work_j, double dt_s);

  // Part of feed-forward (force, motion of the target) that may be used: 1 while the tank is well
  // filled, falling to 0 as it reaches its floor.
  double scale() const;

  // Part of a spring that may be used which at full stiffness would store `energy_j` now.
  double admit(double energy_j, double dt_s);

  bool enabled() const { return enabled_; }
  double share() const { return share_; }
  double content_j() const { return stored_j_ - spring_j_; }
  double level() const { return enabled_ ? content_j() / capacity_j_ : kNan; }

 private:
  bool enabled_;
  double capacity_j_, start_j_, floor_j_, margin_j_, refill_w_;
  double stored_j_, spring_j_ = 0.0;  // tank plus spring; spring alone
  double share_ = 1.0;
};

}  // namespace takt_impedance
