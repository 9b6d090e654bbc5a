// Python's KeepOut.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>

#include "arrays.hpp"
#include "bind.hpp"
#include "takt_impedance/keep_out.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

void bind_keep_out(py::module_& m) {
  using Shape = ti::KeepOut::Shape;
  py::class_<ti::KeepOut>(m, "KeepOut")
      .def_static(
          "box",
          [](const Array& centre, const Array& half_size, const std::optional<Array>& rotation) {
            ti::KeepOut body;
            body.shape = Shape::kBox;
            read_vector("centre", centre, body.centre);
            read_vector("half_size", half_size, body.half_size);
            if (rotation) {
              ti::Matrix3 matrix;
              read_matrix("rotation", *rotation, matrix);
              body.rotation = Eigen::Quaterniond(matrix).normalized();
            }
            return body;
          },
          py::arg("centre"), py::arg("half_size"), py::arg("rotation") = py::none())
      .def_static(
          "sphere",
          [](const Array& centre, double radius) {
            ti::KeepOut body;
            body.shape = Shape::kSphere;
            read_vector("centre", centre, body.centre);
            body.radius = radius;
            return body;
          },
          py::arg("centre"), py::arg("radius"))
      .def_static(
          "half_space",
          [](const Array& point, const Array& normal) {
            ti::KeepOut body;
            body.shape = Shape::kHalfSpace;
            read_vector("point", point, body.centre);
            read_vector("normal", normal, body.normal);
            body.normal.normalize();  // stays 0 if it was: refused by `validate`
            return body;
          },
          py::arg("point"), py::arg("normal"))
      .def(
          "distance",
          [](const ti::KeepOut& body, const Array& point) {
            ti::Vector3 p;
            read_vector("point", point, p);
            return ti::clearance(body, p).distance;
          },
          py::arg("point"));
}
