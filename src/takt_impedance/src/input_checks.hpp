// What has to hold of the input of a tick.
#pragma once

#include "takt_impedance/tick.hpp"

namespace takt_impedance {

// x - x is NaN for NaN and infinity and 0 for all else: one pass without branches.
template <typename Matrix>
bool finite(const Matrix& m) {
  const double* data = m.data();
  double sum = 0.0;
  for (Eigen::Index i = 0; i < m.size(); ++i) sum += data[i] - data[i];
  return sum == 0.0;
}

// The first thing in the input that cannot be true, or none.
Fault find_invalid(const TickInput& input);

// What is wrong with a state that is to be held; null if nothing.
const char* unusable(const TickInput& input);

}  // namespace takt_impedance
