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
template <int N>
void rotate(SquareMatrix<N>& b, SquareRows<N>& v, int p, int q) {
  using Vector = Eigen::Matrix<double, N, 1>;
  const double off = b(p, q);
  const double theta = 0.5 * (b(q, q) - b(p, p)) / off;
  const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(theta * theta + 1.0));
  const double c = 1.0 / std::sqrt(t * t + 1.0);
  const double s = t * c;
  const Vector bp = b.col(p), bq = b.col(q);
  const double bpp = b(p, p) - t * off, bqq = b(q, q) + t * off;
  b.col(p) = c * bp - s * bq;
  b.col(q) = s * bp + c * bq;
  b.row(p) = b.col(p).transpose();
  b.row(q) = b.col(q).transpose();
  b(p, p) = bpp;
  b(q, q) = bqq;
  b(p, q) = b(q, p) = 0.0;
  const Vector vp = v.col(p), vq = v.col(q);
  v.col(p) = c * vp - s * vq;
  v.col(q) = s * vp + c * vq;
}

// (L V)^T K (L V), row by row, so that zeros of L and K cost nothing.
Matrix6 in_basis(const Matrix6& lower, const Matrix6& stiffness, const SquareRows<6>& basis) {
  SquareRows<6> p;
  for (int i = 0; i < 6; ++i) {
    Vector6 row = lower(i, 0) * basis.row(0).transpose();
    for (int k = 1; k <= i; ++k) row += lower(i, k) * basis.row(k).transpose();
    p.row(i) = row.transpose();
  }
  SquareRows<6> kp;
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

// b - s s for symmetric b and s: columns J and J + 1 from the diagonal down, their mirror, and so on.
template <int N, int J = 0>
void minus_square(const SquareMatrix<N>& b, const SquareMatrix<N>& s, SquareMatrix<N>& left) {
  constexpr int kRows = N - J;
  constexpr int kEnd = J + 2 < N ? J + 2 : N;
  for (int j = J; j < kEnd; ++j) {
    Eigen::Matrix<double, kRows, 1> column = b.col(j).template tail<kRows>();
    for (int k = 0; k < N; ++k) column -= s(k, j) * s.col(k).template tail<kRows>();
    left.col(j).template tail<kRows>() = column;
    left.row(j).template tail<kRows>() = column.transpose();
  }
  if constexpr (kEnd < N) minus_square<N, kEnd>(b, s, left);
}

}  // namespace

// Rotates the basis until the matrix is nearly diagonal in it (Jacobi's method).
template <int N>
void SlowRoot<N>::align(SquareMatrix<N>& b) {
  const double trace = b.trace();
  const double noise = 1e-20 * trace * trace;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    bool changed = false;
#pragma GCC unroll 8
    for (int p = 0; p < N - 1; ++p) {
#pragma GCC unroll 8
      for (int q = p + 1; q < N; ++q) {
        const double small = std::abs(b(p, p) * b(q, q)) + noise;
        if (!(b(p, q) * b(p, q) > kNearlyDiagonal * kNearlyDiagonal * small)) continue;
        rotate<N>(b, basis_, p, q);
        changed = true;
      }
    }
    if (!changed) break;
  }
}

template <int N>
void SlowRoot<N>::compute(SquareMatrix<N> b) {
  align(b);
  const Vector d = b.diagonal().cwiseMax(0.0).cwiseSqrt();
  // root + c is a better root if root c + c root is what is missing; for a nearly diagonal root
  // that is c_ij (d_i + d_j) = missing_ij.
  SquareMatrix<N> weight;
  for (int j = 0; j < N; ++j) {
    for (int i = 0; i <= j; ++i) {
      const double sum = d(i) + d(j);
      weight(i, j) = weight(j, i) = sum > 0.0 ? 1.0 / sum : 0.0;
    }
  }
  const double small = kSmall * b.trace();
  root_ = d.asDiagonal();
  SquareMatrix<N> missing = b;
  missing.diagonal().setZero();
  root_ += missing.cwiseProduct(weight);
  for (int k = 0; k < kCorrections; ++k) {
    minus_square<N>(b, root_, missing);
    root_ += missing.cwiseProduct(weight);
    if (!(missing.squaredNorm() > small * small)) break;
  }
  tidy();
}

// Rounding would slowly bend the basis: one pair of columns is made orthonormal in every fourth
// call.
template <int N>
void SlowRoot<N>::tidy() {
  calls_ = (calls_ + 1) % (4 * N * N);
  if (calls_ % 4 != 0) return;
  const int p = calls_ / 4 / N, q = calls_ / 4 % N;
  const Vector column = basis_.col(p);
  if (p != q) {
    basis_.col(q) -= column.dot(basis_.col(q)) * column;
  } else if (column.allFinite()) {
    basis_.col(p).normalize();
  } else {
    basis_.setIdentity();  // a broken input must not outlive itself
  }
}

template <int N>
typename SlowRoot<N>::Vector SlowRoot<N>::times(const Vector& v) const {
  const Vector inside = basis_.transpose() * v;
  const Vector scaled = root_ * inside;
  return basis_ * scaled;
}

void ModalDamping::compute(const Cholesky<6>& inverse_inertia, const Matrix6& stiffness) {
  factor_ = inverse_inertia;
  root_.compute(in_basis(factor_.lower, stiffness, root_.basis()));
}

Vector6 ModalDamping::force(const Vector6& v) const {
  Vector6 force = 2.0 * v;
  factor_.solve_lower(force);
  force = root_.times(force);
  factor_.solve_upper(force);
  return force;
}

// With M = L L^T the mean is L (L^-1 K L^-T)^(1/2) L^T.
template <int N>
void JointDamping<N>::compute(const Cholesky<N>& mass, const Vector& stiffness) {
  factor_ = mass;
  SquareRows<N> y = root_.basis();
  factor_.solve_upper(y);
  const SquareRows<N> ky = stiffness.asDiagonal() * y;
  SquareMatrix<N> b;
  for (int j = 0; j < N; ++j) {
    Vector column = y(0, j) * ky.row(0).transpose();
    for (int k = 1; k < N; ++k) column += y(k, j) * ky.row(k).transpose();
    b.col(j) = column;
  }
  root_.compute(b);
}

template <int N>
typename JointDamping<N>::Vector JointDamping<N>::torque(const Vector& v) const {
  Vector momentum = Vector::Zero();  // L^T v
  for (int j = 0; j < N; ++j) {
    for (int i = j; i < N; ++i) momentum(j) += factor_.lower(i, j) * v(i);
  }
  momentum = root_.times(momentum);
  Vector torque = Vector::Zero();
  for (int j = 0; j < N; ++j) {
    for (int i = j; i < N; ++i) torque(i) += 2.0 * factor_.lower(i, j) * momentum(j);
  }
  return torque;
}

template class SlowRoot<6>;
template class SlowRoot<7>;
template class SlowRoot<8>;
template class JointDamping<6>;
template class JointDamping<7>;
template class JointDamping<8>;

}  // namespace takt_impedance
