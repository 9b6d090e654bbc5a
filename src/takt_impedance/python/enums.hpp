// C++ enums as members of Python's own enum.Enum, with every version of pybind11.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "takt_impedance/parameters.hpp"
#include "takt_impedance/tick.hpp"

// The Python members of an enum, by value. They live as long as the process.
template <typename Enum>
std::vector<pybind11::handle>& enum_members() {
  static std::vector<pybind11::handle> members;
  return members;
}

// Makes the Python class; `names` in the order of the values 0, 1, 2...
template <typename Enum>
void make_enum(pybind11::module_& m, const char* name, const std::vector<std::string>& names) {
  pybind11::dict values;
  for (std::size_t i = 0; i < names.size(); ++i) values[names[i].c_str()] = i;
  const pybind11::object cls = pybind11::module_::import("enum").attr("Enum")(
      name, values, pybind11::arg("module") = m.attr("__name__"));
  enum_members<Enum>().clear();
  for (const std::string& member : names) {
    enum_members<Enum>().push_back(pybind11::object(cls.attr(member.c_str())).release());
  }
  m.attr(name) = cls;
}

template <typename Enum>
class EnumCaster {
 public:
  PYBIND11_TYPE_CASTER(Enum, pybind11::detail::const_name("enum.Enum"));

  bool load(pybind11::handle source, bool) {
    const auto& members = enum_members<Enum>();
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].is(source)) {
        value = static_cast<Enum>(i);
        return true;
      }
    }
    return false;
  }

  static pybind11::handle cast(Enum value, pybind11::return_value_policy, pybind11::handle) {
    return pybind11::handle(enum_members<Enum>().at(static_cast<std::size_t>(value))).inc_ref();
  }
};

namespace pybind11::detail {

template <>
struct type_caster<takt_impedance::Mode> : EnumCaster<takt_impedance::Mode> {};
template <>
struct type_caster<takt_impedance::Frame> : EnumCaster<takt_impedance::Frame> {};
template <>
struct type_caster<takt_impedance::Damping> : EnumCaster<takt_impedance::Damping> {};
template <>
struct type_caster<takt_impedance::Projector> : EnumCaster<takt_impedance::Projector> {};
template <>
struct type_caster<takt_impedance::Fault> : EnumCaster<takt_impedance::Fault> {};

}  // namespace pybind11::detail
