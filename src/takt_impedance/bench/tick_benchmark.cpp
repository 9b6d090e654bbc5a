// Runs one part of the controller many times and prints the time of each: for reading a clock, or
// for counting instructions under callgrind (run N and 2 N ticks, take the difference).
//
//   tick_benchmark law|follower|tick TICKS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sample_arm.hpp"
#include "takt_impedance/controller.hpp"

namespace ti = takt_impedance;

namespace {

constexpr int kMotion = 500;

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

double run_law(const std::vector<ti::TickInput>& motion, int ticks) {
  const ti::Parameters parameters(ti::sample::kJoints);
  ti::Law law(parameters);
  ti::Gains gains(parameters);
  const ti::ContactLimiter contact(parameters);
  ti::Tank tank(parameters);
  ti::LawOutput output;
  ti::LawCommand command;
  command.target.pose = {motion[0].position, Eigen::Quaterniond(motion[0].rotation)};
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    law.compute(motion[static_cast<std::size_t>(index_of(k))], command, gains, contact, tank, output);
    sum += output.torque(0);
  }
  return sum;
}

double run_follower(const std::vector<ti::TickInput>& motion, int ticks) {
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

double run_tick(const std::vector<ti::TickInput>& motion, int ticks) {
  ti::Controller controller{ti::Parameters(ti::sample::kJoints)};
  controller.activate(motion[0]);
  const ti::Pose start{motion[0].position, Eigen::Quaterniond(motion[0].rotation)};
  ti::TimeNs now = motion[0].now_ns;
  controller.set_trajectory(ti::sample::arc(start, now, 250).view(), now);
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    now += 1'000'000;
    sum += controller.tick(shifted(motion[static_cast<std::size_t>(index_of(k))], now)).torque(0);
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string part = argc > 1 ? argv[1] : "";
  const int ticks = argc > 2 ? std::atoi(argv[2]) : 0;
  const std::vector<ti::TickInput> motion = ti::sample::smooth_motion(kMotion);
  double (*run)(const std::vector<ti::TickInput>&, int) = part == "law"        ? run_law
                                                          : part == "follower" ? run_follower
                                                          : part == "tick"     ? run_tick
                                                                               : nullptr;
  if (run == nullptr || ticks < 1) {
    std::fprintf(stderr, "usage: tick_benchmark law|follower|tick TICKS\n");
    return 2;
  }
  run(motion, ticks / 10 + 1);  // warm caches
  const auto start = std::chrono::steady_clock::now();
  const double sum = run(motion, ticks);
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("%.1f ns per tick (%g)\n", elapsed.count() / ticks, sum);
  return 0;
}
