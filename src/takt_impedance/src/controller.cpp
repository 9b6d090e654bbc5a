#include "takt_impedance/controller.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "takt_impedance/joint_effects.hpp"

namespace takt_impedance {
namespace {

// Accepts rounding in single precision, nothing more.
constexpr double kRotationTolerance = 1e-3;

// x - x is NaN for NaN and infinity and 0 for all else: one pass without branches.
template <typename Matrix>
bool finite(const Matrix& m) {
  const double* data = m.data();
  double sum = 0.0;
  for (Eigen::Index i = 0; i < m.size(); ++i) sum += data[i] - data[i];
  return sum == 0.0;
}

Pose measured_pose(const TickInput& in) {
  return {in.position, Eigen::Quaterniond(in.rotation).normalized()};
}

bool is_rotation(const Matrix3& m) {
  const double skew = (m.transpose().lazyProduct(m) - Matrix3::Identity()).squaredNorm();
  return skew < kRotationTolerance * kRotationTolerance && m.determinant() > 0.0;
}

void require_finite_state(const TickInput& in) {
  if (!finite(in.q)) throw std::invalid_argument("q: found a value that is not finite");
  if (!finite(in.position) || !finite(in.rotation)) {
    throw std::invalid_argument("base_from_tcp: found a value that is not finite");
  }
  if (!is_rotation(in.rotation)) {
    throw std::invalid_argument("base_from_tcp rotation: found a matrix that is not a rotation");
  }
}

}  // namespace

Fault find_invalid(const TickInput& in) {
  if (!finite(in.q)) return Fault::kNonfinitePosition;
  if (!finite(in.dq)) return Fault::kNonfiniteVelocity;
  if (!finite(in.jacobian)) return Fault::kNonfiniteJacobian;
  if (!finite(in.mass)) return Fault::kNonfiniteMass;
  if (!finite(in.bias)) return Fault::kNonfiniteBias;
  if (!finite(in.position) || !finite(in.rotation)) return Fault::kNonfinitePose;
  if (!std::isfinite(in.dt_s)) return Fault::kNonfiniteDt;
  if (!is_rotation(in.rotation)) return Fault::kInvalidRotation;
  return Fault::kNone;
}

Controller::Controller(const Parameters& parameters)
    : parameters_((parameters.validate(), parameters)),
      follower_(parameters_),
      gains_(parameters_),
      law_(parameters_),
      limiter_(parameters_),
      blend_from_(JointVector::Constant(parameters_.n_joints, kNan)),
      blend_offset_(JointVector::Zero(parameters_.n_joints)),
      last_finite_bias_(JointVector::Zero(parameters_.n_joints)),
      last_finite_mass_(JointMatrix::Zero(parameters_.n_joints, parameters_.n_joints)),
      output_(parameters_.n_joints) {
  law_output_.torque = JointVector::Zero(parameters_.n_joints);
}

void Controller::hold_here(const TickInput& in) {
  follower_.reset(in.now_ns, measured_pose(in));
  law_.set_posture(in.q);
  fault_ = Fault::kNone;
  output_.fault = Fault::kNone;
  last_tick_ns_ = in.now_ns;
  blend_starts_ = true;
}

void Controller::activate(const TickInput& in) {
  require_finite_state(in);
  hold_here(in);
  mode_ = Mode::kCartesian;
  engagement_ = 1.0;
  blend_from_ = in.tau_measured;
  // Until a tick brings a bias, what holds the arm now is the best guess at it: should the first
  // tick already be a fault, the arm must not sag.
  for (int i = 0; i < parameters_.n_joints; ++i) {
    if (std::isfinite(in.tau_measured(i))) last_finite_bias_(i) = in.tau_measured(i);
  }
  active_ = true;
}

void Controller::reset_fault(const TickInput& in) {
  require_finite_state(in);
  hold_here(in);
  blend_from_ = limiter_.last();
}

void Controller::raise(Fault fault) {
  fault_ = fault;
  ++counters_.faults;
  follower_.stop();
}

// Counts what is wrong with the clock; returns the dt to integrate with.
double Controller::check_clock(const TickInput& in) {
  const Parameters& p = parameters_;
  const bool backwards = in.now_ns < last_tick_ns_;
  const double dt = std::isfinite(in.dt_s) ? in.dt_s : p.dt_min_s;
  output_.overrun = backwards || dt < p.dt_min_s || dt > p.dt_max_s;
  if (output_.overrun) ++counters_.overruns;
  if (backwards) follower_.stop();  // its waypoints belong to another time
  if (dt > p.dt_max_s) limiter_.realign(in.tau_measured, dt);
  last_tick_ns_ = in.now_ns;
  return std::clamp(dt, p.dt_min_s, p.dt_max_s);
}

const TickOutput& Controller::tick(const TickInput& in) noexcept {
  if (!active_) return output_;
  ++counters_.ticks;
  const double dt = check_clock(in);
  if (finite(in.bias)) last_finite_bias_ = in.bias;
  if (finite(in.mass)) last_finite_mass_ = in.mass;
  if (fault_ == Fault::kNone) {
    if (const Fault found = find_invalid(in); found != Fault::kNone) raise(found);
  }
  if (fault_ == Fault::kNone) compute_law(in, dt);
  if (fault_ != Fault::kNone) compute_fallback(in, dt);
  output_.torque_limited = false;
  output_.rate_limited = false;
  limiter_.limit(dt, output_.torque, output_.torque_limited, output_.rate_limited);
  output_.mode = mode_;
  output_.fault = fault_;
  output_.starved = follower_.starved();
  output_.moving = follower_.moving();
  return output_;
}

void Controller::compute_law(const TickInput& in, double dt) {
  const Parameters& p = parameters_;
  const double towards = mode_ == Mode::kGuide ? -1.0 : 1.0;
  engagement_ = std::clamp(engagement_ + towards * dt / p.engage_s, 0.0, 1.0);
  if (mode_ == Mode::kGuide && engagement_ == 0.0) {
    // Without stiffness, target and posture go along: engaging again starts from there.
    follower_.reset(in.now_ns, measured_pose(in));
    law_.set_posture(in.q);
  }
  follower_.step(in.now_ns, dt);
  const bool release = follower_.starved() && follower_.starved_s() > p.release_s;
  gains_.step(follower_.stiffness(), release ? p.release_stiffness_scale : 1.0,
              follower_.target().pose.rotation, dt);
  law_.compute(in, follower_.target(), gains_, engagement_, law_output_);
  if (!law_output_.mass_valid) return raise(Fault::kSingularMass);

  output_.torque = law_output_.torque + in.bias;
  add_joint_effects(p, in, 1.0 - engagement_, dt, output_.torque);
  blend(dt);
  if (!finite(output_.torque)) return raise(Fault::kNonfiniteOutput);
  output_.target = follower_.target();
  output_.pose_error = law_output_.pose_error;
  output_.wrench = law_output_.wrench;
  output_.wrench_limited = law_output_.wrench_limited;
  output_.stiffness = engagement_ * gains_.stiffness();
  output_.stiffness_frame = gains_.frame();
}

void Controller::compute_fallback(const TickInput& in, double dt) {
  blend_left_ = 0.0;
  const JointVector inertia = effective_inertia(last_finite_mass_);
  for (int i = 0; i < parameters_.n_joints; ++i) {
    const double dq = std::isfinite(in.dq(i)) ? in.dq(i) : 0.0;
    output_.torque(i) =
        last_finite_bias_(i) +
        damper_torque(parameters_.fault_damping_nms_rad(i), dq, inertia(i), dt);
  }
  if (blend_starts_) start_torque();
  output_.target.twist.setZero();
  output_.wrench.setZero();
  output_.stiffness.setZero();
  output_.wrench_limited = false;
}

// The first torque after activation is the one found then, where it is known.
void Controller::start_torque() {
  blend_starts_ = false;
  for (int i = 0; i < parameters_.n_joints; ++i) {
    if (!std::isfinite(blend_from_(i))) blend_from_(i) = output_.torque(i);
  }
  limiter_.reset(blend_from_);
}

// Fades from the torque found at the start to the law's.
void Controller::blend(double dt) {
  if (blend_starts_) {
    start_torque();
    blend_left_ = 1.0;
    blend_offset_ = blend_from_ - output_.torque;
  } else if (blend_left_ > 0.0) {
    blend_left_ = std::max(0.0, blend_left_ - dt / parameters_.activation_blend_s);
  }
  if (blend_left_ > 0.0) output_.torque += blend_left_ * blend_offset_;
}

void Controller::set_mode(Mode mode) {
  if (mode == mode_) return;
  mode_ = mode;
  follower_.stop();
}

void Controller::set_stiffness(const Matrix6& stiffness) {
  check_stiffness(stiffness);
  gains_.set(stiffness, parameters_.stiffness_frame);
}

void Controller::set_damping_ratio(const Vector6& ratio) {
  check_damping_ratio(ratio);
  gains_.set_damping_ratio(ratio);
}

void Controller::set_posture(const JointVector& q) {
  if (!finite(q)) throw std::invalid_argument("nullspace posture: found a value that is not finite");
  law_.set_posture(q);
}

TrajectoryResult Controller::count(TrajectoryResult result) {
  counters_.dropped_waypoints += result.dropped;
  ++(result.accepted ? counters_.accepted_trajectories : counters_.rejected_trajectories);
  return result;
}

// Why no trajectory is taken now; empty if one is.
std::string Controller::refusal() const {
  if (!active_) return "the controller is not active";
  if (fault_ != Fault::kNone) return std::string("a fault is latched: ") + fault_name(fault_);
  if (mode_ != Mode::kCartesian) return "trajectories are followed in mode CARTESIAN only";
  return {};
}

TrajectoryResult Controller::set_trajectory(const WaypointView& waypoints, TimeNs now_ns) {
  TrajectoryResult result;
  if (waypoints.count > 0) result.reason = refusal();  // "stop now" is welcome in every mode
  if (result.reason.empty()) result = follower_.set_trajectory(waypoints, now_ns);
  return count(result);
}

TrajectoryResult Controller::set_target(const double* pose7, TimeNs now_ns) {
  TrajectoryResult result;
  result.reason = refusal();
  if (result.reason.empty()) result = follower_.set_target(pose7, now_ns);
  return count(result);
}

Counters Controller::counters() const {
  Counters counters = counters_;
  counters.starvations = follower_.starvations();
  return counters;
}

}  // namespace takt_impedance
