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

template <int N>
using SquareMatrix = Eigen::Matrix<double, N, N>;
template <int N>
using SquareRows = Eigen::Matrix<double, N, N, Eigen::RowMajor>;

// Square root of a positive semidefinite matrix B that changes little between calls. It is kept in
// a basis in which B is nearly diagonal: there the root is found by a few cheap corrections, and
// the basis needs a rotation only now and then. The result does not depend on what was computed
// before.
template <int N>
class SlowRoot {
 public:
  using Vector = Eigen::Matrix<double, N, 1>;

  // Columns are the axes in which `compute` wants its argument.
  const SquareRows<N>& basis() const { return basis_; }

  // basis^T B basis.
  void compute(SquareMatrix<N> b);

  // Root times vector.
  Vector times(const Vector& v) const;

 private:
  void align(SquareMatrix<N>& b);
  void tidy();

  SquareRows<N> basis_ = SquareRows<N>::Identity();
  SquareMatrix<N> root_ = SquareMatrix<N>::Zero();  // in that basis
  int calls_ = 0;                                   // says which columns are tidied next
};

class ModalDamping {
 public:
  // From the factor of Lambda^-1.
  void compute(const Cholesky<6>& inverse_inertia, const Matrix6& stiffness);

  // Force of the damper with ratio 1 at the twist `v`: 2 (Lambda # K) v.
  Vector6 force(const Vector6& v) const;

 private:
  Cholesky<6> factor_;
  SlowRoot<6> root_;
};

// The same for joints, with the mass matrix as inertia and a diagonal stiffness.
template <int N>
class JointDamping {
 public:
  using Vector = Eigen::Matrix<double, N, 1>;

  // From the factor of M.
  void compute(const Cholesky<N>& mass, const Vector& stiffness);

  // Torque of the damper with ratio 1 at the velocity `v`: 2 (M # K) v.
  Vector torque(const Vector& v) const;

 private:
  Cholesky<N> factor_;
  SlowRoot<N> root_;
};

}  // namespace takt_impedance
