// Several arms that set out together or not at all.
//
// All controllers of a group are ticked by the same thread, which also calls `commit`. Phase one
// asks every arm, phase two tells every arm. With a start in the future the arms agree again in the
// tick before it: one that can no longer go (a fault, a stop, another command) takes the others out.
#pragma once

#include <memory>
#include <vector>

#include "takt_impedance/controller.hpp"

namespace takt_impedance {

struct GroupResult {
  bool accepted = false;
  std::vector<TrajectoryResult> arms;  // in the order of the controllers
};

class Group {
 public:
  // The controllers must outlive the group.
  explicit Group(std::vector<Controller*> controllers);

  // One set of waypoints for each arm.
  GroupResult set_trajectory(const std::vector<WaypointView>& waypoints, TimeNs now_ns,
                             TimeNs start_ns = 0);
  GroupResult set_joint_trajectory(const std::vector<JointWaypointView>& waypoints,
                                   TimeNs now_ns, TimeNs start_ns = 0);

  int size() const { return static_cast<int>(controllers_.size()); }

 private:
  std::vector<Controller*> controllers_;
  std::vector<Curve> curves_;
  std::vector<JointCurve> joint_curves_;
};

}  // namespace takt_impedance
