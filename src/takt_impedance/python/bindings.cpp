// Python binding. Checks shapes, nothing else; documented in takt_impedance/_core.pyi.
#include <pybind11/eigen.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "enums.hpp"
#include "takt_impedance/controller.hpp"
#include "takt_impedance/rotation.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

using Array = py::array_t<double, py::array::forcecast>;
using RowMajor = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Times = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

[[noreturn]] void wrong_shape(const char* name, const py::array& found, const std::string& allowed) {
  std::string shape = "(";
  for (py::ssize_t i = 0; i < found.ndim(); ++i) shape += std::to_string(found.shape(i)) + ",";
  throw py::value_error(std::string(name) + ": found shape " + shape + "), allowed " + allowed);
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

ti::Matrix6 stiffness_from(const Array& from) {
  ti::Matrix6 stiffness;
  if (from.ndim() == 2) {
    read_matrix("stiffness", from, stiffness);
  } else {
    ti::Vector6 diagonal;
    assign_vector("stiffness", from, diagonal);
    stiffness = diagonal.asDiagonal();
  }
  return stiffness;
}

template <typename Class, typename Member>
void vector_property(Class& cls, const char* name, Member member) {
  cls.def_property(
      name, [member](const ti::Parameters& p) { return Eigen::VectorXd(p.*member); },
      [member, name](ti::Parameters& p, const Array& value) {
        assign_vector(name, value, p.*member);
      });
}

void bind_enums(py::module_& m) {
  make_enum<ti::Mode>(m, "Mode", {"CARTESIAN", "HOLD", "GUIDE"});
  make_enum<ti::Frame>(m, "Frame", {"BASE", "TOOL"});
  make_enum<ti::Damping>(m, "Damping", {"TASK_INERTIA", "UNIT_MASS", "GIVEN"});
  make_enum<ti::Projector>(m, "Projector", {"DYNAMIC", "KINEMATIC", "NONE"});
  make_enum<ti::Fault>(
      m, "Fault",
      {"NONE", "NONFINITE_POSITION", "NONFINITE_VELOCITY", "NONFINITE_JACOBIAN", "NONFINITE_MASS",
       "NONFINITE_BIAS", "NONFINITE_POSE", "NONFINITE_DT", "NONFINITE_OUTPUT", "SINGULAR_MASS",
       "INVALID_ROTATION"});
}

void bind_parameters(py::module_& m) {
  using P = ti::Parameters;
  py::class_<P> cls(m, "Parameters");
  cls.def(py::init<int>(), py::arg("n_joints") = 7)
      .def("validate", &P::validate)
      .def_readonly("n_joints", &P::n_joints)
      .def_property(
          "stiffness", [](const P& p) { return p.stiffness; },
          [](P& p, const Array& value) { p.stiffness = stiffness_from(value); })
      .def_readwrite("stiffness_frame", &P::stiffness_frame)
      .def_readwrite("damping_kind", &P::damping_kind)
      .def_readwrite("projector", &P::projector)
      .def_readwrite("max_waypoints", &P::max_waypoints);
  vector_property(cls, "joint_lower_rad", &P::joint_lower_rad);
  vector_property(cls, "joint_upper_rad", &P::joint_upper_rad);
  vector_property(cls, "joint_velocity_limit_rad_s", &P::joint_velocity_limit_rad_s);
  vector_property(cls, "torque_limit_nm", &P::torque_limit_nm);
  vector_property(cls, "torque_rate_limit_nm_s", &P::torque_rate_limit_nm_s);
  vector_property(cls, "damping_ratio", &P::damping_ratio);
  vector_property(cls, "damping", &P::damping);
  vector_property(cls, "error_clip", &P::error_clip);
  vector_property(cls, "nullspace_stiffness", &P::nullspace_stiffness);
  vector_property(cls, "nullspace_damping", &P::nullspace_damping);
  vector_property(cls, "nullspace_clip_nm", &P::nullspace_clip_nm);
  vector_property(cls, "friction_coulomb_nm", &P::friction_coulomb_nm);
  vector_property(cls, "friction_viscous_nms_rad", &P::friction_viscous_nms_rad);
  vector_property(cls, "guide_damping_nms_rad", &P::guide_damping_nms_rad);
  vector_property(cls, "fault_damping_nms_rad", &P::fault_damping_nms_rad);
  vector_property(cls, "stiffness_rate", &P::stiffness_rate);
  vector_property(cls, "workspace_lower_m", &P::workspace_lower_m);
  vector_property(cls, "workspace_upper_m", &P::workspace_upper_m);
  const std::pair<const char*, double P::*> scalars[] = {
      {"max_force_n", &P::max_force_n},
      {"max_moment_nm", &P::max_moment_nm},
      {"barrier_margin_rad", &P::barrier_margin_rad},
      {"barrier_gain", &P::barrier_gain},
      {"friction_velocity_rad_s", &P::friction_velocity_rad_s},
      {"damping_ratio_rate", &P::damping_ratio_rate},
      {"engage_s", &P::engage_s},
      {"activation_blend_s", &P::activation_blend_s},
      {"max_linear_velocity_m_s", &P::max_linear_velocity_m_s},
      {"max_angular_velocity_rad_s", &P::max_angular_velocity_rad_s},
      {"max_linear_acceleration_m_s2", &P::max_linear_acceleration_m_s2},
      {"max_angular_acceleration_rad_s2", &P::max_angular_acceleration_rad_s2},
      {"stop_s", &P::stop_s},
      {"release_s", &P::release_s},
      {"release_stiffness_scale", &P::release_stiffness_scale},
      {"max_jump_m", &P::max_jump_m},
      {"max_jump_rad", &P::max_jump_rad},
      {"max_start_delay_s", &P::max_start_delay_s},
      {"dt_min_s", &P::dt_min_s},
      {"dt_max_s", &P::dt_max_s},
  };
  for (const auto& [name, member] : scalars) cls.def_readwrite(name, member);
}

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
