// Python's ArmGroup.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bind.hpp"
#include "py_controller.hpp"
#include "takt_impedance/group.hpp"
#include "views.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

// Shares the controllers with their Python objects.
struct PyGroup {
  explicit PyGroup(const std::vector<PyController*>& arms) : group(pointers(arms)) {
    for (const PyController* arm : arms) states.push_back(arm->state);
  }

  static std::vector<ti::Controller*> pointers(const std::vector<PyController*>& arms) {
    std::vector<ti::Controller*> result;
    for (const PyController* arm : arms) result.push_back(&arm->controller);
    return result;
  }

  std::vector<std::shared_ptr<State>> states;
  ti::Group group;
};

template <typename Array>
using PerArm = std::optional<std::vector<std::optional<Array>>>;

template <typename Array>
std::optional<Array> at(const char* name, const PerArm<Array>& arrays, std::size_t i) {
  if (!arrays) return std::nullopt;
  if (i >= arrays->size()) throw py::value_error(std::string(name) + ": one per arm is needed");
  return (*arrays)[i];
}

void check_count(const char* name, std::size_t found, std::size_t allowed) {
  if (found == allowed) return;
  throw py::value_error(std::string(name) + ": found " + std::to_string(found) +
                        ", allowed one per arm = " + std::to_string(allowed));
}

ti::GroupResult set_poses(PyGroup& g, const std::vector<Times>& times,
                          const std::vector<RowMajor>& poses, ti::TimeNs now_ns,
                          const PerArm<RowMajor>& twists, const PerArm<RowMajor>& stiffness,
                          ti::TimeNs start_ns) {
  check_count("times_ns", times.size(), g.states.size());
  check_count("poses", poses.size(), g.states.size());
  std::vector<std::optional<RowMajor>> kept;  // what the views look into
  std::vector<ti::WaypointView> views;
  for (std::size_t i = 0; i < times.size(); ++i) {
    kept.push_back(at("twists", twists, i));
    kept.push_back(at("stiffness", stiffness, i));
    views.push_back(waypoints(times[i], poses[i], kept[2 * i], kept[2 * i + 1]));
  }
  return g.group.set_trajectory(views, now_ns, start_ns);
}

ti::GroupResult set_joints(PyGroup& g, const std::vector<Times>& times,
                           const std::vector<RowMajor>& positions, ti::TimeNs now_ns,
                           const PerArm<RowMajor>& velocities, ti::TimeNs start_ns) {
  check_count("times_ns", times.size(), g.states.size());
  check_count("positions", positions.size(), g.states.size());
  std::vector<std::optional<RowMajor>> kept;
  std::vector<ti::JointWaypointView> views;
  for (std::size_t i = 0; i < times.size(); ++i) {
    kept.push_back(at("velocities", velocities, i));
    views.push_back(
        joint_waypoints(times[i], positions[i], kept[i], g.states[i]->controller.parameters().n_joints));
  }
  return g.group.set_joint_trajectory(views, now_ns, start_ns);
}

}  // namespace

void bind_group(py::module_& m) {
  using R = ti::GroupResult;
  py::class_<R>(m, "GroupResult")
      .def_readonly("accepted", &R::accepted)
      .def_readonly("arms", &R::arms);
  py::class_<PyGroup>(m, "ArmGroup")
      .def(py::init<const std::vector<PyController*>&>(), py::arg("controllers"))
      .def("set_trajectory", &set_poses, py::arg("times_ns"), py::arg("poses"), py::arg("now_ns"),
           py::arg("twists") = py::none(), py::arg("stiffness") = py::none(),
           py::arg("start_ns") = 0)
      .def("set_joint_trajectory", &set_joints, py::arg("times_ns"), py::arg("positions"),
           py::arg("now_ns"), py::arg("velocities") = py::none(), py::arg("start_ns") = 0);
}
