// What the parts of a configured controller that are not real-time share.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <rclcpp_lifecycle/lifecycle_node.hpp>
#include <string>

#include "takt_controllers/diagnostics.hpp"
#include "takt_controllers/modes.hpp"
#include "takt_controllers/settings.hpp"
#include "takt_impedance/shared_controller.hpp"

namespace takt_controllers {

// Of the real arm, where the law moves a simulated one.
struct Measured {
  impedance::JointVector q, dq, torque;
  impedance::MovingPose tool;
  impedance::Vector6 wrench = impedance::Vector6::Constant(impedance::kNan);
  impedance::Vector6 wrench_estimate = impedance::Vector6::Constant(impedance::kNan);
};

struct Context {
  Context(rclcpp_lifecycle::LifecycleNode::SharedPtr the_node, const Settings& the_settings,
          const impedance::Parameters& parameters, impedance::Mode mode)
      : node(std::move(the_node)),
        settings(the_settings),
        default_mode(mode),
        law(parameters),
        modes(law, mode),
        diagnostics(node),
        latest_(parameters.n_joints) {}

  int n_joints() const { return law.parameters().n_joints; }
  impedance::TimeNs now_ns() const { return node->now().nanoseconds(); }

  // The background thread is the one reader of the law's snapshots; it leaves a copy for all.
  void set_latest(const impedance::Snapshot& snapshot) {
    const std::lock_guard<std::mutex> lock(mutex_);
    latest_ = snapshot;
  }
  impedance::Snapshot latest() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return latest_;
  }

  const rclcpp_lifecycle::LifecycleNode::SharedPtr node;
  const Settings settings;
  const impedance::Mode default_mode;  // in which commands are followed
  impedance::SharedController law;
  Modes modes;
  Diagnostics diagnostics;
  std::atomic<bool> active{false};
  impedance::Mailbox<Measured> measured;  // from the real-time thread to the background

 private:
  mutable std::mutex mutex_;
  impedance::Snapshot latest_;
};

// Of takt's topics, as takt_core.nodes.qos has them.
inline rclcpp::QoS command_qos() { return rclcpp::QoS(1).reliable(); }
inline rclcpp::QoS sensor_qos() { return rclcpp::QoS(10).reliable(); }
inline rclcpp::QoS latched_qos() { return rclcpp::QoS(1).reliable().transient_local(); }

}  // namespace takt_controllers
