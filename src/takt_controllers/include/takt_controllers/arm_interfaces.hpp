// What the controller claims from ros2_control, and reading and writing it.
#pragma once

#include <controller_interface/controller_interface.hpp>
#include <string>
#include <vector>

#include "takt_controllers/arm_model.hpp"
#include "takt_controllers/settings.hpp"

namespace takt_controllers {

using CommandInterfaces = std::vector<hardware_interface::LoanedCommandInterface>;
using StateInterfaces = std::vector<hardware_interface::LoanedStateInterface>;

class ArmInterfaces {
 public:
  // Throws std::invalid_argument if the sensor's frame is not fixed to the tool.
  ArmInterfaces(const Settings& settings, const ArmModel& model);

  static std::vector<std::string> command_names(const Settings& settings);
  static std::vector<std::string> state_names(const Settings& settings);

  // Forgets what was read before: an activation begins with what is there then.
  void forget() noexcept;

  // Joint positions, velocities and torques. A value that cannot be read for a moment stays as it
  // was for up to three ticks, then it is NaN. Real-time safe, as is everything below.
  void read(const StateInterfaces& states, impedance::TickInput& input) noexcept;

  // After `fill_terms`: gravity into the measured torque where the robot leaves it out, and the
  // sensor's wrench at the tool point in base axes. What is not finite stays for `write_*` as it
  // was: as for the law, whose torque after a fault goes on from there.
  void complete(const impedance::JointVector& gravity, impedance::TickInput& input) noexcept;

  // There should be a sensor, and it tells nothing.
  bool sensor_is_silent() const noexcept { return sensor_ && !sensor_wrench_.allFinite(); }

  // Torque of the law, as the robot wants it. False if an interface did not take it.
  bool write_torque(CommandInterfaces& commands, const impedance::JointVector& torque) noexcept;
  // The end of it: no torque but what carries the arm where the robot does not carry itself.
  void write_rest(CommandInterfaces& commands) noexcept;
  bool write_position(CommandInterfaces& commands, const impedance::JointVector& q) noexcept;

 private:
  static constexpr int kPatience = 3;

  void note(const impedance::JointVector& gravity, const impedance::TickInput& input) noexcept;
  double kept(const StateInterfaces& states, std::size_t index) noexcept;

  int n_;
  bool gravity_in_command_, coriolis_in_command_, hold_position_;
  bool torque_measured_, torque_has_gravity_, sensor_;
  double torque_sign_, sensor_sign_;
  impedance::Pose tool_from_sensor_;
  impedance::Vector6 sensor_wrench_ = impedance::Vector6::Constant(impedance::kNan);
  // What the robot adds itself to the torque, and what carries the arm in place of it.
  impedance::JointVector robots_share_, carrying_;
  impedance::JointVector held_rad_;
  std::vector<double> last_;
  std::vector<int> missed_;
};

}  // namespace takt_controllers
