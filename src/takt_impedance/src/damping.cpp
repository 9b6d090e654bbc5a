#include "takt_impedance/damping.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {
namespace {

// Off-diagonal elements below this, relative to the diagonal, count as zero.
constexpr double kNegligible = 1e-14;
// Ten sweeps from any start are more than Jacobi's method needs for 6x6.
constexpr int kSweeps = 10;

// Makes b(p, q) zero by a rotation of axes p and q, applied to the columns of v too. False if it
// is zero already.
bool rotate(Matrix6& b, Matrix6& v, int p, int q) {
  const double off = b(p, q);
  const double product = std::abs(b(p, p) * b(q, q));
  if (!(off * off > kNegligible * kNegligible * product)) return false;
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
  return true;
}

}  // namespace

void SlowEigen::compute(const Matrix6& symmetric) {
  const Matrix6 half = symmetric * vectors_;
  Matrix6 b = vectors_.transpose() * half;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    bool changed = false;
    for (int p = 0; p < 5; ++p) {
      for (int q = p + 1; q < 6; ++q) {
        if (rotate(b, vectors_, p, q)) changed = true;
      }
    }
    if (!changed) break;
  }
  values_ = b.diagonal();
  tidy();
}

// Rounding would slowly bend the vectors apart: one pair is made orthonormal again in each call.
void SlowEigen::tidy() {
  const int p = pair_ / 6, q = pair_ % 6;
  pair_ = (pair_ + 1) % 36;
  if (!values_.allFinite()) {
    vectors_.setIdentity();  // a broken input must not outlive itself
    pair_ = 0;
  } else if (p == q) {
    vectors_.col(p).normalize();
  } else {
    vectors_.col(q) -= vectors_.col(p).dot(vectors_.col(q)) * vectors_.col(p);
  }
}

void ModalDamping::compute(const Cholesky<6>& inverse_inertia, const Matrix6& stiffness) {
  factor_ = inverse_inertia;
  const Matrix6 lower = factor_.lower.triangularView<Eigen::Lower>();
  const Matrix6 half = stiffness * lower;
  eigen_.compute(lower.transpose() * half);
  rates_ = 2.0 * eigen_.values().cwiseMax(0.0).cwiseSqrt();
}

Vector6 ModalDamping::force(const Vector6& v) const {
  Vector6 x = v;
  factor_.solve_lower(x);
  const Vector6 modes = rates_.cwiseProduct(eigen_.vectors().transpose() * x);
  Vector6 force = eigen_.vectors() * modes;
  factor_.solve_upper(force);
  return force;
}

}  // namespace takt_impedance
