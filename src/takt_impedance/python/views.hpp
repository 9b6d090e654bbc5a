// Waypoints as NumPy arrays, with shapes checked.
#pragma once

#include <optional>
#include <string>

#include "arrays.hpp"
#include "takt_impedance/waypoints.hpp"

inline const double* rows_or_null(const char* name, const std::optional<RowMajor>& rows,
                                  pybind11::ssize_t count, pybind11::ssize_t width) {
  if (!rows) return nullptr;
  if (rows->ndim() != 2 || rows->shape(0) != count || rows->shape(1) != width) {
    wrong_shape(name, *rows, "(" + std::to_string(count) + "," + std::to_string(width) + ")");
  }
  return rows->data();
}

inline int count_of(const Times& times) {
  if (times.ndim() != 1) wrong_shape("times_ns", times, "(N,)");
  return static_cast<int>(times.shape(0));
}

inline takt_impedance::WaypointView waypoints(const Times& times, const RowMajor& poses,
                                              const std::optional<RowMajor>& twists,
                                              const std::optional<RowMajor>& stiffness) {
  takt_impedance::WaypointView view;
  view.count = count_of(times);
  if (view.count == 0) return view;
  view.times_ns = times.data();
  view.poses = rows_or_null("poses", poses, view.count, 7);
  view.twists = rows_or_null("twists", twists, view.count, 6);
  view.stiffness = rows_or_null("stiffness", stiffness, view.count, 6);
  return view;
}

inline takt_impedance::JointWaypointView joint_waypoints(
    const Times& times, const RowMajor& positions, const std::optional<RowMajor>& velocities,
    int n_joints) {
  takt_impedance::JointWaypointView view;
  view.count = count_of(times);
  if (view.count == 0) return view;
  view.times_ns = times.data();
  view.positions = rows_or_null("positions", positions, view.count, n_joints);
  view.velocities = rows_or_null("velocities", velocities, view.count, n_joints);
  return view;
}
