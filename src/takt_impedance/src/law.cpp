#include "takt_impedance/law.hpp"

#include <algorithm>
#include <cmath>

#include "nearest_way.hpp"
#include "takt_impedance/rotation.hpp"

namespace takt_impedance {
namespace {

// Added to the inverse task inertia [1/kg, 1/(kg m^2)] so that it can be inverted at singularities.
constexpr double kInverseInertiaFloor = 1e-4;

// The same for dampers and inertial forces, where it bounds the inertia near singularities to 100 kg
// and 10 kg m^2: a damper for more would use up the force limit. It fades in as an axis, those
// before it held free, gets heavier than a quarter of that, so that it changes nothing elsewhere.
constexpr double kMassFloor = 1e-2, kInertiaFloor = 1e-1, kOnset = 4.0;

// Part of the wrench limits that the target's acceleration may use, and the time in which all of the
// limits could be used up: a faster change would only meet the torque-rate limit.
constexpr double kInertialShare = 0.5, kInertialTime = 0.05;

// A target that the tool does not follow is one that something holds back: forces for its acceleration
// would only push or lift the tool there. Held back is what stretches the spring by this much
// [N, Nm] and is slower than the target, of which this much [m/s, rad/s] is no sign yet.
constexpr double kHeldForce = 3.0, kHeldMoment = 0.15, kSlow = 0.01, kSlowTurn = 0.05;

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

// Factor of the inverse task inertia with the floor for dampers and inertial forces.
template <int N>
Cholesky<6> design_factor(const Task<N>& task) {
  const Vector6& d = task.factor.inverse_diagonal;
  const double linear = kMassFloor * d.template head<3>().cwiseAbs2().maxCoeff();
  const double angular = kInertiaFloor * d.template tail<3>().cwiseAbs2().maxCoeff();
  const double nearest = 1.0 - 1.0 / (kOnset * std::max(linear, angular));  // 1: singular
  if (!(nearest > 0.0)) return task.factor;
  const double share = nearest * nearest;
  Cholesky<6> factor;
  factor.factor_or_nan(
      with_floor(task.inverse_inertia, kInverseInertiaFloor + share * kMassFloor,
                 kInverseInertiaFloor + share * kInertiaFloor));
  return factor;
}

// Both halves of a twist, a wrench or a Jacobian in other axes.
template <typename Rows>
void turn_rows(const Matrix3& turn, Rows& rows) {
  for (int i = 0; i < 6; i += 3) {
    rows.template middleRows<3>(i) = (turn * rows.template middleRows<3>(i)).eval();
  }
}

Cholesky<6> unit_factor() {
  Cholesky<6> factor;
  factor.lower.setIdentity();
  factor.inverse_diagonal.setOnes();
  return factor;
}

// Force and moment limited apart, or `together` by one factor: an inertial wrench whose force alone is
// cut would spin the tool with its moment.
bool limit_wrench(const Parameters& p, bool together, Vector6& wrench) {
  double force = std::min(1.0, p.max_force_n / wrench.head<3>().norm());
  double moment = std::min(1.0, p.max_moment_nm / wrench.tail<3>().norm());
  if (!(force < 1.0 || moment < 1.0)) return false;
  if (together) force = moment = std::min(force, moment);
  wrench.head<3>() *= force;
  wrench.tail<3>() *= moment;
  return true;
}

// 0: the tool follows the target; 1: it is held back. Of translation or of rotation.
double held_back(const Vector3& spring, const Vector3& target, const Vector3& behind,
                 double force, double slow) {
  return std::min({1.0, spring.norm() / force, behind.norm() / (target.norm() + slow)});
}

// The largest share of `wrench` for which force and moment are at most these.
double share_within(const Vector6& wrench, double force, double moment) {
  return std::min({1.0, force / wrench.head<3>().norm(), moment / wrench.tail<3>().norm()});
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

void Law::compute(const TickInput& input, const LawCommand& command, const Gains& gains,
                  const ContactLimiter& contact, Tank& tank, LawOutput& output) {
  switch (parameters_.n_joints) {
    case 6: return compute_sized<6>(input, command, gains, contact, tank, output);
    case 7: return compute_sized<7>(input, command, gains, contact, tank, output);
    default: return compute_sized<8>(input, command, gains, contact, tank, output);
  }
}

// D (twist_target - twist).
Vector6 Law::damping_wrench(const Cholesky<6>& inverse_inertia, const Gains& gains,
                            const Vector6& difference) {
  if (parameters_.damping_kind == Damping::kGiven) {
    return parameters_.damping.cwiseProduct(difference);
  }
  const Vector6 root = gains.damping_ratio().cwiseSqrt();
  const bool unit =
      parameters_.operational_space || parameters_.damping_kind == Damping::kUnitMass;
  modal_damping_.compute(unit ? unit_factor() : inverse_inertia, gains.stiffness());
  return root.cwiseProduct(modal_damping_.force(root.cwiseProduct(difference)));
}

// Adds what the target's acceleration takes: along a ramp, no more than a part of the limits, so that
// where the arm is heavy the target is followed with a lag rather than by all means, and no more
// than the limits have room for.
void Law::add_inertial(const Vector6& wanted, double dt_s, LawOutput& out) {
  const Parameters& p = parameters_;
  const Vector6 allowed =
      share_within(wanted, kInertialShare * p.max_force_n, kInertialShare * p.max_moment_nm) *
      wanted;
  const Vector6 change = allowed - inertial_;
  const double step = dt_s / kInertialTime;
  inertial_ += share_within(change, step * p.max_force_n, step * p.max_moment_nm) * change;
  if (!inertial_.allFinite()) inertial_.setZero();
  moved_ = !inertial_.isZero(0.0);
  const double room = share_within(inertial_, p.max_force_n - out.wrench.head<3>().norm(),
                                   p.max_moment_nm - out.wrench.tail<3>().norm());
  if (room > 0.0) out.wrench += room * inertial_;
  out.wrench_limited = out.wrench_limited || room < 1.0;
}

template <int N>
void Law::compute_sized(const TickInput& in, const LawCommand& command, const Gains& gains,
                        const ContactLimiter& contact, Tank& tank, LawOutput& out) {
  const Parameters& p = parameters_;
  const Eigen::Map<const Vector<N>> q(in.q.data()), dq(in.dq.data()), posture(posture_.data());
  const Eigen::Map<const Eigen::Matrix<double, N, N>> mass(in.mass.data());
  const Eigen::Map<const Sized<N>> jacobian(in.jacobian.data());

  Task<N> task;
  out.mass_valid = task.mass.factor(mass);
  if (!out.mass_valid) return;
  out.pose_error.template head<3>() = command.target.pose.position - in.position;
  out.pose_error.template tail<3>() = rotation_between(
      Eigen::Quaterniond(in.rotation).normalized(), command.target.pose.rotation);
  task.jacobian = jacobian;
  Vector6 error = out.pose_error;
  const double motion = tank.scale();
  Vector6 target_twist = motion * command.target.twist;
  Vector6 acceleration = motion * p.inertia_feed_forward * command.acceleration;
  const bool tool = gains.frame() == Frame::kTool;
  const Matrix3 axes =
      tool ? command.target.pose.rotation.toRotationMatrix() : Matrix3::Identity();
  if (tool) {
    const Matrix3 turn = axes.transpose();
    turn_rows(turn, task.jacobian);
    turn_rows(turn, error);
    turn_rows(turn, target_twist);
    turn_rows(turn, acceleration);
  }
  task.half = task.jacobian.transpose();
  task.mass.solve_lower(task.half);
  factor_task(task);
  const Cholesky<6> inertia = design_factor(task);

  const Vector6 twist = task.jacobian * dq;
  const Vector6 clipped = error.cwiseMax(-p.error_clip).cwiseMin(p.error_clip);
  Vector6 spring = gains.stiffness() * clipped;
  const Vector6 reach = error - 0.5 * clipped;  // times the spring: its energy
  double energy = spring.dot(reach);
  if (p.operational_space) {
    Vector6 weighted = spring;
    inertia.solve(weighted);
    energy = weighted.dot(reach);
  }
  const double share = tank.admit(command.engagement * std::max(0.0, energy), command.dt_s);
  spring.template tail<3>() =
      left_jacobian_inverse_times(error.template tail<3>(), spring.template tail<3>());
  Vector6 wrench = share * spring + damping_wrench(inertia, gains, target_twist - twist);
  if (p.operational_space) inertia.solve(wrench);
  wrench *= command.engagement;
  const bool accelerated = !command.acceleration.isZero(0.0);
  if (accelerated) {
    const Vector6 behind = target_twist - twist;
    acceleration.template head<3>() *=
        1.0 - held_back(spring.template head<3>(), target_twist.template head<3>(),
                        behind.template head<3>(), kHeldForce, kSlow);
    acceleration.template tail<3>() *=
        1.0 - held_back(spring.template tail<3>(), target_twist.template tail<3>(),
                        behind.template tail<3>(), kHeldMoment, kSlowTurn);
    inertia.solve(acceleration);
  }
  out.twist = twist;
  if (tool) {
    turn_rows(axes, wrench);
    turn_rows(axes, out.twist);
    if (accelerated) turn_rows(axes, acceleration);
  }
  out.feed_forward = motion * command.engagement * command.feed_forward;
  out.wrench = wrench + out.feed_forward;
  out.wrench_limited = limit_wrench(p, p.operational_space, out.wrench);
  if (accelerated || moved_) add_inertial(command.engagement * acceleration, command.dt_s, out);
  out.contact_limited = contact.limit(out.wrench.template head<3>());

  if (p.projector == Projector::kKinematic) {
    task.half = task.jacobian.transpose();
    factor_task(task);
  }
  Vector<N> away = posture - q;
  for (int i = 0; i < N; ++i) away(i) = nearest_way(away(i), p.joint_lower_rad(i));
  const Vector<N> dq_value = dq;
  out.torque = jacobian.transpose() * out.wrench;
  out.nullspace_torque =
               nullspace_torque<N>(p, task, away, dq_value, twist, gains.nullspace_stiffness(),
                                   command.engagement);
}

}  // namespace takt_impedance
