// Cartesian damping that gives every mode of the task the wanted damping ratio.
//
// With task inertia Lambda and stiffness K there is one basis W in which both are diagonal
// (double diagonalisation): Lambda = W^-T W^-1, K = W^-T diag(w^2) W^-1. The damper
// D = 2 zeta W^-T diag(w) W^-1 then damps each mode at the ratio zeta. It is the geometric mean of
// Lambda and K, symmetric and positive semidefinite, and stable at 1 kHz where a diagonal
// 2 zeta sqrt(K_ii Lambda_ii) is not (axes whose inertias are strongly coupled).
// Albu-Schaeffer et al., "Cartesian impedance control of redundant robots", ICRA 2003.
#pragma once

#include "takt_impedance/small_matrix.hpp"

namespace takt_impedance {

// Eigenvectors and eigenvalues of a symmetric 6x6 matrix that changes little between calls: Jacobi
// rotations, started from the vectors found last. The result does not depend on the start.
class SlowEigen {
 public:
  void compute(const Matrix6& symmetric);
  const Matrix6& vectors() const { return vectors_; }
  const Vector6& values() const { return values_; }

 private:
  void tidy();

  Matrix6 vectors_ = Matrix6::Identity();
  Vector6 values_ = Vector6::Zero();
  int pair_ = 0;  // of columns, to be made orthogonal next
};

class ModalDamping {
 public:
  // `inverse_inertia` is the factor of Lambda^-1.
  void compute(const Cholesky<6>& inverse_inertia, const Matrix6& stiffness);

  // Force of the damper with ratio 1 at the twist `v`: 2 (Lambda # K) v.
  Vector6 force(const Vector6& v) const;

 private:
  Cholesky<6> factor_;
  SlowEigen eigen_;
  Vector6 rates_ = Vector6::Zero();  // 2 w of each mode
};

}  // namespace takt_impedance
