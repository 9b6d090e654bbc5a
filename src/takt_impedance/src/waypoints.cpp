#include "takt_impedance/waypoints.hpp"

#include <cmath>
#include <stdexcept>

namespace takt_impedance {
namespace {

using Row6 = Eigen::Map<const Vector6>;

// Accepts rounding of the sender's normalisation, nothing more.
constexpr double kQuaternionTolerance = 1e-3;

// A row is given, absent (all NaN) or broken.
enum class Row { kGiven, kAbsent, kBroken };

template <typename Values>
Row classify(const Values& values) {
  if (values.allFinite()) return Row::kGiven;
  return values.array().isNaN().all() ? Row::kAbsent : Row::kBroken;
}

Verdict read_knot(const WaypointView& w, int i, Knot& knot) {
  knot = Knot{};
  knot.time_ns = w.times_ns[i];
  if (const Verdict wrong = read_pose(w.poses + 7 * i, knot.state.pose); !wrong.accepted) {
    return wrong;
  }
  if (w.twists != nullptr) {
    const Row6 twist(w.twists + 6 * i);
    const Row row = classify(twist);
    if (row == Row::kBroken) return refuse(Refusal::kTwistNotFinite);
    knot.has_twist = row == Row::kGiven;
    if (knot.has_twist) knot.state.twist = twist;
  }
  if (w.stiffness != nullptr) {
    const Row6 stiffness(w.stiffness + 6 * i);
    const Row row = classify(stiffness);
    if (row == Row::kBroken) return refuse(Refusal::kStiffnessNotFinite);
    knot.has_stiffness = row == Row::kGiven;
    if (knot.has_stiffness) knot.stiffness = stiffness;
    if (knot.has_stiffness && stiffness.minCoeff() < 0.0) {
      return refuse(Refusal::kStiffnessNegative, stiffness.minCoeff());
    }
  }
  return accept();
}

Verdict read_knot(const JointWaypointView& w, int i, const JointVector& lower,
                  const JointVector& upper, JointKnot& knot) {
  const Eigen::Index n = lower.size();
  knot.time_ns = w.times_ns[i];
  knot.state.q = Eigen::Map<const Eigen::VectorXd>(w.positions + n * i, n);
  knot.state.dq.setZero(n);
  knot.has_velocity = false;
  for (int j = 0; j < static_cast<int>(n); ++j) {
    const double q = knot.state.q(j);
    if (!std::isfinite(q)) return refuse(Refusal::kJointNotFinite, q, 0.0, i, j);
    if (q < lower(j)) return refuse(Refusal::kJointLimit, q, lower(j), i, j);
    if (q > upper(j)) return refuse(Refusal::kJointLimit, q, upper(j), i, j);
  }
  if (w.velocities != nullptr) {
    const Eigen::Map<const Eigen::VectorXd> dq(w.velocities + n * i, n);
    const Row row = classify(dq);
    if (row == Row::kBroken) return refuse(Refusal::kVelocityNotFinite);
    knot.has_velocity = row == Row::kGiven;
    if (knot.has_velocity) knot.state.dq = dq;
  }
  return accept();
}

// Reads one knot after the other; `read(i, knot)` says what is wrong with one.
template <typename CurveType, typename KnotType, typename Read>
Verdict read_all(int count, const TimeNs* times_ns, CurveType& curve, KnotType& knot, Read read) {
  curve.clear();
  if (count > curve.capacity()) {
    return refuse(Refusal::kTooMany, count, curve.capacity());
  }
  for (int i = 0; i < count; ++i) {
    if (i > 0 && times_ns[i] <= times_ns[i - 1]) {
      return refuse(Refusal::kNotLater, static_cast<double>(times_ns[i] - times_ns[i - 1]), 0.0,
                    i);
    }
    if (Verdict wrong = read(i, knot); !wrong.accepted) {
      wrong.index = i;
      return wrong;
    }
    curve.append(knot);
  }
  curve.finish();
  return accept();
}

}  // namespace

Verdict read_pose(const double* row, Pose& pose) noexcept {
  if (!Eigen::Map<const Eigen::Matrix<double, 7, 1>>(row).allFinite()) {
    return refuse(Refusal::kPoseNotFinite);
  }
  pose.position = Eigen::Map<const Vector3>(row);
  pose.rotation = Eigen::Quaterniond(row[6], row[3], row[4], row[5]);
  const double norm = pose.rotation.norm();
  if (std::abs(norm - 1.0) > kQuaternionTolerance) {
    return refuse(Refusal::kQuaternionNorm, norm, kQuaternionTolerance);
  }
  pose.rotation.normalize();
  return accept();
}

Verdict prepare(const WaypointView& w, Curve& curve) noexcept {
  Knot knot;
  return read_all(w.count, w.times_ns, curve, knot,
                  [&w](int i, Knot& k) { return read_knot(w, i, k); });
}

Verdict prepare(const JointWaypointView& w, const JointVector& lower, const JointVector& upper,
                JointCurve& curve) noexcept {
  JointKnot knot;
  return read_all(w.count, w.times_ns, curve, knot, [&](int i, JointKnot& k) {
    return read_knot(w, i, lower, upper, k);
  });
}

MovingPose interpolate(const WaypointView& waypoints, TimeNs t_ns) {
  if (waypoints.count < 1) throw std::invalid_argument("no waypoints");
  Curve curve(waypoints.count);
  const Verdict verdict = prepare(waypoints, curve);
  if (!verdict.accepted) throw std::invalid_argument(describe(verdict));
  return curve.at(t_ns);
}

}  // namespace takt_impedance
