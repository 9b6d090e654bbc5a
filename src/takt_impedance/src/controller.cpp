#include "takt_impedance/controller.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "input_checks.hpp"
#include "takt_impedance/joint_effects.hpp"
#include "takt_impedance/speed_brake.hpp"

namespace takt_impedance {
Controller::Controller(const Parameters& parameters)
    : parameters_((parameters.validate(), parameters)),
      motion_(parameters_),
      gains_(parameters_),
      law_(parameters_),
      joint_law_(parameters_),
      feed_forward_(parameters_),
      tank_(parameters_),
      observer_(parameters_),
      contact_(parameters_),
      limiter_(parameters_),
      curve_(parameters_.max_waypoints),
      joint_curve_(parameters_.max_waypoints),
      blend_from_(JointVector::Constant(parameters_.n_joints, kNan)),
      blend_offset_(JointVector::Zero(parameters_.n_joints)),
      last_finite_bias_(JointVector::Zero(parameters_.n_joints)),
      last_finite_mass_(JointMatrix::Zero(parameters_.n_joints, parameters_.n_joints)),
      output_(parameters_.n_joints) {
  law_output_.torque = JointVector::Zero(parameters_.n_joints);
}

namespace {

Pose measured_pose(const TickInput& in) {
  return {in.position, Eigen::Quaterniond(in.rotation).normalized()};
}

}  // namespace

void Controller::hold_here(const TickInput& in) {
  motion_.rest(in);
  law_.set_posture(in.q);
  law_.rest();
  joint_law_.rest();
  port_.forget();
  contact_.reset();
  feed_forward_.reset();
  observer_.reset();
  fault_ = Fault::kNone;
  output_.fault = Fault::kNone;
  last_tick_ns_ = in.now_ns;
  blend_starts_ = true;
}

void Controller::activate(const TickInput& in) {
  if (const char* wrong = unusable(in)) throw std::invalid_argument(wrong);
  hold_here(in);
  motion_.activate(in);
  tank_.reset();
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
  if (const char* wrong = unusable(in)) throw std::invalid_argument(wrong);
  try_reset_fault(in);
}

Verdict Controller::try_reset_fault(const TickInput& in) noexcept {
  if (unusable(in) != nullptr) return refuse(Refusal::kStateNotFinite);
  if (fault_ == Fault::kNone) return accept();  // nothing to clear, and no motion to cut off
  hold_here(in);
  blend_from_ = limiter_.last();
  return accept();
}

void Controller::raise(Fault fault) noexcept {
  if (fault_ != Fault::kNone) return;
  fault_ = fault;
  ++counters_.faults;
  motion_.stop();
  port_.forget();
  contact_.reset();
  feed_forward_.reset();
}

// Counts what is wrong with the clock; returns the dt to integrate with.
double Controller::check_clock(const TickInput& in) {
  const Parameters& p = parameters_;
  const bool backwards = in.now_ns < last_tick_ns_;
  const double dt = std::isfinite(in.dt_s) ? in.dt_s : p.dt_min_s;
  output_.overrun = backwards || dt < p.dt_min_s || dt > p.dt_max_s;
  if (output_.overrun) ++counters_.overruns;
  if (backwards) {  // what was asked for belongs to another time
    motion_.stop();
    feed_forward_.stop();
  }
  if (dt > p.dt_max_s) limiter_.realign(in.tau_measured, dt);
  last_tick_ns_ = in.now_ns;
  return std::clamp(dt, p.dt_min_s, p.dt_max_s);
}

const TickOutput& Controller::tick(const TickInput& in) noexcept {
  if (!active_) return output_;
  ++counters_.ticks;
  const double dt = check_clock(in);
  started_ = Verdict{};
  if (finite(in.bias)) last_finite_bias_ = in.bias;
  if (finite(in.mass)) last_finite_mass_ = in.mass;
  output_.speed_limited = output_.contact_limited = output_.wrench_limited = false;
  const Fault found = find_invalid(in);
  if (found == Fault::kNone) observer_.step(in, dt, output_.overrun);
  if (fault_ == Fault::kNone && found != Fault::kNone) raise(found);
  if (fault_ == Fault::kNone) compute(in, dt);
  if (fault_ != Fault::kNone) compute_fallback(in, dt);
  output_.torque_limited = false;
  output_.rate_limited = false;
  limiter_.limit(dt, output_.torque, output_.torque_limited, output_.rate_limited);
  if (tank_.enabled() && fault_ == Fault::kNone) port_.send(in.q, output_.torque - passive_);
  output_.mode = motion_.mode();
  output_.fault = fault_;
  output_.starved = motion_.starved();
  output_.moving = motion_.moving();
  output_.keepout_limited = motion_.keepout_limited();
  output_.external_torque = observer_.torque();
  output_.wrench_estimate = observer_.wrench();
  output_.tank_level = tank_.level();
  output_.tank_scale = std::min(tank_.scale(), tank_.share());
  return output_;
}

// What the environment does to the tool, by the sensor or else by the estimate.
Vector3 Controller::contact_force(const TickInput& in) const {
  const bool measured = std::isfinite(in.wrench_measured.sum());
  return (measured ? in.wrench_measured : observer_.wrench()).head<3>();
}

// How much of the force for the target's acceleration is of use: in contact the tool does not take
// part in it, and the force would only push or lift.
double Controller::inertial_share() const {
  return std::max(0.0, 1.0 - contact_.pressed_n() / parameters_.contact_fade_n);
}

// Where to go in this tick.
void Controller::step_motion(const TickInput& in, double dt) {
  const bool guided = motion_.mode() == Mode::kGuide;
  engagement_ = std::clamp(engagement_ + (guided ? -dt : dt) / parameters_.engage_s, 0.0, 1.0);
  if (guided && engagement_ == 0.0) {
    // Without stiffness, target and posture go along: engaging again starts from there.
    motion_.rest(in);
    law_.set_posture(in.q);
    contact_.reset();
  }
  started_ = motion_.step(in, dt);
  if (started_.accepted || started_.code != Refusal::kNone) count(started_);
  if (motion_.law_changed()) {
    law_.set_posture(in.q);
    law_.rest();
    joint_law_.rest();
    contact_.reset();
    start_blend();
  }
  if (motion_.mode() != Mode::kCartesian) feed_forward_.stop();
  feed_forward_.step(in.now_ns, dt);
}

void Controller::compute(const TickInput& in, double dt) {
  const Parameters& p = parameters_;
  step_motion(in, dt);
  if (tank_.enabled()) tank_.spend(port_.work(in.q), dt);
  const bool release = motion_.starved() && motion_.starved_s() > p.release_s;
  const double scale = release ? p.release_stiffness_scale : 1.0;
  const bool valid =
      motion_.joint_law() ? compute_joint(in, scale, dt) : compute_cartesian(in, scale, dt);
  if (!valid) return raise(Fault::kSingularMass);
  const double guide_share = 1.0 - engagement_;
  add_joint_effects(p, in, guide_share, dt, passive_);
  output_.speed_limited =
      brake_tool(speed_limits(p, guide_share), in, law_output_.twist, passive_);
  output_.torque += passive_;
  blend(dt);
  if (!finite(output_.torque)) return raise(Fault::kNonfiniteOutput);
  motion_.joint_law() ? report_joint(in) : report_cartesian(in);
}

bool Controller::compute_cartesian(const TickInput& in, double scale, double dt) {
  const Eigen::Quaterniond& axes = motion_.target().pose.rotation;
  if (gains_.step(motion_.stiffness(), scale, axes, dt)) start_blend();
  contact_.observe(contact_force(in), dt);
  if (contact_.enabled()) contact_.retreat(gains_.translational(axes), dt);
  law_command_.target = motion_.target();
  law_command_.target.pose.position += contact_.offset();
  law_command_.acceleration = inertial_share() * motion_.acceleration();
  law_command_.feed_forward = feed_forward_.wrench();
  law_command_.engagement = engagement_;
  law_command_.dt_s = dt;
  law_.compute(in, law_command_, gains_, contact_, tank_, law_output_);
  if (!law_output_.mass_valid) return false;
  output_.torque = law_output_.torque;
  passive_ = in.bias + law_output_.nullspace_torque;
  return true;
}

void Controller::report_cartesian(const TickInput& in) {
  output_.target = law_command_.target;
  output_.pose_error = law_output_.pose_error;
  output_.wrench = law_output_.wrench;
  output_.feed_forward = law_output_.feed_forward;
  output_.wrench_limited = law_output_.wrench_limited;
  output_.contact_limited = contact_.retreating() || law_output_.contact_limited;
  output_.stiffness = (engagement_ * tank_.share()) * gains_.stiffness();
  output_.stiffness_frame = gains_.frame();
  output_.joint_target = in.q;
  output_.joint_target_velocity.setZero();
}

bool Controller::compute_joint(const TickInput& in, double scale, double dt) {
  gains_.step_joint(scale, dt);
  joint_command_.position = motion_.joint_target();
  joint_command_.velocity = motion_.joint_target_velocity();
  contact_.observe(contact_force(in), dt);
  joint_command_.acceleration = inertial_share() * motion_.joint_target_acceleration();
  joint_command_.engagement = engagement_;
  joint_command_.dt_s = dt;
  if (!joint_law_.compute(in, joint_command_, gains_, tank_, output_.torque)) return false;
  output_.contact_limited = contact_.limit(in, output_.torque);
  passive_ = in.bias;
  law_output_.twist = in.jacobian.lazyProduct(in.dq);
  return true;
}

void Controller::report_joint(const TickInput& in) {
  output_.target.pose = measured_pose(in);
  output_.target.twist.setZero();
  output_.pose_error.setZero();
  output_.wrench.setZero();
  output_.feed_forward.setZero();
  output_.stiffness.setZero();
  output_.joint_target = joint_command_.position;
  output_.joint_target_velocity = joint_command_.velocity;
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
  output_.joint_target_velocity.setZero();
  output_.wrench.setZero();
  output_.feed_forward.setZero();
  output_.stiffness.setZero();
  output_.wrench_limited = false;
}

// The law is not what it was: its torque goes on from the last one commanded.
void Controller::start_blend() {
  if (blend_starts_) return;  // nothing was commanded since the activation: the torque found then counts
  blend_from_ = limiter_.last();
  blend_starts_ = true;
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

}  // namespace takt_impedance
