// Several arms that set out together or not at all.
//
// All controllers of a group are ticked by the same thread, which also calls what is here. Phase one
// asks every arm, phase two tells every arm. With a start in the future they are asked once more
// when it comes: one that can no longer go (a fault, a stop, another command, too far from its
// first waypoint by now) keeps the others back.
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

  // One set of waypoints for each arm; std::invalid_argument if there are not as many. An arm with none
  // stops at once, also if another refuses.
  GroupResult set_trajectory(const std::vector<WaypointView>& waypoints, TimeNs now_ns,
                             TimeNs start_ns = 0);
  GroupResult set_joint_trajectory(const std::vector<JointWaypointView>& waypoints,
                                   TimeNs now_ns, TimeNs start_ns = 0);

  int size() const { return static_cast<int>(controllers_.size()); }

 private:
  template <typename View, typename CurveType>
  GroupResult set(const std::vector<View>& waypoints, std::vector<CurveType>& curves,
                  TimeNs now_ns, TimeNs start_ns);

  std::vector<Controller*> controllers_;
  std::vector<Curve> curves_;
  std::vector<JointCurve> joint_curves_;
};

}  // namespace takt_impedance
