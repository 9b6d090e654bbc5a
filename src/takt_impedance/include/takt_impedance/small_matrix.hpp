// Cholesky factorisation and triangular solves for the small fixed sizes of the law, unrolled by
// the compiler. Eigen's own are made for larger matrices and cost several times as much here.
#pragma once

#include <cmath>

#include "takt_impedance/types.hpp"

namespace takt_impedance {

// Lower Cholesky factor of a symmetric positive definite matrix. What is above the diagonal of
// `lower`, and its last row if N is odd, means nothing.
template <int N>
struct Cholesky {
  static constexpr int kRows = N + N % 2;  // an even number of rows, for two at a time
  Eigen::Matrix<double, kRows, N> lower;
  Eigen::Matrix<double, N, 1> inverse_diagonal;

  // False if the matrix is not positive definite.
  template <typename Matrix>
  bool factor(const Matrix& a) {
    for (int j = 0; j < N; ++j) {
      // Whole columns: computing what lies above the diagonal costs less than leaving it out.
      Eigen::Matrix<double, kRows, 1> column;
      column(kRows - 1) = 0.0;
      column.template head<N>() = a.col(j);
      for (int k = 0; k < j; ++k) column -= lower(j, k) * lower.col(k);
      if (!(column(j) > 0.0)) return false;
      inverse_diagonal(j) = 1.0 / std::sqrt(column(j));
      lower.col(j) = inverse_diagonal(j) * column;
    }
    return true;
  }

  // For a matrix that is positive definite by construction, unless it overflowed: then the factor
  // is NaN, and so is everything made from it.
  template <typename Matrix>
  void factor_or_nan(const Matrix& a) {
    if (factor(a)) return;
    lower.setConstant(kNan);
    inverse_diagonal.setConstant(kNan);
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
