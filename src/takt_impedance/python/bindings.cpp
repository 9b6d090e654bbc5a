// Python binding. Checks shapes, nothing else; documented in takt_impedance/_core.pyi.
#include <pybind11/eigen.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "enums.hpp"
#include "takt_impedance/controller.hpp"
#include "takt_impedance/rotation.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

// What the arrays of a TickOutput look into. Those arrays share the ownership, so that they stay
// valid when the controller is gone.
struct State {
  explicit State(const ti::Parameters& p) : controller(p) { publish(); }

  void publish() {
    const ti::MovingPose& target = controller.output().target;
    target_pose << target.pose.position, target.pose.rotation.coeffs();  // coeffs are xyzw
  }

  ti::Controller controller;
  Eigen::Matrix<double, 7, 1> target_pose;
};

// A read-only array over memory that `owner` keeps alive.
template <typename Matrix>
py::array view(const Matrix& m, const py::object& owner) {
  std::vector<py::ssize_t> shape{m.rows()}, strides{8};
  if (m.cols() > 1) {
    shape.push_back(m.cols());
    strides.push_back(8 * m.rows());
  }
  py::array_t<double> array(shape, strides, m.data(), owner);
  py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

// Python's TickOutput: the controller's own object, with the arrays over it made once.
struct PyOutput {
  explicit PyOutput(const std::shared_ptr<State>& state)
      : output(&state->controller.output()),
        owner(new std::shared_ptr<State>(state),
              [](void* p) { delete static_cast<std::shared_ptr<State>*>(p); }),
        torque(view(output->torque, owner)),
        target_pose(view(state->target_pose, owner)),
        target_twist(view(output->target.twist, owner)),
        pose_error(view(output->pose_error, owner)),
        wrench(view(output->wrench, owner)),
        stiffness(view(output->stiffness, owner)) {}

  const ti::TickOutput* output;
  py::capsule owner;
  py::array torque, target_pose, target_twist, pose_error, wrench, stiffness;
};

// Python's Controller, with room for what is handed in.
struct PyController {
  explicit PyController(const ti::Parameters& p)
      : state(std::make_shared<State>(p)),
        controller(state->controller),
        input(p.n_joints),
        output(py::cast(PyOutput(state))) {}

  void read_state(ti::TimeNs now_ns, const Array& q, const Array& position,
                  const Array& rotation) {
    input.now_ns = now_ns;
    read_vector("q", q, input.q);
    read_vector("base_from_tcp_position", position, input.position);
    read_matrix("base_from_tcp_rotation", rotation, input.rotation);
  }

  void read_measured(const std::optional<Array>& tau) {
    if (tau) {
      read_vector("tau_measured", *tau, input.tau_measured);
    } else {
      input.tau_measured.setConstant(ti::kNan);
    }
  }

  std::shared_ptr<State> state;
  ti::Controller& controller;
  ti::TickInput input;
  py::object output;
};

void bind_output(py::module_& m) {
  py::class_<PyOutput>(m, "TickOutput")
      .def_readonly("torque", &PyOutput::torque)
      .def_readonly("target_pose", &PyOutput::target_pose)
      .def_readonly("target_twist", &PyOutput::target_twist)
      .def_readonly("pose_error", &PyOutput::pose_error)
      .def_readonly("wrench", &PyOutput::wrench)
      .def_readonly("stiffness", &PyOutput::stiffness)
      .def_property_readonly("starved", [](const PyOutput& o) { return o.output->starved; })
      .def_property_readonly("moving", [](const PyOutput& o) { return o.output->moving; })
      .def_property_readonly("fault", [](const PyOutput& o) { return o.output->fault; })
      .def_property_readonly("fault_name",
                             [](const PyOutput& o) { return ti::fault_name(o.output->fault); })
      .def_property_readonly("wrench_limited",
                             [](const PyOutput& o) { return o.output->wrench_limited; })
      .def_property_readonly("torque_limited",
                             [](const PyOutput& o) { return o.output->torque_limited; })
      .def_property_readonly("rate_limited",
                             [](const PyOutput& o) { return o.output->rate_limited; })
      .def_property_readonly("overrun", [](const PyOutput& o) { return o.output->overrun; })
      .def_property_readonly("mode", [](const PyOutput& o) { return o.output->mode; });
  using C = ti::Counters;
  py::class_<C>(m, "Counters")
      .def_readonly("ticks", &C::ticks)
      .def_readonly("overruns", &C::overruns)
      .def_readonly("starvations", &C::starvations)
      .def_readonly("dropped_waypoints", &C::dropped_waypoints)
      .def_readonly("rejected_trajectories", &C::rejected_trajectories)
      .def_readonly("accepted_trajectories", &C::accepted_trajectories)
      .def_readonly("faults", &C::faults);
  using T = ti::TrajectoryResult;
  py::class_<T>(m, "TrajectoryResult")
      .def_readonly("accepted", &T::accepted)
      .def_readonly("reason", &T::reason)
      .def_readonly("dropped", &T::dropped);
}

const double* rows_or_null(const char* name, const std::optional<RowMajor>& rows,
                           py::ssize_t count, py::ssize_t width) {
  if (!rows) return nullptr;
  if (rows->ndim() != 2 || rows->shape(0) != count || rows->shape(1) != width) {
    wrong_shape(name, *rows, "(" + std::to_string(count) + "," + std::to_string(width) + ")");
  }
  return rows->data();
}

ti::WaypointView waypoints(const Times& times, const RowMajor& poses,
                           const std::optional<RowMajor>& twists,
                           const std::optional<RowMajor>& stiffness) {
  if (times.ndim() != 1) wrong_shape("times_ns", times, "(N,)");
  ti::WaypointView view;
  const py::ssize_t n = times.shape(0);
  view.count = static_cast<int>(n);
  if (n == 0) return view;
  view.times_ns = times.data();
  view.poses = rows_or_null("poses", poses, n, 7);
  view.twists = rows_or_null("twists", twists, n, 6);
  view.stiffness = rows_or_null("stiffness", stiffness, n, 6);
  return view;
}

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
             const Array& bias, const Array& position, const Array& rotation) {
            if (!c.controller.active()) throw std::runtime_error("tick called before activate");
            c.read_state(now_ns, q, position, rotation);
            c.input.dt_s = dt_s;
            read_vector("dq", dq, c.input.dq);
            c.read_measured(tau);
            read_matrix("jacobian", jacobian, c.input.jacobian);
            read_matrix("mass", mass, c.input.mass);
            read_vector("bias", bias, c.input.bias);
            c.controller.tick(c.input);
            c.state->publish();
            return c.output;
          },
          py::arg("now_ns"), py::arg("dt_s"), py::arg("q"), py::arg("dq"), py::arg("tau_measured"),
          py::arg("jacobian"), py::arg("mass"), py::arg("bias"), py::arg("base_from_tcp_position"),
          py::arg("base_from_tcp_rotation"))
      .def_readonly("output", &PyController::output)
      .def_property_readonly("parameters",
                             [](const PyController& c) { return c.controller.parameters(); })
      .def_property_readonly("counters",
                             [](const PyController& c) { return c.controller.counters(); })
      .def_property_readonly("mode", [](const PyController& c) { return c.controller.mode(); })
      .def_property_readonly("starved",
                             [](const PyController& c) { return c.controller.output().starved; });
}

void bind_commands(py::class_<PyController>& cls) {
  cls.def(
         "set_mode", [](PyController& c, ti::Mode mode) { c.controller.set_mode(mode); },
         py::arg("mode"))
      .def(
          "set_impedance",
          [](PyController& c, const Array& stiffness, const std::optional<Array>& ratio) {
            const ti::Matrix6 matrix = stiffness_from(stiffness);
            ti::check_stiffness(matrix);
            if (ratio) {
              ti::Vector6 damping_ratio;
              assign_vector("damping_ratio", *ratio, damping_ratio);
              c.controller.set_damping_ratio(damping_ratio);
            }
            c.controller.set_stiffness(matrix);
          },
          py::arg("stiffness"), py::arg("damping_ratio") = py::none())
      .def(
          "set_nullspace_posture",
          [](PyController& c, const Array& q) {
            ti::JointVector posture(c.input.q.size());
            read_vector("q", q, posture);
            c.controller.set_posture(posture);
          },
          py::arg("q"))
      .def(
          "set_trajectory",
          [](PyController& c, const Times& times, const RowMajor& poses, ti::TimeNs now_ns,
             const std::optional<RowMajor>& twists, const std::optional<RowMajor>& stiffness) {
            return c.controller.set_trajectory(waypoints(times, poses, twists, stiffness), now_ns);
          },
          py::arg("times_ns"), py::arg("poses"), py::arg("now_ns"), py::arg("twists") = py::none(),
          py::arg("stiffness") = py::none())
      .def(
          "set_target",
          [](PyController& c, const RowMajor& pose, ti::TimeNs now_ns) {
            if (pose.ndim() != 1 || pose.shape(0) != 7) wrong_shape("pose", pose, "(7,)");
            return c.controller.set_target(pose.data(), now_ns);
          },
          py::arg("pose"), py::arg("now_ns"));
}

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
  m.doc() = "Cartesian impedance controller; documented in _core.pyi.";
  bind_enums(m);
  bind_parameters(m);
  bind_output(m);
  py::class_<PyController> controller(m, "Controller");
  bind_ticking(controller);
  bind_commands(controller);
  bind_functions(m);
}
