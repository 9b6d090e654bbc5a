// NumPy arrays to Eigen, with shapes checked and named.
#pragma once

#include <pybind11/numpy.h>

#include <string>

#include "takt_impedance/types.hpp"

using Array = pybind11::array_t<double, pybind11::array::forcecast>;
using RowMajor = pybind11::array_t<double, pybind11::array::c_style | pybind11::array::forcecast>;
using Times = pybind11::array_t<std::int64_t, pybind11::array::c_style | pybind11::array::forcecast>;

[[noreturn]] inline void wrong_shape(const char* name, const pybind11::array& found, const std::string& allowed) {
  std::string shape = "(";
  for (pybind11::ssize_t i = 0; i < found.ndim(); ++i) shape += std::to_string(found.shape(i)) + ",";
  throw pybind11::value_error(std::string(name) + ": found shape " + shape + "), allowed " + allowed);
}

template <typename Vector>
void read_vector(const char* name, const Array& from, Vector& to) {
  const auto n = to.size();
  if (from.ndim() != 1 || from.shape(0) != n) wrong_shape(name, from, "(" + std::to_string(n) + ",)");
  const auto view = from.unchecked<1>();
  for (Eigen::Index i = 0; i < n; ++i) to(i) = view(i);
}

template <typename Matrix>
void read_matrix(const char* name, const Array& from, Matrix& to) {
  if (from.ndim() != 2 || from.shape(0) != to.rows() || from.shape(1) != to.cols()) {
    wrong_shape(name, from,
                "(" + std::to_string(to.rows()) + "," + std::to_string(to.cols()) + ")");
  }
  const auto view = from.unchecked<2>();
  for (Eigen::Index j = 0; j < to.cols(); ++j) {
    for (Eigen::Index i = 0; i < to.rows(); ++i) to(i, j) = view(i, j);
  }
}

// Scalar, or vector of the size that `to` has.
template <typename Vector>
void assign_vector(const char* name, const Array& from, Vector& to) {
  if (from.ndim() == 0) {
    to.setConstant(*from.data());
  } else {
    read_vector(name, from, to);
  }
}

inline takt_impedance::Matrix6 stiffness_from(const Array& from) {
  takt_impedance::Matrix6 stiffness;
  if (from.ndim() == 2) {
    read_matrix("stiffness", from, stiffness);
  } else {
    takt_impedance::Vector6 diagonal;
    assign_vector("stiffness", from, diagonal);
    stiffness = diagonal.asDiagonal();
  }
  return stiffness;
}
