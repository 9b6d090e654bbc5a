#include "takt_impedance/gains.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {

Gains::Gains(const Parameters& p)
    : stiffness_rate_(p.stiffness_rate),
      ratio_rate_(p.damping_ratio_rate),
      base_stiffness_(p.stiffness),
      stiffness_(p.stiffness),
      wanted_ratio_(p.damping_ratio),
      ratio_(p.damping_ratio) {}

void Gains::step(const Vector6* diagonal, double scale, double dt_s) {
  Matrix6 wanted = base_stiffness_;
  if (diagonal != nullptr) wanted = diagonal->asDiagonal();
  const Matrix6 change = scale * wanted - stiffness_;
  // One fraction for the whole matrix: between two positive semidefinite matrices, every matrix
  // on the straight line is positive semidefinite.
  double fraction = 1.0;
  for (int i = 0; i < 6; ++i) {
    const double largest = change.row(i).cwiseAbs().maxCoeff();
    if (largest > 0.0) fraction = std::min(fraction, stiffness_rate_(i) * dt_s / largest);
  }
  if (fraction < 1.0) {
    stiffness_ += fraction * change;
  } else {
    stiffness_ = scale * wanted;
  }
  const double step = ratio_rate_ * dt_s;
  ratio_ += (wanted_ratio_ - ratio_).cwiseMax(-step).cwiseMin(step);
}

}  // namespace takt_impedance
