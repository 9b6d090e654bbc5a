// The law on a simulated arm, for robots that take positions but no torques (admittance).
#pragma once

#include "takt_controllers/arm_model.hpp"
#include "takt_controllers/context.hpp"
#include "takt_impedance/observer.hpp"
#include "takt_impedance/virtual_arm.hpp"

namespace takt_controllers {

// All real-time safe but the constructor.
class PositionForm {
 public:
  // Throws std::invalid_argument. `model` and `context` must outlive it.
  PositionForm(const Settings& settings, ArmModel& model, Context& context);

  // The simulated arm begins at the measured q. Throws if that is not finite.
  void activate(const impedance::TickInput& measured);

  // Where the robot is to be. `measured` has all terms at the measured state.
  const impedance::JointVector& update(const impedance::TickInput& measured) noexcept;

 private:
  void observe(const impedance::TickInput& measured) noexcept;
  void hold(const impedance::TickInput& measured) noexcept;
  double tracking_error(const impedance::TickInput& measured) const noexcept;
  void tell(const impedance::TickInput& measured) noexcept;

  ArmModel& model_;
  Context& context_;
  double max_tracking_error_rad_;
  bool feels_;  // the robot measures torques, or has a sensor
  impedance::VirtualArm arm_;
  impedance::Observer observer_;  // of the real arm
  impedance::TickInput virtual_;  // state and terms of the simulated arm
};

}  // namespace takt_controllers
