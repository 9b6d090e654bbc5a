// Cholesky factorisation and triangular solves for the small fixed sizes of the law, unrolled by
// the compiler. Eigen's own are made for larger matrices and cost several times as much here.
#pragma once

#include <cmath>

#include "takt_impedance/types.hpp"

namespace takt_impedance {

// Lower Cholesky factor of a symmetric positive definite matrix (its lower triangle is read),
// with the inverse of the diagonal kept beside it.
template <int N>
struct Cholesky {
  Eigen::Matrix<double, N, N> lower;
  Eigen::Matrix<double, N, 1> inverse_diagonal;

  // False if the matrix is not positive definite.
  template <typename Matrix>
  bool factor(const Matrix& a) {
    for (int j = 0; j < N; ++j) {
      double pivot = a(j, j);
      for (int k = 0; k < j; ++k) pivot -= lower(j, k) * lower(j, k);
      if (!(pivot > 0.0)) return false;
      const double root = std::sqrt(pivot);
      const double inverse = 1.0 / root;
      lower(j, j) = root;
      inverse_diagonal(j) = inverse;
      for (int i = j + 1; i < N; ++i) {
        double sum = a(i, j);
        for (int k = 0; k < j; ++k) sum -= lower(i, k) * lower(j, k);
        lower(i, j) = sum * inverse;
      }
    }
    return true;
  }

  // x := L^-1 x, for a matrix whose rows are processed together (row-major keeps them contiguous).
  template <typename Matrix>
  void solve_lower(Matrix& x) const {
    for (int i = 0; i < N; ++i) {
      for (int k = 0; k < i; ++k) x.row(i) -= lower(i, k) * x.row(k);
      x.row(i) *= inverse_diagonal(i);
    }
  }

  // x := L^-T x.
  template <typename Matrix>
  void solve_upper(Matrix& x) const {
    for (int i = N - 1; i >= 0; --i) {
      for (int k = i + 1; k < N; ++k) x.row(i) -= lower(k, i) * x.row(k);
      x.row(i) *= inverse_diagonal(i);
    }
  }

  template <typename Vector>
  void solve(Vector& x) const {
    solve_lower(x);
    solve_upper(x);
  }
};

}  // namespace takt_impedance
