// Python's SharedController: what a ros2_control plugin uses, for tests and loops in Python.
#include <pybind11/eigen.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>

#include "bind.hpp"
#include "enums.hpp"
#include "py_input.hpp"
#include "takt_impedance/shared_controller.hpp"
#include "views.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

using Pose7 = Eigen::Matrix<double, 7, 1>;

Pose7 pose7(const ti::Pose& pose) {
  Pose7 result;
  result << pose.position, pose.rotation.coeffs();  // coeffs are xyzw
  return result;
}

struct PyShared : PyInput {
  explicit PyShared(const ti::Parameters& p) : PyInput(p.n_joints), shared(p) {}

  ti::SharedController shared;
};

void bind_answers(py::module_& m) {
  using P = ti::Posted;
  py::class_<P>(m, "Posted")
      .def_readonly("posted", &P::posted)
      .def_readonly("id", &P::id)
      .def_readonly("reason", &P::reason);
  using A = ti::Answer;
  py::class_<A>(m, "Answer")
      .def_readonly("id", &A::id)
      .def_readonly("reason", &A::reason)
      .def_property_readonly("accepted", [](const A& a) { return a.verdict.accepted; })
      .def_property_readonly("dropped", [](const A& a) { return a.verdict.dropped; });
  using S = ti::Snapshot;
  py::class_<S>(m, "Snapshot")
      .def_readonly("active", &S::active)
      .def_readonly("now_ns", &S::now_ns)
      .def_readonly("counters", &S::counters)
      .def_readonly("statistics", &S::statistics)
      .def_property_readonly("q", [](const S& s) { return Eigen::VectorXd(s.q); })
      .def_property_readonly("torque",
                             [](const S& s) { return Eigen::VectorXd(s.output.torque); })
      .def_property_readonly("pose", [](const S& s) { return pose7(s.measured.pose); })
      .def_property_readonly("target_pose",
                             [](const S& s) { return pose7(s.output.target.pose); })
      .def_property_readonly("mode", [](const S& s) { return s.output.mode; })
      .def_property_readonly("fault", [](const S& s) { return s.output.fault; })
      .def_property_readonly("starved", [](const S& s) { return s.output.starved; })
      .def_property_readonly("moving", [](const S& s) { return s.output.moving; });
}

void bind_ticking(py::class_<PyShared>& cls) {
  cls.def(py::init<const ti::Parameters&>(), py::arg("parameters"))
      .def(
          "activate",
          [](PyShared& c, ti::TimeNs now_ns, const Array& q, const Array& position,
             const Array& rotation) {
            c.read_state(now_ns, q, position, rotation);
            c.shared.activate(c.input);
          },
          py::arg("now_ns"), py::arg("q"), py::arg("base_from_tcp_position"),
          py::arg("base_from_tcp_rotation"))
      .def(
          "tick",
          [](PyShared& c, ti::TimeNs now_ns, double dt_s, const Array& q, const Array& dq,
             const Array& jacobian, const Array& mass, const Array& bias, const Array& position,
             const Array& rotation) {
            c.read_state(now_ns, q, position, rotation);
            c.read_terms(dt_s, dq, jacobian, mass, bias);
            c.shared.tick(c.input);
          },
          py::arg("now_ns"), py::arg("dt_s"), py::arg("q"), py::arg("dq"), py::arg("jacobian"),
          py::arg("mass"), py::arg("bias"), py::arg("base_from_tcp_position"),
          py::arg("base_from_tcp_rotation"))
      .def("snapshot", [](PyShared& c) { return c.shared.snapshot(); });
}

void bind_posting(py::class_<PyShared>& cls) {
  cls.def(
         "post_trajectory",
         [](PyShared& c, const Times& times, const RowMajor& poses,
            const std::optional<RowMajor>& twists, const std::optional<RowMajor>& stiffness,
            ti::TimeNs start_ns) {
           return c.shared.post_trajectory(waypoints(times, poses, twists, stiffness), start_ns);
         },
         py::arg("times_ns"), py::arg("poses"), py::arg("twists") = py::none(),
         py::arg("stiffness") = py::none(), py::arg("start_ns") = 0)
      .def(
          "post_joint_trajectory",
          [](PyShared& c, const Times& times, const RowMajor& positions,
             const std::optional<RowMajor>& velocities, ti::TimeNs start_ns) {
            const int n = c.joint_count();
            return c.shared.post_joint_trajectory(
                joint_waypoints(times, positions, velocities, n), start_ns);
          },
          py::arg("times_ns"), py::arg("positions"), py::arg("velocities") = py::none(),
          py::arg("start_ns") = 0)
      .def(
          "post_target",
          [](PyShared& c, const Array& pose) {
            Pose7 values;
            read_vector("pose", pose, values);
            return c.shared.post_target(values.data());
          },
          py::arg("pose"))
      .def(
          "post_joint_target",
          [](PyShared& c, const Array& q) {
            return c.shared.post_joint_target(c.joints("q", q).data());
          },
          py::arg("q"))
      .def(
          "post_stiffness",
          [](PyShared& c, const Array& stiffness, ti::Frame frame) {
            return c.shared.post_stiffness(stiffness_from(stiffness), frame);
          },
          py::arg("stiffness"), py::arg("frame") = ti::Frame::kBase)
      .def(
          "post_nullspace_posture",
          [](PyShared& c, const Array& q) { return c.shared.post_posture(c.joints("q", q)); },
          py::arg("q"))
      .def("post_mode", [](PyShared& c, ti::Mode mode) { return c.shared.post_mode(mode); },
           py::arg("mode"))
      .def("post_reset_fault", [](PyShared& c) { return c.shared.post_reset_fault(); })
      .def("poll_results", [](PyShared& c) { return c.shared.poll_results(); })
      .def_property_readonly("replaced", [](const PyShared& c) { return c.shared.replaced(); })
      .def_property_readonly("lost_results",
                             [](const PyShared& c) { return c.shared.lost_results(); });
}

}  // namespace

void bind_shared(py::module_& m) {
  bind_answers(m);
  py::class_<PyShared> cls(m, "SharedController");
  bind_ticking(cls);
  bind_posting(cls);
}
