// Checks of parameter values, each of which names what it refuses.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

#include "takt_impedance/parameters.hpp"
#include "text.hpp"

namespace takt_impedance {

[[noreturn]] inline void refuse(const std::string& name, double found, const std::string& allowed) {
  throw std::invalid_argument(
      text("impedance parameter '", name, "': found ", found, ", allowed ", allowed));
}

inline void positive(const std::string& name, double value) {
  if (!(std::isfinite(value) && value > 0.0)) refuse(name, value, "a finite value above 0");
}

inline void not_negative(const std::string& name, double value) {
  if (!(std::isfinite(value) && value >= 0.0)) refuse(name, value, "a finite value of at least 0");
}

// For limits of which infinity means none.
inline void positive_or_infinite(const std::string& name, double value) {
  if (!(value > 0.0)) refuse(name, value, "above 0 (infinite = none)");
}

inline void fraction(const std::string& name, double value) {
  if (!(value >= 0.0 && value <= 1.0)) refuse(name, value, "0 to 1");
}

template <typename Vector, typename Check>
void each(const std::string& name, const Vector& values, Check check) {
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    check(name + "[" + std::to_string(i) + "]", values(i));
  }
}

// What Parameters::validate does, in parts.
void check_joints(const Parameters& parameters);
void check_law(const Parameters& parameters);
void check_energy_and_contact(const Parameters& parameters);
void check_motion(const Parameters& parameters);

}  // namespace takt_impedance
