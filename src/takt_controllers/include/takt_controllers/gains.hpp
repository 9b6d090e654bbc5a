// Gains that change while the controller is active: by arm/impedance, by parameters, by CRISP.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <takt_msgs/msg/impedance.hpp>

#include "takt_controllers/context.hpp"

namespace takt_controllers {

class GainsCommander {
 public:
  explicit GainsCommander(std::shared_ptr<Context> context);

  // At activation: what was asked for while nobody listened.
  void restart();

  // From the settings, after each change of a parameter.
  void apply(const Settings& settings);
  void on_impedance(const takt_msgs::msg::Impedance& message);

  // Each refuses with a diagnostic what the law does not take. Any thread but the real-time one.
  bool set_stiffness(const impedance::Vector6& diagonal, impedance::Frame frame,
                     const impedance::Vector6& damping_ratio);
  bool set_nullspace_stiffness(const impedance::JointVector& stiffness);
  bool set_joint_impedance(const impedance::JointVector& stiffness,
                           const impedance::JointVector& damping_ratio);

 private:
  bool told(const impedance::Posted& posted, const std::string& what);

  std::shared_ptr<Context> context_;
  std::mutex mutex_;
  impedance::Vector6 stiffness_, damping_ratio_;
  impedance::Frame frame_;
  impedance::JointVector nullspace_stiffness_, joint_stiffness_, joint_damping_ratio_;
};

}  // namespace takt_controllers
