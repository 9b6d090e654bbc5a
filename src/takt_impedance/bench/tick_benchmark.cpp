// Runs one part of the controller many times and prints the time of each: for reading a clock, or
// for counting instructions under callgrind (run N and 2 N ticks, take the difference).
//
//   tick_benchmark PART TICKS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "sample_work.hpp"

namespace ti = takt_impedance;

namespace {

constexpr int kMotion = 500;

using Inputs = std::vector<ti::TickInput>;

ti::TickInput shifted(const ti::TickInput& input, ti::TimeNs now_ns) {
  ti::TickInput result = input;
  result.now_ns = now_ns;
  return result;
}

// Back and forth over the motion, so that consecutive inputs are neighbours.
int index_of(int k) {
  const int i = k % (2 * kMotion);
  return i < kMotion ? i : 2 * kMotion - 1 - i;
}

double compute_law(const Inputs& motion, int ticks, const ti::Vector6& acceleration) {
  const ti::Parameters parameters(ti::sample::kJoints);
  const ti::Gains gains(parameters);
  const ti::ContactLimiter contact(parameters);
  ti::Tank tank(parameters);
  ti::Law law(parameters);
  ti::LawOutput output;
  ti::LawCommand command;
  command.target.pose = {motion[0].position, Eigen::Quaterniond(motion[0].rotation)};
  command.acceleration = acceleration;
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    law.compute(motion[static_cast<std::size_t>(index_of(k))], command, gains, contact, tank,
                output);
    sum += output.torque(0);
  }
  return sum;
}

double run_law(const Inputs& motion, int ticks) {
  return compute_law(motion, ticks, ti::Vector6::Zero());
}

// With the force that the target's acceleration takes.
double run_law_moving(const Inputs& motion, int ticks) {
  return compute_law(motion, ticks, ti::Vector6::Constant(0.5));
}

double run_follower(const Inputs& motion, int ticks) {
  const ti::Parameters parameters(ti::sample::kJoints);
  ti::Follower follower(parameters);
  const ti::Pose start{motion[0].position, Eigen::Quaterniond(motion[0].rotation)};
  ti::TimeNs now = motion[0].now_ns;
  follower.reset(now, start);
  ti::Curve curve(parameters.max_waypoints + 1);
  ti::prepare(ti::sample::arc(start, now, 250).view(), curve);
  follower.commit(curve, now);
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    now += 1'000'000;
    follower.step(now, 1e-3);
    sum += follower.target().pose.position.x();
  }
  return sum;
}

double tick(ti::Controller& controller, const Inputs& motion, int ticks) {
  ti::TimeNs now = motion[0].now_ns;
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    now += 1'000'000;
    sum += controller.tick(shifted(motion[static_cast<std::size_t>(index_of(k))], now)).torque(0);
  }
  return sum;
}

double run_tick(const Inputs& motion, int ticks) {
  ti::Controller controller{ti::Parameters(ti::sample::kJoints)};
  controller.activate(motion[0]);
  ti::sample::follow(controller, motion[0]);
  return tick(controller, motion, ticks);
}

// With everything that can be switched on.
double run_tick_full(const Inputs& motion, int ticks) {
  ti::Controller controller{ti::sample::everything(motion[0].position)};
  Inputs measured = motion;
  for (ti::TickInput& input : measured) input.tau_measured = input.bias;
  controller.activate(measured[0]);
  ti::sample::follow(controller, measured[0]);
  return tick(controller, measured, ticks);
}

double run_tick_joint(const Inputs& motion, int ticks) {
  ti::Controller controller{ti::Parameters(ti::sample::kJoints)};
  controller.activate(motion[0]);
  ti::JointVector goal = motion[0].q;
  goal.array() += 0.3;
  controller.set_joint_target(goal.data(), motion[0].now_ns);
  return tick(controller, motion, ticks);
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, double (*)(const Inputs&, int)> parts = {
      {"law", run_law},   {"law_moving", run_law_moving}, {"follower", run_follower},
      {"tick", run_tick}, {"tick_full", run_tick_full},   {"tick_joint", run_tick_joint}};
  const auto part = parts.find(argc > 1 ? argv[1] : "");
  const int ticks = argc > 2 ? std::atoi(argv[2]) : 0;
  if (part == parts.end() || ticks < 1) {
    std::fprintf(stderr, "usage: tick_benchmark PART TICKS; parts:");
    for (const auto& one : parts) std::fprintf(stderr, " %s", one.first.c_str());
    std::fputs("\n", stderr);
    return 2;
  }
  const Inputs motion = ti::sample::smooth_motion(kMotion);
  part->second(motion, ticks / 10 + 1);  // warm caches
  const auto start = std::chrono::steady_clock::now();
  const double sum = part->second(motion, ticks);
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("%.1f ns per tick (%g)\n", elapsed.count() / ticks, sum);
  return 0;
}
