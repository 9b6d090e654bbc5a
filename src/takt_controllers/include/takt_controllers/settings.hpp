// From ROS parameters to what the law takes.
#pragma once

#if __has_include(<takt_controllers/impedance_controller_parameters.hpp>)
#include <takt_controllers/impedance_controller_parameters.hpp>
#else
#include <impedance_controller_parameters.hpp>
#endif

#include "takt_controllers/arm_model.hpp"
#include "takt_impedance/parameters.hpp"

namespace takt_controllers {

using Settings = impedance_controller::Params;

ArmDescription arm_description(const Settings& settings, const std::string& urdf);

// Joint limits that are not given come from the URDF. Throws std::invalid_argument that names the
// parameter, what was found and what is allowed.
impedance::Parameters law_parameters(const Settings& settings, const ArmLimits& limits);

// Six numbers as a vector, a diagonal or a frame. The sizes are checked by the declarations.
impedance::Vector6 vector6(const std::vector<double>& values);
impedance::Matrix6 diagonal(const std::vector<double>& values);
impedance::Frame stiffness_frame(const std::string& name);

// One number per joint; `otherwise` if there are none. Throws std::invalid_argument.
impedance::JointVector per_joint(const char* name, const std::vector<double>& values,
                                 const impedance::JointVector& otherwise);

}  // namespace takt_controllers
