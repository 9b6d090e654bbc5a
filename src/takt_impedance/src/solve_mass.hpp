// One solution with the mass matrix, for what is needed only now and then.
#pragma once

#include "takt_impedance/small_matrix.hpp"

namespace takt_impedance {

template <int N>
bool solve_mass_sized(const JointMatrix& mass, JointVector& x) {
  Cholesky<N> factor;
  if (!factor.factor(Eigen::Map<const Eigen::Matrix<double, N, N>>(mass.data()))) return false;
  Eigen::Matrix<double, N, 1> sized = x;
  factor.solve(sized);
  x = sized;
  return true;
}

// x := M^-1 x; false if the mass matrix is not positive definite.
inline bool solve_mass(const JointMatrix& mass, JointVector& x) {
  switch (x.size()) {
    case 6: return solve_mass_sized<6>(mass, x);
    case 7: return solve_mass_sized<7>(mass, x);
    default: return solve_mass_sized<8>(mass, x);
  }
}

}  // namespace takt_impedance
