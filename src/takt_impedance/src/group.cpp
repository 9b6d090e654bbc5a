#include "takt_impedance/group.hpp"

#include <stdexcept>

#include "text.hpp"

namespace takt_impedance {
namespace {

Verdict read(const WaypointView& view, const Controller&, Curve& curve) {
  return prepare(view, curve);
}

Verdict read(const JointWaypointView& view, const Controller& controller, JointCurve& curve) {
  const Parameters& p = controller.parameters();
  return prepare(view, p.joint_lower_rad, p.joint_upper_rad, curve);
}

}  // namespace

Group::Group(std::vector<Controller*> controllers) : controllers_(std::move(controllers)) {
  if (controllers_.empty()) throw std::invalid_argument("a group needs at least one arm");
  for (const Controller* controller : controllers_) {
    const int capacity = controller->parameters().max_waypoints;
    curves_.emplace_back(capacity);
    joint_curves_.emplace_back(capacity);
  }
}

template <typename View, typename CurveType>
GroupResult Group::set(const std::vector<View>& waypoints, std::vector<CurveType>& curves,
                       TimeNs now_ns, TimeNs start_ns) {
  const std::size_t n = controllers_.size();
  if (waypoints.size() != n) {
    throw std::invalid_argument(
        text("found waypoints for ", waypoints.size(), " arms, allowed ", n));
  }
  // An arm without waypoints stops at once, whatever becomes of the others.
  const auto stop = [&waypoints](std::size_t i) { return waypoints[i].count == 0; };
  std::vector<Verdict> verdicts;
  bool all = true;
  for (std::size_t i = 0; i < n; ++i) {
    Verdict verdict = read(waypoints[i], *controllers_[i], curves[i]);
    if (verdict.accepted) verdict = controllers_[i]->check(curves[i], now_ns, start_ns);
    all = all && verdict.accepted;
    verdicts.push_back(verdict);
  }
  GroupResult result;
  result.accepted = all;
  std::shared_ptr<GroupTicket> ticket;
  if (all && start_ns > now_ns) {
    ticket = std::make_shared<GroupTicket>();
    for (std::size_t i = 0; i < n; ++i) {
      if (!stop(i)) ticket->add(controllers_[i]->motion());
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (all || stop(i)) {
      verdicts[i] = controllers_[i]->commit(curves[i], now_ns, start_ns);
      if (ticket && !stop(i)) controllers_[i]->join(ticket);
    } else if (verdicts[i].accepted) {
      verdicts[i] = refuse(Refusal::kOtherArm);
    }
    result.arms.push_back(result_of(verdicts[i]));
  }
  return result;
}

GroupResult Group::set_trajectory(const std::vector<WaypointView>& waypoints, TimeNs now_ns,
                                  TimeNs start_ns) {
  return set(waypoints, curves_, now_ns, start_ns);
}

GroupResult Group::set_joint_trajectory(const std::vector<JointWaypointView>& waypoints,
                                        TimeNs now_ns, TimeNs start_ns) {
  return set(waypoints, joint_curves_, now_ns, start_ns);
}

}  // namespace takt_impedance
