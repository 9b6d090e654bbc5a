// Python's TickOutput, Counters and TrajectoryResult.
#include <pybind11/pybind11.h>

#include "bind.hpp"
#include "enums.hpp"
#include "output.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

template <typename Value>
void field(py::class_<PyOutput>& cls, const char* name, Value ti::TickOutput::*member) {
  cls.def_property_readonly(name, [member](const PyOutput& o) { return o.output->*member; });
}

}  // namespace

void bind_output(py::module_& m) {
  py::class_<PyOutput> cls(m, "TickOutput");
  cls.def_readonly("torque", &PyOutput::torque)
      .def_readonly("target_pose", &PyOutput::target_pose)
      .def_readonly("target_twist", &PyOutput::target_twist)
      .def_readonly("pose_error", &PyOutput::pose_error)
      .def_readonly("wrench", &PyOutput::wrench)
      .def_readonly("stiffness", &PyOutput::stiffness)
      .def_readonly("external_torque", &PyOutput::external_torque)
      .def_readonly("wrench_estimate", &PyOutput::wrench_estimate)
      .def_readonly("joint_target", &PyOutput::joint_target)
      .def_readonly("joint_target_velocity", &PyOutput::joint_target_velocity)
      .def_readonly("feed_forward", &PyOutput::feed_forward)
      .def_property_readonly("fault_name",
                             [](const PyOutput& o) { return ti::fault_name(o.output->fault); });
  using T = ti::TickOutput;
  field(cls, "stiffness_frame", &T::stiffness_frame);
  field(cls, "tank_level", &T::tank_level);
  field(cls, "tank_scale", &T::tank_scale);
  field(cls, "mode", &T::mode);
  field(cls, "fault", &T::fault);
  field(cls, "starved", &T::starved);
  field(cls, "moving", &T::moving);
  field(cls, "wrench_limited", &T::wrench_limited);
  field(cls, "torque_limited", &T::torque_limited);
  field(cls, "rate_limited", &T::rate_limited);
  field(cls, "contact_limited", &T::contact_limited);
  field(cls, "speed_limited", &T::speed_limited);
  field(cls, "keepout_limited", &T::keepout_limited);
  field(cls, "overrun", &T::overrun);
}

void bind_results(py::module_& m) {
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
