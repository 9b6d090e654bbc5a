// Python's Parameters and enums.
#include <pybind11/eigen.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <utility>

#include "arrays.hpp"
#include "bind.hpp"
#include "enums.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

namespace {

template <typename Class, typename Member>
void vector_property(Class& cls, const char* name, Member member) {
  cls.def_property(
      name, [member](const ti::Parameters& p) { return Eigen::VectorXd(p.*member); },
      [member, name](ti::Parameters& p, const Array& value) {
        assign_vector(name, value, p.*member);
      });
}

}  // namespace

void bind_enums(py::module_& m) {
  make_enum<ti::Mode>(m, "Mode", {"CARTESIAN", "HOLD", "GUIDE", "JOINT"});
  make_enum<ti::Frame>(m, "Frame", {"BASE", "TOOL"});
  make_enum<ti::Damping>(m, "Damping", {"TASK_INERTIA", "UNIT_MASS", "GIVEN"});
  make_enum<ti::Projector>(m, "Projector", {"DYNAMIC", "KINEMATIC", "NONE"});
  make_enum<ti::Fault>(
      m, "Fault",
      {"NONE", "NONFINITE_POSITION", "NONFINITE_VELOCITY", "NONFINITE_JACOBIAN", "NONFINITE_MASS",
       "NONFINITE_BIAS", "NONFINITE_POSE", "NONFINITE_DT", "NONFINITE_OUTPUT", "SINGULAR_MASS",
       "INVALID_ROTATION", "NONFINITE_WRENCH", "TRACKING_ERROR"});
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
      .def_readwrite("operational_space", &P::operational_space)
      .def_readwrite("tank", &P::tank)
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
  vector_property(cls, "guide_max_joint_velocity_rad_s", &P::guide_max_joint_velocity_rad_s);
  vector_property(cls, "joint_stiffness", &P::joint_stiffness);
  vector_property(cls, "joint_damping_ratio", &P::joint_damping_ratio);
  vector_property(cls, "joint_error_clip_rad", &P::joint_error_clip_rad);
  vector_property(cls, "feed_forward_rate", &P::feed_forward_rate);
  vector_property(cls, "stiffness_rate", &P::stiffness_rate);
  vector_property(cls, "workspace_lower_m", &P::workspace_lower_m);
  vector_property(cls, "workspace_upper_m", &P::workspace_upper_m);
  vector_property(cls, "max_joint_velocity_rad_s", &P::max_joint_velocity_rad_s);
  vector_property(cls, "max_joint_acceleration_rad_s2", &P::max_joint_acceleration_rad_s2);
  vector_property(cls, "max_joint_jerk_rad_s3", &P::max_joint_jerk_rad_s3);
  vector_property(cls, "max_joint_jump_rad", &P::max_joint_jump_rad);
  cls.def_property(
      "keep_outs", [](const P& p) { return py::tuple(py::cast(p.keep_outs)); },
      [](P& p, const std::vector<ti::KeepOut>& bodies) { p.keep_outs = bodies; });
  const std::pair<const char*, double P::*> scalars[] = {
      {"max_force_n", &P::max_force_n},
      {"max_moment_nm", &P::max_moment_nm},
      {"inertia_feed_forward", &P::inertia_feed_forward},
      {"joint_stiffness_rate", &P::joint_stiffness_rate},
      {"max_feed_forward_n", &P::max_feed_forward_n},
      {"max_feed_forward_nm", &P::max_feed_forward_nm},
      {"feed_forward_timeout_s", &P::feed_forward_timeout_s},
      {"tank_capacity_j", &P::tank_capacity_j},
      {"tank_start_j", &P::tank_start_j},
      {"tank_floor_j", &P::tank_floor_j},
      {"tank_margin_j", &P::tank_margin_j},
      {"tank_refill_w", &P::tank_refill_w},
      {"observer_cutoff_hz", &P::observer_cutoff_hz},
      {"observer_damping", &P::observer_damping},
      {"contact_fade_n", &P::contact_fade_n},
      {"max_contact_force_n", &P::max_contact_force_n},
      {"contact_retreat_s", &P::contact_retreat_s},
      {"max_retreat_velocity_m_s", &P::max_retreat_velocity_m_s},
      {"max_tool_velocity_m_s", &P::max_tool_velocity_m_s},
      {"max_tool_velocity_rad_s", &P::max_tool_velocity_rad_s},
      {"guide_max_linear_velocity_m_s", &P::guide_max_linear_velocity_m_s},
      {"guide_max_angular_velocity_rad_s", &P::guide_max_angular_velocity_rad_s},
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
      {"max_linear_jerk_m_s3", &P::max_linear_jerk_m_s3},
      {"max_angular_jerk_rad_s3", &P::max_angular_jerk_rad_s3},
      {"keep_out_margin_m", &P::keep_out_margin_m},
      {"max_jump_m", &P::max_jump_m},
      {"max_jump_rad", &P::max_jump_rad},
      {"max_start_delay_s", &P::max_start_delay_s},
      {"dt_min_s", &P::dt_min_s},
      {"dt_max_s", &P::dt_max_s},
  };
  for (const auto& [name, member] : scalars) cls.def_readwrite(name, member);
}
