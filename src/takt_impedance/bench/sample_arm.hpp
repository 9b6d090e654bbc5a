// A seven-joint arm of the usual kind (alternating axes, point masses), enough kinematics and
// dynamics to feed the controller in benchmarks and stress tests without other libraries.
#pragma once

#include <cmath>
#include <vector>

#include "takt_impedance/tick.hpp"
#include "takt_impedance/waypoints.hpp"

namespace takt_impedance::sample {

inline constexpr int kJoints = 7;

// Terms at joint angles q; velocities are the caller's.
inline void fill_terms(const JointVector& q, TickInput& input) {
  const double lengths[kJoints] = {0.33, 0.0, 0.31, 0.08, 0.38, 0.0, 0.2};
  const double masses[kJoints] = {3.0, 3.0, 2.5, 2.5, 2.0, 1.5, 1.0};
  Matrix3 rotation = Matrix3::Identity();
  Vector3 position = Vector3::Zero();
  Vector3 axes[kJoints], origins[kJoints], centres[kJoints];
  for (int i = 0; i < kJoints; ++i) {
    axes[i] = rotation * (i % 2 == 0 ? Vector3::UnitZ() : Vector3::UnitY());
    origins[i] = position;
    rotation = Eigen::AngleAxisd(q(i), axes[i]) * rotation;
    position += rotation * Vector3(0.02, 0.0, lengths[i]);
    centres[i] = 0.5 * (origins[i] + position);
  }
  input.q = q;
  input.position = position;
  input.rotation = rotation;
  input.mass.setZero();
  input.bias.setZero();
  for (int link = 0; link < kJoints; ++link) {
    Eigen::Matrix<double, 3, kJoints> linear = Eigen::Matrix<double, 3, kJoints>::Zero();
    Eigen::Matrix<double, 3, kJoints> angular = linear;
    for (int i = 0; i <= link; ++i) {
      linear.col(i) = axes[i].cross(centres[link] - origins[i]);
      angular.col(i) = axes[i];
    }
    input.mass += masses[link] * linear.transpose() * linear;
    input.mass += 0.01 * masses[link] * angular.transpose() * angular;
    input.bias += 9.81 * masses[link] * linear.row(2).transpose();
  }
  for (int i = 0; i < kJoints; ++i) {
    input.jacobian.col(i) << axes[i].cross(position - origins[i]), axes[i];
    input.mass(i, i) += 0.05;  // rotors
  }
}

// A smooth motion of `count` ticks at 1 kHz.
inline std::vector<TickInput> smooth_motion(int count) {
  std::vector<TickInput> inputs;
  for (int k = 0; k < count; ++k) {
    TickInput input(kJoints);
    const double t = 1e-3 * k;
    JointVector q(kJoints);
    for (int i = 0; i < kJoints; ++i) {
      q(i) = (i % 2 == 0 ? 0.1 : 0.7) + 0.3 * std::sin(t * (1.0 + 0.3 * i) + i);
      input.dq(i) = 0.3 * (1.0 + 0.3 * i) * std::cos(t * (1.0 + 0.3 * i) + i);
    }
    input.now_ns = 1'000'000'000 + 1'000'000LL * k;
    fill_terms(q, input);
    inputs.push_back(input);
  }
  return inputs;
}

// Waypoints every 100 ms from the pose of `start` along a gentle arc, `count` of them.
struct Waypoints {
  std::vector<TimeNs> times_ns;
  std::vector<double> poses;

  WaypointView view() const {
    WaypointView view;
    view.count = static_cast<int>(times_ns.size());
    view.times_ns = times_ns.data();
    view.poses = poses.data();
    return view;
  }
};

inline Waypoints arc(const Pose& start, TimeNs now_ns, int count) {
  Waypoints waypoints;
  for (int i = 1; i <= count; ++i) {
    waypoints.times_ns.push_back(now_ns + 100'000'000LL * i);
    const Vector3 p = start.position + Vector3(0.01 * i, 0.01 * std::sin(0.5 * i), 0.0);
    const Eigen::Quaterniond r =
        Eigen::Quaterniond(Eigen::AngleAxisd(0.05 * i, Vector3::UnitX())) * start.rotation;
    for (const double value : {p.x(), p.y(), p.z(), r.x(), r.y(), r.z(), r.w()}) {
      waypoints.poses.push_back(value);
    }
  }
  return waypoints;
}

}  // namespace takt_impedance::sample
