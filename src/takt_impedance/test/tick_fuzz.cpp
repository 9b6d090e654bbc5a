// Ticks the controller with random, extreme and non-finite inputs and commands, and checks after
// every tick what must hold whatever comes in. tick_fuzz TICKS [SEED]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "sample_arm.hpp"
#include "takt_impedance/controller.hpp"

namespace ti = takt_impedance;

namespace {

class Fuzz {
 public:
  explicit Fuzz(unsigned seed)
      : random_(seed),
        motion_(ti::sample::smooth_motion(1000)),
        parameters_(ti::sample::kJoints),
        input_(motion_[0]) {
    parameters_.workspace_lower_m.setConstant(-2.0);
    parameters_.workspace_upper_m.setConstant(2.0);
    parameters_.friction_coulomb_nm.setConstant(1.0);
    parameters_.joint_lower_rad.setConstant(-1.5);
    parameters_.joint_upper_rad.setConstant(1.5);
    parameters_.joint_lower_rad(0) = parameters_.joint_upper_rad(0) = ti::kNan;
    parameters_.joint_velocity_limit_rad_s.setConstant(2.0);
    parameters_.release_s = 0.2;
  }

  // Returns the number of the tick that broke a promise, or -1.
  long run(long ticks) {
    ti::Controller controller(parameters_);
    controller.activate(input_);
    ti::JointVector last = controller.tick(input_).torque;
    for (long k = 0; k < ticks; ++k) {
      if (chance(0.01)) command(controller);
      next_input(k);
      const ti::TickOutput& output = controller.tick(input_);
      if (const char* broken = check(output, last)) {
        std::printf("tick %ld: %s\n", k, broken);
        return k;
      }
      last = output.torque;
      faults_ += output.fault != ti::Fault::kNone;
      if (output.fault != ti::Fault::kNone && chance(0.05)) {
        input_ = motion_[pick(motion_.size())];
        input_.now_ns = now_;
        controller.reset_fault(input_);
      }
    }
    return -1;
  }

  long faults() const { return faults_; }

 private:
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  std::size_t pick(std::size_t n) { return random_() % n; }
  double number() { return std::normal_distribution<>(0, 1)(random_); }

  double strange() {
    static const double values[] = {0.0,  -0.0,   1e300,  -1e300,        1e-300,
                                    1e18, -1e150, ti::kNan, ti::kInfinity, -ti::kInfinity};
    return values[pick(std::size(values))];
  }

  // Mostly the smooth motion; sometimes noise, sometimes nonsense in one place.
  void next_input(long k) {
    const ti::JointVector measured = input_.tau_measured;
    input_ = motion_[chance(0.001) ? pick(motion_.size())
                                   : static_cast<std::size_t>(k) % motion_.size()];
    input_.tau_measured = measured;
    now_ += chance(0.002) ? static_cast<ti::TimeNs>(1e9 * number()) : 1'000'000;
    input_.now_ns = now_;
    input_.dt_s = chance(0.01) ? std::abs(0.01 * number()) : 1e-3;
    if (chance(0.05)) input_.dq *= 100.0 * number();
    if (chance(0.02)) input_.tau_measured.setConstant(1000.0 * number());
    if (!chance(0.003)) return;
    const auto joint = static_cast<Eigen::Index>(pick(ti::sample::kJoints));
    switch (pick(9)) {
      case 0: input_.q(joint) = strange(); break;
      case 1: input_.dq(joint) = strange(); break;
      case 2: input_.jacobian(2, joint) = strange(); break;
      case 3: input_.mass(joint, joint) = strange(); break;
      case 4: input_.bias(joint) = strange(); break;
      case 5: input_.position(1) = strange(); break;
      case 6: input_.rotation(1, 2) = strange(); break;
      case 7: input_.tau_measured(joint) = strange(); break;
      default: input_.dt_s = strange(); break;
    }
  }

  void command(ti::Controller& controller) {
    switch (pick(6)) {
      case 0: controller.set_mode(static_cast<ti::Mode>(pick(3))); break;
      case 1: controller.set_mode(ti::Mode::kCartesian); break;
      case 2: {
        ti::Vector6 diagonal = (ti::Vector6::Random() + ti::Vector6::Ones()) * 1000.0;
        controller.set_stiffness(diagonal.asDiagonal());
        break;
      }
      case 3: controller.set_trajectory(ti::WaypointView{}, now_); break;
      default: {
        ti::sample::Waypoints waypoints = ti::sample::arc(
            controller.output().target.pose, now_ - 150'000'000, static_cast<int>(pick(12)));
        if (chance(0.3) && !waypoints.poses.empty()) {
          waypoints.poses[pick(waypoints.poses.size())] = strange();
        }
        for (ti::TimeNs& t : waypoints.times_ns) t += static_cast<ti::TimeNs>(1e6 * number());
        controller.set_trajectory(waypoints.view(), now_);
      }
    }
  }

  const char* check(const ti::TickOutput& output, const ti::JointVector& last) const {
    if (!output.torque.allFinite()) return "torque is not finite";
    const auto& p = parameters_;
    if (((output.torque.cwiseAbs() - p.torque_limit_nm).array() > 1e-9).any()) {
      return "torque above its limit";
    }
    // In an overrun the torque may also have moved during the gap.
    const double dt = std::isfinite(input_.dt_s) ? std::abs(input_.dt_s) : 0.0;
    const double time = dt + (output.overrun || dt == 0.0 ? p.dt_max_s : 0.0);
    if ((((output.torque - last).cwiseAbs() - time * p.torque_rate_limit_nm_s).array() >
                     1e-6).any()) {
      return "torque rate above its limit";
    }
    const ti::Vector6& twist = output.target.twist;
    if (twist.head<3>().norm() > p.max_linear_velocity_m_s * (1 + 1e-9)) return "target too fast";
    if (twist.tail<3>().norm() > p.max_angular_velocity_rad_s * (1 + 1e-9)) {
      return "target turns too fast";
    }
    if (std::abs(output.target.pose.rotation.norm() - 1.0) > 1e-9) return "quaternion not unit";
    return nullptr;
  }

  std::mt19937 random_;
  std::vector<ti::TickInput> motion_;
  ti::Parameters parameters_;
  ti::TickInput input_;
  ti::TimeNs now_ = 1'000'000'000;
  long faults_ = 0;
};

// The law keeps what it computed last as a start. After a long run, and after an input that
// overflowed, it must agree with a law that starts afresh.
bool history_does_not_matter() {
  const std::vector<ti::TickInput> motion = ti::sample::smooth_motion(1000);
  const ti::Parameters parameters(ti::sample::kJoints);
  const ti::Gains gains(parameters);
  ti::Law old(parameters), fresh(parameters);
  ti::MovingPose target;
  target.pose = {motion[0].position, Eigen::Quaterniond(motion[0].rotation)};
  ti::LawOutput a, b;
  ti::TickInput broken = motion[0];
  broken.jacobian *= 1e200;
  for (int k = 0; k < 300000; ++k) {
    if (k % 50000 == 7) old.compute(broken, target, gains, 1.0, a);
    old.compute(motion[static_cast<std::size_t>(k % 1000)], target, gains, 1.0, a);
  }
  fresh.compute(motion[999], target, gains, 1.0, b);
  const double difference = (a.torque - b.torque).norm();
  std::printf("after 300000 ticks the law differs by %g Nm\n", difference);
  return difference < 1e-6;
}

}  // namespace

int main(int argc, char** argv) {
  const long ticks = argc > 1 ? std::atol(argv[1]) : 200000;
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  std::srand(seed);
  if (!history_does_not_matter()) return 1;
  Fuzz fuzz(seed);
  if (fuzz.run(ticks) >= 0) return 1;
  std::printf("%ld ticks, %ld of them in a fault: every promise kept\n", ticks, fuzz.faults());
  return fuzz.faults() > 0 && fuzz.faults() < ticks / 2 ? 0 : 3;
}
