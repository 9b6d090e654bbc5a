// Python's Controller: checks shapes, nothing else.
#include <pybind11/eigen.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>

#include "bind.hpp"
#include "enums.hpp"
#include "py_controller.hpp"
#include "views.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

void bind_ticking(py::class_<PyController>& cls) {
  cls.def(py::init<const ti::Parameters&>(), py::arg("parameters"))
      .def(
          "activate",
          [](PyController& c, ti::TimeNs now_ns, const Array& q, const Array& position,
             const Array& rotation, const std::optional<Array>& tau) {
            c.read_state(now_ns, q, position, rotation);
            c.read_measured(tau);
            c.controller.activate(c.input);
          },
          py::arg("now_ns"), py::arg("q"), py::arg("base_from_tcp_position"),
          py::arg("base_from_tcp_rotation"), py::arg("tau_measured") = py::none())
      .def(
          "reset_fault",
          [](PyController& c, ti::TimeNs now_ns, const Array& q, const Array& position,
             const Array& rotation) {
            c.read_state(now_ns, q, position, rotation);
            c.controller.reset_fault(c.input);
          },
          py::arg("now_ns"), py::arg("q"), py::arg("base_from_tcp_position"),
          py::arg("base_from_tcp_rotation"))
      .def(
          "tick",
          [](PyController& c, ti::TimeNs now_ns, double dt_s, const Array& q, const Array& dq,
             const std::optional<Array>& tau, const Array& jacobian, const Array& mass,
             const Array& bias, const Array& position, const Array& rotation,
             const std::optional<Array>& wrench) {
            if (!c.controller.active()) throw std::runtime_error("tick called before activate");
            c.read_state(now_ns, q, position, rotation);
            c.read_terms(dt_s, dq, jacobian, mass, bias);
            c.read_measured(tau);
            c.read_wrench(wrench);
            c.controller.tick(c.input);
            c.state->publish();
            return c.output;
          },
          py::arg("now_ns"), py::arg("dt_s"), py::arg("q"), py::arg("dq"), py::arg("tau_measured"),
          py::arg("jacobian"), py::arg("mass"), py::arg("bias"), py::arg("base_from_tcp_position"),
          py::arg("base_from_tcp_rotation"), py::arg("wrench_measured") = py::none())
      .def_readonly("output", &PyController::output)
      .def_property_readonly("parameters",
                             [](const PyController& c) { return c.controller.parameters(); })
      .def_property_readonly("counters",
                             [](const PyController& c) { return c.controller.counters(); })
      .def_property_readonly("mode", [](const PyController& c) { return c.controller.mode(); })
      .def_property_readonly("starved",
                             [](const PyController& c) { return c.controller.output().starved; });
}

void bind_gains(py::class_<PyController>& cls) {
  cls.def(
         "set_mode", [](PyController& c, ti::Mode mode) { c.controller.set_mode(mode); },
         py::arg("mode"))
      .def(
          "set_impedance",
          [](PyController& c, const Array& stiffness, const std::optional<Array>& ratio,
             const std::optional<ti::Frame>& frame) {
            const ti::Matrix6 matrix = stiffness_from(stiffness);
            ti::check_stiffness(matrix);
            if (ratio) {
              ti::Vector6 damping_ratio;
              assign_vector("damping_ratio", *ratio, damping_ratio);
              c.controller.set_damping_ratio(damping_ratio);
            }
            c.controller.set_stiffness(
                matrix, frame.value_or(c.controller.parameters().stiffness_frame));
          },
          py::arg("stiffness"), py::arg("damping_ratio") = py::none(),
          py::arg("frame") = py::none())
      .def(
          "set_nullspace_posture",
          [](PyController& c, const Array& q) { c.controller.set_posture(c.joints("q", q)); },
          py::arg("q"))
      .def(
          "set_nullspace_stiffness",
          [](PyController& c, const Array& stiffness) {
            c.controller.set_nullspace_stiffness(c.joints("stiffness", stiffness));
          },
          py::arg("stiffness"))
      .def(
          "set_joint_impedance",
          [](PyController& c, const Array& stiffness, const Array& ratio) {
            c.controller.set_joint_impedance(c.joints("stiffness", stiffness),
                                             c.joints("damping_ratio", ratio));
          },
          py::arg("stiffness"), py::arg("damping_ratio"))
      .def(
          "set_wrench",
          [](PyController& c, const Array& wrench, ti::TimeNs now_ns) {
            ti::Vector6 value;
            read_vector("wrench", wrench, value);
            c.controller.set_wrench(value, now_ns);
          },
          py::arg("wrench"), py::arg("now_ns"));
}

void bind_trajectories(py::class_<PyController>& cls) {
  cls.def(
         "set_trajectory",
         [](PyController& c, const Times& times, const RowMajor& poses, ti::TimeNs now_ns,
            const std::optional<RowMajor>& twists, const std::optional<RowMajor>& stiffness,
            ti::TimeNs start_ns) {
           return c.controller.set_trajectory(waypoints(times, poses, twists, stiffness), now_ns,
                                              start_ns);
         },
         py::arg("times_ns"), py::arg("poses"), py::arg("now_ns"), py::arg("twists") = py::none(),
         py::arg("stiffness") = py::none(), py::arg("start_ns") = 0)
      .def(
          "set_joint_trajectory",
          [](PyController& c, const Times& times, const RowMajor& positions, ti::TimeNs now_ns,
             const std::optional<RowMajor>& velocities, ti::TimeNs start_ns) {
            return c.controller.set_joint_trajectory(
                joint_waypoints(times, positions, velocities, c.joint_count()), now_ns, start_ns);
          },
          py::arg("times_ns"), py::arg("positions"), py::arg("now_ns"),
          py::arg("velocities") = py::none(), py::arg("start_ns") = 0)
      .def(
          "set_target",
          [](PyController& c, const RowMajor& pose, ti::TimeNs now_ns) {
            if (pose.ndim() != 1 || pose.shape(0) != 7) wrong_shape("pose", pose, "(7,)");
            return c.controller.set_target(pose.data(), now_ns);
          },
          py::arg("pose"), py::arg("now_ns"))
      .def(
          "set_joint_target",
          [](PyController& c, const Array& q, ti::TimeNs now_ns) {
            return c.controller.set_joint_target(c.joints("q", q).data(), now_ns);
          },
          py::arg("q"), py::arg("now_ns"));
}

}  // namespace

void bind_controller(py::module_& m) {
  py::class_<PyController> cls(m, "Controller");
  bind_ticking(cls);
  bind_gains(cls);
  bind_trajectories(cls);
}
