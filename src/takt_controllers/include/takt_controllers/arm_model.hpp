// Kinematics and dynamics of one arm from its URDF, by Pinocchio, whose headers stay in the .cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "takt_impedance/tick.hpp"

namespace takt_controllers {

namespace impedance = takt_impedance;

struct ArmDescription {
  std::string urdf;
  std::vector<std::string> joints;  // in the order of all joint vectors; other joints stay at zero
  std::string base_frame;           // must not move with the joints
  std::string tool_frame;
  impedance::Vector3 gravity{0.0, 0.0, -9.81};  // base axes [m/s^2]
};

// As the URDF has them; NaN positions for continuous joints.
struct ArmLimits {
  impedance::JointVector lower_rad, upper_rad, velocity_rad_s, effort_nm;
};

class ArmModel {
 public:
  // Throws std::invalid_argument that says what of the description is not in the URDF.
  explicit ArmModel(const ArmDescription& description);
  ~ArmModel();

  int n_joints() const;
  ArmLimits limits() const;

  // Pose, Jacobian, mass and bias at the q and dq of `input`. Real-time safe.
  void fill_terms(impedance::TickInput& input) noexcept;

  // Of the latest `fill_terms`: torques that hold the arm against gravity [N m].
  const impedance::JointVector& gravity() const;

  // Tool point at joint positions and velocities, with its twist. Real-time safe.
  impedance::MovingPose forward(const impedance::JointVector& q,
                                const impedance::JointVector& dq) noexcept;

  // Pose of a link that is fixed to the tool, in the tool frame. Throws std::invalid_argument.
  impedance::Pose tool_from(const std::string& frame) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace takt_controllers
