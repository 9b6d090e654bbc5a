#include "takt_controllers/arm_interfaces.hpp"

#include <algorithm>
#include <optional>

namespace takt_controllers {

using impedance::JointVector;
using impedance::TickInput;
using impedance::Vector3;

namespace {

const char* const kAxes[] = {"force.x", "force.y", "force.z", "torque.x", "torque.y", "torque.z"};

// The first releases of Jazzy have only get_value().
template <typename Interface>
auto value_of(const Interface& interface, int) -> decltype(interface.get_optional()) {
  return interface.get_optional();
}
template <typename Interface>
std::optional<double> value_of(const Interface& interface, long) {
  return interface.get_value();
}

// There set_value() returns nothing.
bool write(hardware_interface::LoanedCommandInterface& interface, double value) noexcept {
  if constexpr (std::is_void_v<decltype(interface.set_value(value))>) {
    interface.set_value(value);
    return true;
  } else {
    return interface.set_value(value);
  }
}

}  // namespace

ArmInterfaces::ArmInterfaces(const Settings& settings, const ArmModel& model)
    : n_(model.n_joints()),
      gravity_in_command_(settings.gravity_in_command),
      coriolis_in_command_(settings.coriolis_in_command),
      hold_position_(settings.hold_position_interface),
      torque_measured_(settings.measured_torque.available),
      torque_has_gravity_(settings.measured_torque.includes_gravity),
      sensor_(!settings.force_torque_sensor.name.empty()),
      torque_sign_(settings.measured_torque.sign),
      sensor_sign_(settings.force_torque_sensor.sign),
      robots_share_(JointVector::Zero(n_)),
      carrying_(JointVector::Zero(n_)),
      held_rad_(JointVector::Zero(n_)),
      last_(state_names(settings).size(), impedance::kNan),
      missed_(last_.size(), kPatience) {
  if (sensor_) tool_from_sensor_ = model.tool_from(settings.force_torque_sensor.frame);
}

std::vector<std::string> ArmInterfaces::command_names(const Settings& settings) {
  std::vector<std::string> names;
  for (const std::string& joint : settings.joints) {
    names.push_back(joint + "/" + settings.command_interface);
  }
  if (settings.hold_position_interface && settings.command_interface == "effort") {
    for (const std::string& joint : settings.joints) names.push_back(joint + "/position");
  }
  return names;
}

std::vector<std::string> ArmInterfaces::state_names(const Settings& settings) {
  std::vector<std::string> names;
  for (const std::string& joint : settings.joints) names.push_back(joint + "/position");
  for (const std::string& joint : settings.joints) names.push_back(joint + "/velocity");
  if (settings.measured_torque.available) {
    for (const std::string& joint : settings.joints) names.push_back(joint + "/effort");
  }
  if (!settings.force_torque_sensor.name.empty()) {
    for (const char* axis : kAxes) names.push_back(settings.force_torque_sensor.name + "/" + axis);
  }
  return names;
}

double ArmInterfaces::kept(const StateInterfaces& states, std::size_t index) noexcept {
  const std::optional<double> value = value_of(states[index], 0);
  if (value) {
    last_[index] = *value;
    missed_[index] = 0;
  } else if (++missed_[index] > kPatience) {
    last_[index] = impedance::kNan;
  }
  return last_[index];
}

void ArmInterfaces::forget() noexcept {
  std::fill(last_.begin(), last_.end(), impedance::kNan);
  std::fill(missed_.begin(), missed_.end(), kPatience);
}

void ArmInterfaces::read(const StateInterfaces& states, TickInput& input) noexcept {
  std::size_t index = 0;
  for (int i = 0; i < n_; ++i) input.q(i) = kept(states, index++);
  for (int i = 0; i < n_; ++i) input.dq(i) = kept(states, index++);
  if (torque_measured_) {
    for (int i = 0; i < n_; ++i) input.tau_measured(i) = torque_sign_ * kept(states, index++);
  }
  if (sensor_) {
    for (int i = 0; i < 6; ++i) sensor_wrench_(i) = sensor_sign_ * kept(states, index++);
  }
}

void ArmInterfaces::complete(const JointVector& gravity, TickInput& input) noexcept {
  note(gravity, input);
  if (torque_measured_ && !torque_has_gravity_) input.tau_measured += gravity;
  if (!sensor_) return;
  const Vector3 force = tool_from_sensor_.rotation * sensor_wrench_.head<3>();
  const Vector3 moment = tool_from_sensor_.rotation * sensor_wrench_.tail<3>() +
                         tool_from_sensor_.position.cross(force);
  input.wrench_measured.head<3>() = input.rotation * force;
  input.wrench_measured.tail<3>() = input.rotation * moment;
}

void ArmInterfaces::note(const JointVector& gravity, const TickInput& input) noexcept {
  if (input.q.allFinite()) held_rad_ = input.q;
  if (input.bias.allFinite() && gravity.allFinite()) {
    robots_share_.setZero();
    (gravity_in_command_ ? carrying_ : robots_share_) = gravity;
    if (!coriolis_in_command_) robots_share_ += input.bias - gravity;
  }
}

bool ArmInterfaces::write_torque(CommandInterfaces& commands, const JointVector& torque) noexcept {
  bool taken = true;
  for (int i = 0; i < n_; ++i) {
    taken = write(commands[i], torque(i) - robots_share_(i)) && taken;
    if (hold_position_) taken = write(commands[n_ + i], held_rad_(i)) && taken;
  }
  return taken;
}

void ArmInterfaces::write_rest(CommandInterfaces& commands) noexcept {
  for (int i = 0; i < n_; ++i) {
    write(commands[i], carrying_(i));
    if (hold_position_) write(commands[n_ + i], held_rad_(i));
  }
}

bool ArmInterfaces::write_position(CommandInterfaces& commands, const JointVector& q) noexcept {
  bool taken = true;
  for (int i = 0; i < n_; ++i) taken = write(commands[i], q(i)) && taken;
  return taken;
}

}  // namespace takt_controllers
