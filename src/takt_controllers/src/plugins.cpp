#include <pluginlib/class_list_macros.hpp>

#include "takt_controllers/impedance_controller.hpp"

PLUGINLIB_EXPORT_CLASS(takt_controllers::CartesianImpedanceController,
                       controller_interface::ControllerInterface)
PLUGINLIB_EXPORT_CLASS(takt_controllers::JointImpedanceController,
                       controller_interface::ControllerInterface)
