// Python binding; documented in takt_impedance/_core.pyi.
#include <pybind11/eigen.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <utility>

#include "bind.hpp"
#include "takt_impedance/rotation.hpp"
#include "views.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

void bind_functions(py::module_& m) {
  m.def(
      "rotation_log",
      [](const Array& rotation) {
        ti::Matrix3 matrix;
        read_matrix("rotation", rotation, matrix);
        return ti::rotation_log(Eigen::Quaterniond(matrix).normalized());
      },
      py::arg("rotation"));
  m.def(
      "rotation_exp",
      [](const Array& vector) {
        ti::Vector3 v;
        read_vector("vector", vector, v);
        return ti::Matrix3(ti::rotation_exp(v).toRotationMatrix());
      },
      py::arg("vector"));
  m.def(
      "interpolate",
      [](const Times& times, const RowMajor& poses, const std::optional<RowMajor>& twists,
         ti::TimeNs t_ns) {
        const ti::MovingPose state =
            ti::interpolate(waypoints(times, poses, twists, std::nullopt), t_ns);
        Eigen::Matrix<double, 7, 1> pose;
        pose << state.pose.position, state.pose.rotation.coeffs();
        return std::make_pair(pose, state.twist);
      },
      py::arg("times_ns"), py::arg("poses"), py::arg("twists"), py::arg("t_ns"));
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "Compliant controller; documented in _core.pyi.";
  bind_enums(m);
  bind_keep_out(m);
  bind_parameters(m);
  bind_output(m);
  bind_results(m);
  bind_controller(m);
  bind_group(m);
  bind_statistics(m);
  bind_shared(m);
  bind_virtual_arm(m);
  bind_functions(m);
}
