// Messages put together from text and numbers.
#pragma once

#include <sstream>
#include <string>

namespace takt_impedance {

template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

}  // namespace takt_impedance
