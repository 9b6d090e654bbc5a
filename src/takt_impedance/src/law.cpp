#include "takt_impedance/law.hpp"

#include <algorithm>
#include <cmath>

#include "takt_impedance/rotation.hpp"

namespace takt_impedance {
namespace {

constexpr double kTurn = 6.28318530717958647693;

// Added to the inverse task inertia [1/kg, 1/(kg m^2)] so that it can be inverted at singularities.
constexpr double kInverseInertiaFloor = 1e-4;

// The same for the damping design, where it bounds the inertia that is damped to 100 kg and
// 10 kg m^2: a damper for more would use up the force limit near singularities.
constexpr double kMassFloor = 1e-2, kInertiaFloor = 1e-1;

template <int N>
using Vector = Eigen::Matrix<double, N, 1>;
template <int N>
using Sized = Eigen::Matrix<double, 6, N>;
template <int N>
using Tall = Eigen::Matrix<double, N, 6, Eigen::RowMajor>;

Matrix6 with_floor(const Matrix6& matrix, double linear, double angular) {
  Matrix6 result = matrix;
  for (int i = 0; i < 6; ++i) result(i, i) += i < 3 ? linear : angular;
  return result;
}

// The task in the axes of the stiffness, factored for everything that needs the task inertia.
template <int N>
struct Task {
  Sized<N> jacobian;
  Cholesky<N> mass;
  Tall<N> half;            // L^-1 J^T
  Matrix6 inverse_inertia;      // J M^-1 J^T
  Cholesky<6> factor;           // of the above plus the floor
};

template <int N>
void factor_task(Task<N>& task) {
  for (int j = 0; j < 6; ++j) {
    Vector6 column = task.half(0, j) * task.half.row(0).transpose();
    for (int k = 1; k < N; ++k) column += task.half(k, j) * task.half.row(k).transpose();
    task.inverse_inertia.col(j) = column;
  }
  task.factor.factor_or_nan(
      with_floor(task.inverse_inertia, kInverseInertiaFloor, kInverseInertiaFloor));
}

bool limit_norm(Eigen::Ref<Vector3> v, double limit) {
  const double norm = v.norm();
  if (!(norm > limit)) return false;
  v *= limit / norm;
  return true;
}

// N clip(K_n (q_n - q) - D_n N^T dq), N from the factors in `task`.
template <int N>
Vector<N> nullspace_torque(const Parameters& p, const Task<N>& task, const Vector<N>& away,
                           const Vector<N>& dq, const Vector6& twist,
                           const JointVector& nullspace_stiffness, double engagement) {
  const bool dynamic = p.projector == Projector::kDynamic;
  Vector<N> velocity = dq;  // of the nullspace, N^T dq
  if (p.projector != Projector::kNone) {
    Vector6 momentum = twist;
    task.factor.solve(momentum);
    Vector<N> task_velocity = task.half * momentum;
    if (dynamic) task.mass.solve_upper(task_velocity);
    velocity -= task_velocity;
  }
  const Eigen::Map<const Vector<N>> stiffness(nullspace_stiffness.data());
  const Eigen::Map<const Vector<N>> damping(p.nullspace_damping.data());
  const Eigen::Map<const Vector<N>> clip(p.nullspace_clip_nm.data());
  Vector<N> torque = engagement * (stiffness.cwiseProduct(away) - damping.cwiseProduct(velocity));
  torque = torque.cwiseMax(-clip).cwiseMin(clip);
  if (p.projector == Projector::kNone) return torque;
  Vector<N> half = torque;
  if (dynamic) task.mass.solve_lower(half);
  Vector6 wrench = task.half.transpose() * half;
  task.factor.solve(wrench);
  return torque - task.jacobian.transpose() * wrench;
}

}  // namespace

Law::Law(const Parameters& parameters)
    : parameters_(parameters), posture_(JointVector::Zero(parameters.n_joints)) {}

void Law::compute(const TickInput& input, const MovingPose& target, const Gains& gains,
                  double engagement, LawOutput& output) {
  switch (parameters_.n_joints) {
    case 6: return compute_sized<6>(input, target, gains, engagement, output);
    case 7: return compute_sized<7>(input, target, gains, engagement, output);
    default: return compute_sized<8>(input, target, gains, engagement, output);
  }
}

// D (twist_target - twist). It fades with the engagement, not with its root as the damping ratio
// would have it: the root rises too steeply from zero.
Vector6 Law::damping_wrench(const Matrix6& inverse_inertia, const Gains& gains, double engagement,
                            const Vector6& difference) {
  if (parameters_.damping_kind == Damping::kGiven) {
    return engagement * parameters_.damping.cwiseProduct(difference);
  }
  const Vector6 root = gains.damping_ratio().cwiseSqrt();
  const bool unit = parameters_.damping_kind == Damping::kUnitMass;
  modal_damping_.compute(unit ? Matrix6(Matrix6::Identity())
                              : with_floor(inverse_inertia, kMassFloor, kInertiaFloor),
                         gains.stiffness());
  return engagement *
         root.cwiseProduct(modal_damping_.force(root.cwiseProduct(difference)));
}

template <int N>
void Law::compute_sized(const TickInput& in, const MovingPose& target, const Gains& gains,
                        double engagement, LawOutput& out) {
  const Parameters& p = parameters_;
  const Eigen::Map<const Vector<N>> q(in.q.data()), dq(in.dq.data()), posture(posture_.data());
  const Eigen::Map<const Eigen::Matrix<double, N, N>> mass(in.mass.data());

  Task<N> task;
  out.mass_valid = task.mass.factor(mass);
  if (!out.mass_valid) return;
  task.jacobian = Eigen::Map<const Sized<N>>(in.jacobian.data());

  out.pose_error.template head<3>() = target.pose.position - in.position;
  out.pose_error.template tail<3>() =
      rotation_between(Eigen::Quaterniond(in.rotation).normalized(), target.pose.rotation);
  Vector6 error = out.pose_error;
  Vector6 target_twist = target.twist;
  const bool tool = gains.frame() == Frame::kTool;
  const Matrix3 axes = tool ? target.pose.rotation.toRotationMatrix() : Matrix3::Identity();
  if (tool) {
    for (int i = 0; i < 6; i += 3) {
      task.jacobian.template middleRows<3>(i) =
          (axes.transpose() * task.jacobian.template middleRows<3>(i)).eval();
      error.segment<3>(i) = (axes.transpose() * error.segment<3>(i)).eval();
      target_twist.segment<3>(i) = (axes.transpose() * target_twist.segment<3>(i)).eval();
    }
  }
  task.half = task.jacobian.transpose();
  task.mass.solve_lower(task.half);
  factor_task(task);

  const Vector6 twist = task.jacobian * dq;
  const Vector6 clipped = error.cwiseMax(-p.error_clip).cwiseMin(p.error_clip);
  Vector6 wrench = engagement * (gains.stiffness() * clipped);
  wrench.template tail<3>() =
      left_jacobian_inverse_times(error.template tail<3>(), wrench.template tail<3>());
  wrench += damping_wrench(task.inverse_inertia, gains, engagement, target_twist - twist);
  const bool force_limited = limit_norm(wrench.template head<3>(), p.max_force_n);
  const bool moment_limited = limit_norm(wrench.template tail<3>(), p.max_moment_nm);
  out.wrench_limited = force_limited || moment_limited;

  if (p.projector == Projector::kKinematic) {
    task.half = task.jacobian.transpose();
    factor_task(task);
  }
  Vector<N> away = posture - q;
  for (int i = 0; i < N; ++i) {
    const bool far = std::abs(away(i)) > 0.5 * kTurn;  // the nearer way round, if there is one
    if (far && std::isnan(p.joint_lower_rad(i))) away(i) -= kTurn * std::nearbyint(away(i) / kTurn);
  }
  const Vector<N> dq_value = dq;
  out.torque = task.jacobian.transpose() * wrench +
               nullspace_torque<N>(p, task, away, dq_value, twist, gains.nullspace_stiffness(),
                                  engagement);
  out.wrench = wrench;
  if (tool) {
    out.wrench.template head<3>() = axes * wrench.template head<3>();
    out.wrench.template tail<3>() = axes * wrench.template tail<3>();
  }
}

}  // namespace takt_impedance
