// Random parameters, inputs and commands for the fuzz: mostly sensible, sometimes extreme, sometimes
// not a number at all.
#pragma once

#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

#include "sample_arm.hpp"
#include "takt_impedance/parameters.hpp"

namespace takt_impedance::fuzz {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  bool chance(double p) { return uniform(0.0, 1.0) < p; }
  std::size_t pick(std::size_t n) { return engine_() % n; }
  double number() { return std::normal_distribution<>(0.0, 1.0)(engine_); }
  double uniform(double low, double high) {
    return std::uniform_real_distribution<>(low, high)(engine_);
  }

  double strange() {
    static const double values[] = {0.0,  -0.0,   1e300, -1e300,    1e-300,
                                    1e18, -1e150, kNan,  kInfinity, -kInfinity};
    return values[pick(std::size(values))];
  }
  // Of the size given, or strange.
  double value(double size) { return chance(0.05) ? strange() : size * number(); }

  Vector6 wrench(double size) {
    Vector6 w;
    for (int i = 0; i < 6; ++i) w(i) = value(size);
    return w;
  }
  JointVector joints(double size) {
    JointVector v(sample::kJoints);
    for (int i = 0; i < sample::kJoints; ++i) v(i) = value(size);
    return v;
  }
  JointVector positive_joints(double size) {
    JointVector v = joints(size).cwiseAbs();
    if (chance(0.05)) v(0) = -1.0;
    return v;
  }
  // Diagonal or full, sometimes with an element that is not allowed.
  Matrix6 stiffness() {
    Vector6 scale;
    scale << 30, 30, 30, 8, 8, 8;
    Matrix6 factor = Matrix6::Identity() * uniform(0.0, 1.5);
    if (chance(0.5)) {
      for (int i = 0; i < 36; ++i) factor(i / 6, i % 6) += 0.3 * number();
    }
    Matrix6 k = scale.asDiagonal() * (factor * factor.transpose()) * scale.asDiagonal();
    k = 0.5 * (k + k.transpose()).eval();
    if (chance(0.05)) k(pick(6), pick(6)) = strange();
    return k;
  }
  Vector6 ratio() {
    Vector6 r;
    for (int i = 0; i < 6; ++i) r(i) = chance(0.02) ? strange() : uniform(0.0, 2.0);
    return r;
  }

  KeepOut body(const Vector3& near) {
    KeepOut body;
    body.shape = static_cast<KeepOut::Shape>(pick(3));
    body.centre = near + 0.3 * Vector3(number(), number(), number());
    body.rotation = Eigen::Quaterniond(number(), number(), number(), number() + 3.0).normalized();
    body.half_size = Vector3(uniform(0.02, 0.2), uniform(0.02, 0.2), uniform(0.02, 0.2));
    body.radius = uniform(0.02, 0.2);
    body.normal = Vector3(number(), number(), number() + 3.0).normalized();
    return body;
  }

 private:
  std::mt19937 engine_;
};

// Parameters that are valid, and as different as they may be.
inline Parameters draw_parameters(Random& random, const Vector3& tool) {
  for (;;) {
    Parameters p(sample::kJoints);
    p.stiffness_frame = static_cast<Frame>(random.pick(2));
    p.damping_kind = static_cast<Damping>(random.pick(3));
    p.projector = static_cast<Projector>(random.pick(3));
    p.operational_space = random.chance(0.3);
    if (p.operational_space) p.stiffness *= 0.2;
    p.inertia_feed_forward = random.chance(0.5) ? 1.0 : 0.0;
    p.tank = random.chance(0.5);
    p.tank_start_j = random.uniform(0.3, 2.0);
    p.max_contact_force_n = random.chance(0.5) ? kInfinity : random.uniform(5.0, 40.0);
    p.friction_coulomb_nm.setConstant(random.chance(0.5) ? 1.0 : 0.0);
    p.joint_lower_rad.setConstant(-1.5);
    p.joint_upper_rad.setConstant(1.5);
    p.joint_lower_rad(0) = p.joint_upper_rad(0) = kNan;
    p.joint_velocity_limit_rad_s.setConstant(2.0);
    p.torque_limit_nm.setConstant(random.uniform(10.0, 90.0));
    p.torque_rate_limit_nm_s.setConstant(random.uniform(200.0, 3000.0));
    p.release_s = random.chance(0.5) ? 0.2 : kInfinity;
    p.stop_s = random.uniform(0.1, 0.4);
    p.workspace_lower_m = tool.array() - random.uniform(0.05, 2.0);
    p.workspace_upper_m = tool.array() + random.uniform(0.05, 2.0);
    for (std::size_t i = random.pick(5); i > 0; --i) p.keep_outs.push_back(random.body(tool));
    p.keep_out_margin_m = random.chance(0.5) ? 0.0 : 0.03;
    try {
      p.validate();
      return p;
    } catch (const std::invalid_argument&) {  // stop_s too short for the speed; draw again
    }
  }
}

// Inputs along a smooth motion; sometimes noise, sometimes nonsense in one place.
class Inputs {
 public:
  explicit Inputs(Random& random)
      : random_(random), motion_(sample::smooth_motion(1000)), input_(motion_[0]) {}

  const TickInput& now() const { return input_; }
  TimeNs now_ns() const { return now_ns_; }

  // A state that nobody can object to.
  const TickInput& healthy() {
    input_ = motion_[random_.pick(motion_.size())];
    input_.now_ns = now_ns_;
    return input_;
  }

  const TickInput& next(long k) {
    const JointVector measured = input_.tau_measured;
    const Vector6 wrench = input_.wrench_measured;
    input_ = motion_[random_.chance(0.001) ? random_.pick(motion_.size())
                                           : static_cast<std::size_t>(k) % motion_.size()];
    input_.tau_measured = measured;
    input_.wrench_measured = wrench;
    now_ns_ += random_.chance(0.002) ? static_cast<TimeNs>(1e9 * random_.number()) : 1'000'000;
    input_.now_ns = now_ns_;
    input_.dt_s = random_.chance(0.01) ? std::abs(0.01 * random_.number()) : 1e-3;
    if (random_.chance(0.05)) input_.dq *= 100.0 * random_.number();
    if (random_.chance(0.02)) input_.tau_measured = random_.joints(100.0);
    if (random_.chance(0.02)) measure_wrench();
    if (random_.chance(0.003)) spoil();
    return input_;
  }

 private:
  // No sensor, a sensor, or one that is broken.
  void measure_wrench() {
    input_.wrench_measured.setConstant(kNan);
    if (random_.chance(0.3)) return;
    for (int i = 0; i < 6; ++i) input_.wrench_measured(i) = 20.0 * random_.number();
    if (random_.chance(0.02)) input_.wrench_measured(random_.pick(6)) = random_.strange();
  }

  void spoil() {
    const auto joint = static_cast<Eigen::Index>(random_.pick(sample::kJoints));
    switch (random_.pick(9)) {
      case 0: input_.q(joint) = random_.strange(); break;
      case 1: input_.dq(joint) = random_.strange(); break;
      case 2: input_.jacobian(2, joint) = random_.strange(); break;
      case 3: input_.mass(joint, joint) = random_.strange(); break;
      case 4: input_.bias(joint) = random_.strange(); break;
      case 5: input_.position(1) = random_.strange(); break;
      case 6: input_.rotation(1, 2) = random_.strange(); break;
      case 7: input_.tau_measured(joint) = random_.strange(); break;
      default: input_.dt_s = random_.strange(); break;
    }
  }

  Random& random_;
  std::vector<TickInput> motion_;
  TickInput input_;
  TimeNs now_ns_ = 1'000'000'000;
};

}  // namespace takt_impedance::fuzz
