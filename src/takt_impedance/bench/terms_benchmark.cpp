// What a whole step of a real-time loop costs: Pinocchio's terms for a seven-joint arm, and the
// controller on top of them. Prints the time of each; under callgrind, run N and 2 N ticks.
//
//   terms_benchmark terms|whole|shared TICKS
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "pinocchio_arm.hpp"
#include "sample_work.hpp"
#include "takt_impedance/shared_controller.hpp"

namespace ti = takt_impedance;

namespace {

// The joints of tick k, and the terms there: a smooth motion.
void move(ti::sample::PinocchioArm& arm, int k, ti::TickInput& input) {
  const double t = 1e-3 * (k % 6283);
  for (int i = 0; i < ti::sample::kJoints; ++i) {
    input.q(i) = 0.4 + 0.2 * std::sin(t + i);
    input.dq(i) = 0.2 * std::cos(t + i);
  }
  input.now_ns += 1'000'000;
  arm.fill_terms(input);
}

double run_terms(int ticks) {
  ti::sample::PinocchioArm arm;
  ti::TickInput input(ti::sample::kJoints);
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    move(arm, k, input);
    sum += input.bias(0);
  }
  return sum;
}

double run_whole(int ticks) {
  ti::sample::PinocchioArm arm;
  ti::TickInput input(ti::sample::kJoints);
  move(arm, 0, input);
  ti::Controller controller{ti::Parameters(ti::sample::kJoints)};
  controller.activate(input);
  ti::sample::follow(controller, input);
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    move(arm, k, input);
    sum += controller.tick(input).torque(0);
  }
  return sum;
}

// As a plugin does it: everything on, torques measured, commands by the hand-over, of which one is
// taken in every tenth tick.
double run_shared(int ticks) {
  ti::sample::PinocchioArm arm;
  ti::TickInput input(ti::sample::kJoints);
  move(arm, 0, input);
  ti::SharedController controller{ti::sample::everything(input.position)};
  controller.activate(input);
  controller.post_trajectory(ti::sample::long_way(input).view());
  double sum = 0.0;
  for (int k = 0; k < ticks; ++k) {
    move(arm, k, input);
    input.tau_measured = input.bias;
    if (k % 10 == 0) controller.post_wrench(ti::Vector6::Constant(0.1), input.now_ns);
    sum += controller.tick(input).torque(0);
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string part = argc > 1 ? argv[1] : "";
  const int ticks = argc > 2 ? std::atoi(argv[2]) : 0;
  double (*run)(int) = part == "terms"    ? run_terms
                       : part == "whole"  ? run_whole
                       : part == "shared" ? run_shared
                                          : nullptr;
  if (run == nullptr || ticks < 1) {
    std::fprintf(stderr, "usage: terms_benchmark terms|whole|shared TICKS\n");
    return 2;
  }
  run(ticks / 10 + 1);  // warm caches
  const auto start = std::chrono::steady_clock::now();
  const double sum = run(ticks);
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("%.1f ns per tick (%g)\n", elapsed.count() / ticks, sum);
  return 0;
}
