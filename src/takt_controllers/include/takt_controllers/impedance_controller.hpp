// The ros2_control plugin around takt_impedance. Both plugins are this class with another law to
// begin with.
#pragma once

#include <controller_interface/controller_interface.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "takt_controllers/arm_interfaces.hpp"
#include "takt_controllers/background.hpp"
#include "takt_controllers/position_form.hpp"

namespace takt_controllers {

class ImpedanceController : public controller_interface::ControllerInterface {
 public:
  using CallbackReturn = controller_interface::CallbackReturn;

  explicit ImpedanceController(impedance::Mode mode) : default_mode_(mode) {}

  CallbackReturn on_init() override;
  controller_interface::InterfaceConfiguration command_interface_configuration() const override;
  controller_interface::InterfaceConfiguration state_interface_configuration() const override;
  CallbackReturn on_configure(const rclcpp_lifecycle::State& previous) override;
  CallbackReturn on_activate(const rclcpp_lifecycle::State& previous) override;
  CallbackReturn on_deactivate(const rclcpp_lifecycle::State& previous) override;
  CallbackReturn on_cleanup(const rclcpp_lifecycle::State& previous) override;
  CallbackReturn on_error(const rclcpp_lifecycle::State& previous) override;
  CallbackReturn on_shutdown(const rclcpp_lifecycle::State& previous) override;

  // Real-time safe.
  controller_interface::return_type update(const rclcpp::Time& time,
                                           const rclcpp::Duration& period) override;

 private:
  void prepare();
  void forget();
  void check_names();
  void read(impedance::TimeNs now_ns, double dt_s);
  impedance::TimeNs ros_time(const rclcpp::Time& time) const;
  rcl_interfaces::msg::SetParametersResult check_change(
      const std::vector<rclcpp::Parameter>& changes) const;
  void on_change(const std::vector<rclcpp::Parameter>& changes);

  const impedance::Mode default_mode_;
  std::shared_ptr<impedance_controller::ParamListener> listener_;
  std::set<std::string> own_names_;  // of the parameters that `listener_` declared
  Settings settings_;
  std::shared_ptr<Context> context_;
  std::unique_ptr<ArmModel> model_;
  std::unique_ptr<ArmInterfaces> interfaces_;
  std::unique_ptr<impedance::TickInput> input_;
  std::unique_ptr<PositionForm> position_form_;  // with command_interface position
  std::unique_ptr<Background> background_;
  rclcpp::node_interfaces::OnSetParametersCallbackHandle::SharedPtr on_set_;
  rclcpp::node_interfaces::PostSetParametersCallbackHandle::SharedPtr post_set_;
};

class CartesianImpedanceController : public ImpedanceController {
 public:
  CartesianImpedanceController() : ImpedanceController(impedance::Mode::kCartesian) {}
};

class JointImpedanceController : public ImpedanceController {
 public:
  JointImpedanceController() : ImpedanceController(impedance::Mode::kJoint) {}
};

}  // namespace takt_controllers
