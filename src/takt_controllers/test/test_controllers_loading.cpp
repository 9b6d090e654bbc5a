#include <gmock/gmock.h>

#include <pluginlib/class_loader.hpp>

#include "controller_rig.hpp"

namespace takt_controllers::test {
namespace {

TEST(Loading, BothPluginsAreFound) {
  start_ros();
  pluginlib::ClassLoader<controller_interface::ControllerInterface> loader(
      "controller_interface", "controller_interface::ControllerInterface");
  for (const char* name : {"takt_controllers/CartesianImpedanceController",
                           "takt_controllers/JointImpedanceController"}) {
    const auto controller = loader.createSharedInstance(name);
    ASSERT_NE(controller, nullptr) << name;
    EXPECT_NE(dynamic_cast<ImpedanceController*>(controller.get()), nullptr) << name;
  }
}

}  // namespace
}  // namespace takt_controllers::test
