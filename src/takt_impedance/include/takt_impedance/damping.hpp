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

using RowMatrix6 = Eigen::Matrix<double, 6, 6, Eigen::RowMajor>;

// Square root of L^T K L (L lower triangular, K positive semidefinite), which changes little
// between calls. It is kept in a basis in which the matrix is nearly diagonal: there the root is found by a few cheap
// corrections, and the basis needs a rotation only now and then. The result does not depend on
// what was computed before.
class SlowRoot {
 public:
  void compute(const Matrix6& lower, const Matrix6& stiffness);

  // Root times vector.
  Vector6 times(const Vector6& v) const;

 private:
  void align(Matrix6& b);
  void tidy();

  RowMatrix6 basis_ = RowMatrix6::Identity();  // columns are the axes
  Matrix6 root_ = Matrix6::Zero();  // in that basis
  int calls_ = 0;                   // says which columns are tidied next
};

class ModalDamping {
 public:
  // `inverse_inertia` is Lambda^-1.
  void compute(const Matrix6& inverse_inertia, const Matrix6& stiffness);

  // Force of the damper with ratio 1 at the twist `v`: 2 (Lambda # K) v.
  Vector6 force(const Vector6& v) const;

 private:
  Cholesky<6> factor_;
  SlowRoot root_;
};

}  // namespace takt_impedance
