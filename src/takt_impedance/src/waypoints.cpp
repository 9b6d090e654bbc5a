#include "takt_impedance/waypoints.hpp"

#include <cmath>
#include <stdexcept>

#include "text.hpp"

namespace takt_impedance {
namespace {

using Row6 = Eigen::Map<const Vector6>;

// Accepts rounding of the sender's normalisation, nothing more.
constexpr double kQuaternionTolerance = 1e-3;

// A row is given, absent (all NaN) or broken.
enum class Row { kGiven, kAbsent, kBroken };

Row classify(const double* row) {
  const Row6 values(row);
  if (values.allFinite()) return Row::kGiven;
  return values.array().isNaN().all() ? Row::kAbsent : Row::kBroken;
}

std::string read_knot(const WaypointView& w, int i, Knot& knot) {
  knot = Knot{};
  knot.time_ns = w.times_ns[i];
  if (std::string wrong = read_pose(w.poses + 7 * i, knot.state.pose); !wrong.empty()) {
    return "pose " + wrong;
  }
  if (w.twists != nullptr) {
    const Row row = classify(w.twists + 6 * i);
    if (row == Row::kBroken) return "twist is not finite";
    knot.has_twist = row == Row::kGiven;
    if (knot.has_twist) knot.state.twist = Row6(w.twists + 6 * i);
  }
  if (w.stiffness != nullptr) {
    const Row row = classify(w.stiffness + 6 * i);
    if (row == Row::kBroken) return "stiffness is not finite";
    knot.has_stiffness = row == Row::kGiven;
    if (knot.has_stiffness) knot.stiffness = Row6(w.stiffness + 6 * i);
    if (knot.has_stiffness && knot.stiffness.minCoeff() < 0.0) {
      return text("stiffness is ", knot.stiffness.minCoeff(), ", allowed at least 0");
    }
  }
  return {};
}

}  // namespace

std::string read_pose(const double* row, Pose& pose) {
  if (!Eigen::Map<const Eigen::Matrix<double, 7, 1>>(row).allFinite()) return "is not finite";
  pose.position = Eigen::Map<const Vector3>(row);
  pose.rotation = Eigen::Quaterniond(row[6], row[3], row[4], row[5]);
  const double norm = pose.rotation.norm();
  if (std::abs(norm - 1.0) > kQuaternionTolerance) {
    return text("has a quaternion of norm ", norm, ", allowed 1 +- ", kQuaternionTolerance);
  }
  pose.rotation.normalize();
  return {};
}

std::string read_waypoints(const WaypointView& w, Curve& curve) {
  curve.clear();
  const int allowed = curve.capacity() - 1;  // the follower needs one place for the start
  if (w.count > allowed) return text(w.count, " waypoints, allowed max_waypoints = ", allowed);
  for (int i = 0; i < w.count; ++i) {
    if (i > 0 && w.times_ns[i] <= w.times_ns[i - 1]) {
      return text("waypoint ", i, " is not later than waypoint ", i - 1, " (by ",
                  w.times_ns[i] - w.times_ns[i - 1], " ns)");
    }
    Knot knot;
    if (std::string wrong = read_knot(w, i, knot); !wrong.empty()) {
      return text("waypoint ", i, ": ", wrong);
    }
    curve.append(knot);
  }
  return {};
}

MovingPose interpolate(const WaypointView& waypoints, TimeNs t_ns) {
  if (waypoints.count < 1) throw std::invalid_argument("no waypoints");
  Curve curve(waypoints.count + 1);
  const std::string wrong = read_waypoints(waypoints, curve);
  if (!wrong.empty()) throw std::invalid_argument(wrong);
  curve.estimate_twists();
  return curve.at(t_ns);
}

}  // namespace takt_impedance
