#include "takt_impedance/damping.hpp"

#include <cmath>

namespace takt_impedance {
namespace {

// Off-diagonal elements above this, relative to the diagonal, are worth a rotation of the basis.
// It is also about the factor by which each correction of the root reduces the error.
constexpr double kNearlyDiagonal = 3e-3;
// The root is found when the last correction was for less than this, relative to the trace; what is
// left then is smaller again by about the factor above.
constexpr double kSmall = 1e-8;
// Bounds for any input; from a neighbouring matrix, no sweep and three corrections are usual.
constexpr int kSweeps = 10, kCorrections = 12;

// Makes b(p, q) zero by a rotation of axes p and q, applied to the columns of v too.
void rotate(Matrix6& b, RowMatrix6& v, int p, int q) {
  const double off = b(p, q);
  const double theta = 0.5 * (b(q, q) - b(p, p)) / off;
  const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(theta * theta + 1.0));
  const double c = 1.0 / std::sqrt(t * t + 1.0);
  const double s = t * c;
  const Vector6 bp = b.col(p), bq = b.col(q);
  const double bpp = b(p, p) - t * off, bqq = b(q, q) + t * off;
  b.col(p) = c * bp - s * bq;
  b.col(q) = s * bp + c * bq;
  b.row(p) = b.col(p).transpose();
  b.row(q) = b.col(q).transpose();
  b(p, p) = bpp;
  b(q, q) = bqq;
  b(p, q) = b(q, p) = 0.0;
  const Vector6 vp = v.col(p), vq = v.col(q);
  v.col(p) = c * vp - s * vq;
  v.col(q) = s * vp + c * vq;
}

// (L V)^T K (L V), row by row, so that zeros of L and K cost nothing.
Matrix6 in_basis(const Matrix6& lower, const Matrix6& stiffness, const RowMatrix6& basis) {
  RowMatrix6 p;
  for (int i = 0; i < 6; ++i) {
    Vector6 row = lower(i, 0) * basis.row(0).transpose();
    for (int k = 1; k <= i; ++k) row += lower(i, k) * basis.row(k).transpose();
    p.row(i) = row.transpose();
  }
  RowMatrix6 kp;
  for (int i = 0; i < 6; ++i) {
    Vector6 row = stiffness(i, i) * p.row(i).transpose();
    for (int k = 0; k < 6; ++k) {
      if (k != i && stiffness(i, k) != 0.0) row += stiffness(i, k) * p.row(k).transpose();
    }
    kp.row(i) = row.transpose();
  }
  Matrix6 b;
  for (int j = 0; j < 6; ++j) {
    Vector6 column = p(0, j) * kp.row(0).transpose();
    for (int k = 1; k < 6; ++k) column += p(k, j) * kp.row(k).transpose();
    b.col(j) = column;
  }
  return b;
}

// b - s s for symmetric b and s: columns J and J + 1 from the diagonal down, and their mirror.
template <int J>
void minus_square_part(const Matrix6& b, const Matrix6& s, Matrix6& left) {
  constexpr int kRows = 6 - J;
  for (int j = J; j < J + 2; ++j) {
    Eigen::Matrix<double, kRows, 1> column = b.col(j).tail<kRows>();
    for (int k = 0; k < 6; ++k) column -= s(k, j) * s.col(k).tail<kRows>();
    left.col(j).tail<kRows>() = column;
    left.row(j).tail<kRows>() = column.transpose();
  }
}

Matrix6 minus_square(const Matrix6& b, const Matrix6& s) {
  Matrix6 left;
  minus_square_part<0>(b, s, left);
  minus_square_part<2>(b, s, left);
  minus_square_part<4>(b, s, left);
  return left;
}

}  // namespace

// Rotates the basis until the matrix is nearly diagonal in it (Jacobi's method).
void SlowRoot::align(Matrix6& b) {
  const double trace = b.trace();
  const double noise = 1e-20 * trace * trace;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    bool changed = false;
#pragma GCC unroll 6
    for (int p = 0; p < 5; ++p) {
#pragma GCC unroll 6
      for (int q = p + 1; q < 6; ++q) {
        const double small = std::abs(b(p, p) * b(q, q)) + noise;
        if (!(b(p, q) * b(p, q) > kNearlyDiagonal * kNearlyDiagonal * small)) continue;
        rotate(b, basis_, p, q);
        changed = true;
      }
    }
    if (!changed) break;
  }
}

void SlowRoot::compute(const Matrix6& lower, const Matrix6& stiffness) {
  Matrix6 b = in_basis(lower, stiffness, basis_);
  align(b);
  const Vector6 d = b.diagonal().cwiseMax(0.0).cwiseSqrt();
  // root + c is a better root if root c + c root is what is missing; for a nearly diagonal root
  // that is c_ij (d_i + d_j) = missing_ij.
  Matrix6 weight;
  for (int j = 0; j < 6; ++j) {
    for (int i = 0; i <= j; ++i) {
      const double sum = d(i) + d(j);
      weight(i, j) = weight(j, i) = sum > 0.0 ? 1.0 / sum : 0.0;
    }
  }
  const double small = kSmall * b.trace();
  root_ = d.asDiagonal();
  Matrix6 missing = b;
  missing.diagonal().setZero();
  root_ += missing.cwiseProduct(weight);
  for (int k = 0; k < kCorrections; ++k) {
    missing = minus_square(b, root_);
    root_ += missing.cwiseProduct(weight);
    if (!(missing.squaredNorm() > small * small)) break;
  }
  tidy();
}

// Rounding would slowly bend the basis: one pair of columns is made orthonormal in every fourth
// call.
void SlowRoot::tidy() {
  calls_ = (calls_ + 1) % (4 * 36);
  if (calls_ % 4 != 0) return;
  const int p = calls_ / 4 / 6, q = calls_ / 4 % 6;
  const Vector6 column = basis_.col(p);
  if (p != q) {
    basis_.col(q) -= column.dot(basis_.col(q)) * column;
  } else if (column.allFinite()) {
    basis_.col(p).normalize();
  } else {
    basis_.setIdentity();  // a broken input must not outlive itself
  }
}

Vector6 SlowRoot::times(const Vector6& v) const {
  const Vector6 inside = basis_.transpose() * v;
  const Vector6 scaled = root_ * inside;
  return basis_ * scaled;
}

void ModalDamping::compute(const Matrix6& inverse_inertia, const Matrix6& stiffness) {
  factor_.factor_or_nan(inverse_inertia);
  root_.compute(factor_.lower, stiffness);
}

Vector6 ModalDamping::force(const Vector6& v) const {
  Vector6 force = 2.0 * v;
  factor_.solve_lower(force);
  force = root_.times(force);
  factor_.solve_upper(force);
  return force;
}

}  // namespace takt_impedance
