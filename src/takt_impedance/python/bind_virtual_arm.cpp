// Python's VirtualArm.
#include <pybind11/eigen.h>
#include <pybind11/pybind11.h>

#include "arrays.hpp"
#include "bind.hpp"
#include "takt_impedance/virtual_arm.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

// With room for what is handed in.
struct PyVirtualArm {
  PyVirtualArm(const ti::Parameters& controller, const ti::VirtualArmParameters& parameters)
      : arm(controller, parameters),
        input(controller.n_joints),
        torque(ti::JointVector::Zero(controller.n_joints)) {}

  ti::VirtualArm arm;
  ti::TickInput input;
  ti::JointVector torque;
};

void bind_arm_parameters(py::module_& m) {
  using P = ti::VirtualArmParameters;
  py::class_<P>(m, "VirtualArmParameters")
      .def(py::init<int>(), py::arg("n_joints") = 7)
      .def("validate", &P::validate)
      .def_property(
          "inertia_kgm2", [](const P& p) { return Eigen::VectorXd(p.inertia_kgm2); },
          [](P& p, const Array& value) { assign_vector("inertia_kgm2", value, p.inertia_kgm2); })
      .def_property(
          "damping_nms_rad", [](const P& p) { return Eigen::VectorXd(p.damping_nms_rad); },
          [](P& p, const Array& value) {
            assign_vector("damping_nms_rad", value, p.damping_nms_rad);
          })
      .def_readwrite("wrench_cutoff_hz", &P::wrench_cutoff_hz);
}

}  // namespace

void bind_virtual_arm(py::module_& m) {
  bind_arm_parameters(m);
  py::class_<PyVirtualArm>(m, "VirtualArm")
      .def(py::init<const ti::Parameters&, const ti::VirtualArmParameters&>(),
           py::arg("controller"), py::arg("parameters"))
      .def(
          "reset",
          [](PyVirtualArm& a, const Array& q) {
            read_vector("q", q, a.input.q);
            a.arm.reset(a.input.q);
          },
          py::arg("q"))
      .def_property_readonly("q", [](const PyVirtualArm& a) { return Eigen::VectorXd(a.arm.q()); })
      .def_property_readonly("dq",
                             [](const PyVirtualArm& a) { return Eigen::VectorXd(a.arm.dq()); })
      .def(
          "step",
          [](PyVirtualArm& a, const Array& torque, const Array& jacobian, const Array& mass,
             const Array& bias, const Array& wrench, double dt_s) {
            read_vector("torque", torque, a.torque);
            read_matrix("jacobian", jacobian, a.input.jacobian);
            read_matrix("mass", mass, a.input.mass);
            read_vector("bias", bias, a.input.bias);
            ti::Vector6 external;
            read_vector("wrench", wrench, external);
            a.arm.step(a.input, a.torque, external, dt_s);
          },
          py::arg("torque"), py::arg("jacobian"), py::arg("mass"), py::arg("bias"),
          py::arg("wrench"), py::arg("dt_s"));
}
