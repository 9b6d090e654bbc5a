// Ticks the controller with random, extreme and non-finite inputs and commands, and checks after
// every tick what must hold whatever comes in: on the controller itself, and through the hand-over
// between threads. tick_fuzz TICKS [SEED]
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "fuzz_promises.hpp"
#include "fuzz_random.hpp"
#include "takt_impedance/shared_controller.hpp"

namespace ti = takt_impedance;
namespace tf = takt_impedance::fuzz;

namespace {

constexpr long kTicksPerParameters = 20'000;

// Commands that are refused by an exception must be refused whole; those with a result say so there.
template <typename Command>
void try_to(Command command) {
  try {
    command();
  } catch (const std::invalid_argument&) {
  }
}

// The two ways to give a command.
struct Direct {
  explicit Direct(const ti::Parameters& p) : controller(p) {}

  void follow(const ti::WaypointView& view, ti::TimeNs now, ti::TimeNs start) {
    controller.set_trajectory(view, now, start);
  }
  void follow(const ti::JointWaypointView& view, ti::TimeNs now, ti::TimeNs start) {
    controller.set_joint_trajectory(view, now, start);
  }
  void go_to(const double* pose7, ti::TimeNs now) { controller.set_target(pose7, now); }
  void joints_to(const double* q, ti::TimeNs now) { controller.set_joint_target(q, now); }
  void push(const ti::Vector6& wrench, ti::TimeNs now) { controller.set_wrench(wrench, now); }
  void stiffen(const ti::Matrix6& k, ti::Frame frame, const ti::Vector6& ratio) {
    controller.set_stiffness(k, frame);
    controller.set_damping_ratio(ratio);
  }
  void nullspace(const ti::JointVector& k) { controller.set_nullspace_stiffness(k); }
  void joint_impedance(const ti::JointVector& k, const ti::JointVector& ratio) {
    controller.set_joint_impedance(k, ratio);
  }
  void mode(ti::Mode mode) { controller.set_mode(mode); }
  void reset_fault(const ti::TickInput& input) { controller.reset_fault(input); }

  ti::Controller controller;
};

struct Shared {
  explicit Shared(const ti::Parameters& p) : controller(p) {}

  void follow(const ti::WaypointView& view, ti::TimeNs, ti::TimeNs start) {
    controller.post_trajectory(view, start);
  }
  void follow(const ti::JointWaypointView& view, ti::TimeNs, ti::TimeNs start) {
    controller.post_joint_trajectory(view, start);
  }
  void go_to(const double* pose7, ti::TimeNs) { controller.post_target(pose7); }
  void joints_to(const double* q, ti::TimeNs) { controller.post_joint_target(q); }
  void push(const ti::Vector6& wrench, ti::TimeNs now) { controller.post_wrench(wrench, now); }
  void stiffen(const ti::Matrix6& k, ti::Frame frame, const ti::Vector6& ratio) {
    controller.post_stiffness(k, frame, ratio);
  }
  void nullspace(const ti::JointVector& k) { controller.post_nullspace_stiffness(k); }
  void joint_impedance(const ti::JointVector& k, const ti::JointVector& ratio) {
    controller.post_joint_impedance(k, ratio);
  }
  void mode(ti::Mode mode) { controller.post_mode(mode); }
  void reset_fault(const ti::TickInput&) { controller.post_reset_fault(); }

  ti::SharedController controller;
};

// One random command. `here` and `q`: about where the target is.
template <typename Robot>
void command(tf::Random& random, Robot& robot, const ti::Pose& here, const ti::JointVector& q,
             ti::TimeNs now) {
  const ti::TimeNs start = random.chance(0.2) ? now + static_cast<ti::TimeNs>(random.pick(400'000'000)) : 0;
  switch (random.pick(16)) {
    case 0: return robot.mode(static_cast<ti::Mode>(random.pick(4)));
    case 1: return robot.mode(random.chance(0.5) ? ti::Mode::kCartesian : ti::Mode::kJoint);
    case 2: return robot.stiffen(random.stiffness(), static_cast<ti::Frame>(random.pick(2)), random.ratio());
    case 3: return robot.nullspace(random.positive_joints(20.0));
    case 4: return robot.joint_impedance(random.positive_joints(300.0), random.positive_joints(1.0));
    case 5: case 6: return robot.push(random.wrench(random.chance(0.5) ? 10.0 : 1000.0), now);
    case 7: return robot.follow(ti::WaypointView{}, now, 0);
    case 8: {
      double pose[7];
      for (int i = 0; i < 3; ++i) pose[i] = here.position(i) + random.value(0.3);
      const Eigen::Quaterniond r = Eigen::Quaterniond(1.0, random.number(), random.number(), random.number()).normalized();
      const double rotation[4] = {r.x(), r.y(), r.z(), random.chance(0.05) ? random.strange() : r.w()};
      std::copy(rotation, rotation + 4, pose + 3);
      return robot.go_to(pose, now);
    }
    case 9: {
      const ti::JointVector goal = q + random.joints(0.5);
      return robot.joints_to(goal.data(), now);
    }
    case 10: case 11: {
      std::vector<ti::TimeNs> times;
      std::vector<double> positions;
      for (std::size_t i = 1; i < 2 + random.pick(10); ++i) {
        times.push_back(now + static_cast<ti::TimeNs>(i) * 60'000'000 - 120'000'000);
        for (int j = 0; j < ti::sample::kJoints; ++j) positions.push_back(q(j) + 0.1 * random.number());
      }
      if (random.chance(0.1)) positions[random.pick(positions.size())] = random.strange();
      ti::JointWaypointView view;
      view.count = static_cast<int>(times.size());
      view.times_ns = times.data();
      view.positions = positions.data();
      return robot.follow(view, now, start);
    }
    default: {
      ti::sample::Waypoints waypoints =
          ti::sample::arc(here, now - 150'000'000, static_cast<int>(random.pick(12)));
      std::vector<double> stiffness;
      if (!waypoints.poses.empty()) {
        if (random.chance(0.2)) waypoints.poses[random.pick(waypoints.poses.size())] = random.strange();
        if (random.chance(0.3)) {
          for (std::size_t i = 0; i < 6 * waypoints.times_ns.size(); ++i) {
            stiffness.push_back(random.chance(0.01) ? random.strange() : random.uniform(0.0, 900.0));
          }
        }
      }
      for (ti::TimeNs& t : waypoints.times_ns) t += static_cast<ti::TimeNs>(1e6 * random.number());
      ti::WaypointView view = waypoints.view();
      if (!stiffness.empty()) view.stiffness = stiffness.data();
      return robot.follow(view, now, start);
    }
  }
}

struct Tally {
  long ticks = 0, faults = 0, joint = 0, guide = 0, empty_tank = 0, kept_out = 0, contact = 0;
  bool broken = false;
};

template <typename Robot>
bool run(tf::Random& random, tf::Inputs& inputs, long ticks, Tally& tally) {
  const ti::Parameters parameters = tf::draw_parameters(random, inputs.healthy().position);
  Robot robot(parameters);
  robot.controller.activate(inputs.healthy());
  tf::Promises promises(parameters, robot.controller.tick(inputs.next(0)));
  for (long k = 0; k < ticks; ++k) {
    const ti::TickOutput& output = robot.controller.output();
    if (random.chance(0.02)) {
      const ti::Pose here = output.target.pose;
      const ti::JointVector q = output.joint_target;
      try_to([&] { command(random, robot, here, q, inputs.now_ns()); });
    }
    if (output.fault != ti::Fault::kNone && random.chance(0.05)) {
      robot.reset_fault(inputs.healthy());
    }
    const ti::TickInput& input = inputs.next(k);
    const ti::TickOutput& now = robot.controller.tick(input);
    if (const char* broken = promises.check(input, now)) {
      std::printf("tick %ld: %s (mode %d)\n", tally.ticks, broken, static_cast<int>(now.mode));
      return false;
    }
    ++tally.ticks;
    tally.faults += now.fault != ti::Fault::kNone;
    tally.joint += now.mode == ti::Mode::kJoint;
    tally.guide += now.mode == ti::Mode::kGuide;
    tally.empty_tank += now.tank_scale < 0.5;
    tally.kept_out += now.keepout_limited;
    tally.contact += now.contact_limited;
  }
  return true;
}

// Commands from a second thread and snapshots in a third, while the first ticks.
bool run_threads(unsigned seed, long ticks) {
  tf::Random random(seed);
  tf::Inputs inputs(random);
  const ti::Parameters parameters = tf::draw_parameters(random, inputs.healthy().position);
  Shared robot(parameters);
  robot.controller.activate(inputs.healthy());
  const ti::Pose here = {inputs.now().position, Eigen::Quaterniond(inputs.now().rotation)};
  const ti::JointVector q = inputs.now().q;
  std::atomic<bool> over{false}, torn{false};
  std::atomic<ti::TimeNs> clock{inputs.now_ns()};
  std::thread writer([&] {
    tf::Random own(seed + 1);
    while (!over) {
      try_to([&] { command(own, robot, here, q, clock.load()); });
      if (own.chance(0.1)) robot.controller.post_reset_fault();
      if (own.chance(0.2)) robot.controller.poll_results();
    }
  });
  std::thread reader([&] {
    while (!over) {
      const ti::Snapshot& snapshot = robot.controller.snapshot();
      // The time of a tick is written into its input, too: both must be of the same tick.
      const bool same = !snapshot.active || snapshot.wrench_measured(5) == static_cast<double>(snapshot.now_ns);
      if (!same || !snapshot.output.torque.allFinite()) torn = true;
    }
  });
  tf::Promises promises(parameters, robot.controller.tick(inputs.next(0)));
  bool kept = true;
  for (long k = 0; k < ticks && kept; ++k) {
    ti::TickInput input = inputs.next(k);
    input.wrench_measured(5) = static_cast<double>(input.now_ns);
    clock = input.now_ns;
    const char* broken = promises.check(input, robot.controller.tick(input));
    if (broken != nullptr) std::printf("with threads, tick %ld: %s\n", k, broken);
    kept = broken == nullptr;
  }
  over = true;
  writer.join();
  reader.join();
  if (torn) std::puts("a snapshot mixes ticks");
  return kept && !torn;
}

// The law keeps what it computed last as a start. After a long run, and after an input that
// overflowed, it must agree with a law that starts afresh.
bool history_does_not_matter() {
  const std::vector<ti::TickInput> motion = ti::sample::smooth_motion(1000);
  const ti::Parameters parameters(ti::sample::kJoints);
  const ti::Gains gains(parameters);
  const ti::ContactLimiter contact(parameters);
  ti::Tank tank(parameters);
  ti::Law old(parameters), fresh(parameters);
  ti::LawCommand command;
  command.target.pose = {motion[0].position, Eigen::Quaterniond(motion[0].rotation)};
  ti::LawOutput a, b;
  ti::TickInput broken = motion[0];
  broken.jacobian *= 1e200;
  for (int k = 0; k < 300000; ++k) {
    if (k % 50000 == 7) old.compute(broken, command, gains, contact, tank, a);
    old.compute(motion[static_cast<std::size_t>(k % 1000)], command, gains, contact, tank, a);
  }
  fresh.compute(motion[999], command, gains, contact, tank, b);
  const double difference = (a.torque - b.torque).norm();
  std::printf("after 300000 ticks the law differs by %g Nm\n", difference);
  return difference < 1e-6;
}

}  // namespace

int main(int argc, char** argv) {
  const long ticks = argc > 1 ? std::atol(argv[1]) : 200000;
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  if (!history_does_not_matter()) return 1;
  tf::Random random(seed);
  tf::Inputs inputs(random);
  Tally tally;
  while (tally.ticks < ticks) {
    const long count = std::min(kTicksPerParameters, ticks - tally.ticks);
    const bool kept = random.chance(0.5) ? run<Direct>(random, inputs, count, tally)
                                         : run<Shared>(random, inputs, count, tally);
    if (!kept) return 1;
  }
  if (!run_threads(seed, ticks / 10)) return 1;
  const double all = static_cast<double>(tally.ticks);
  std::printf("%ld ticks, every promise kept; of them in a fault %.3f, joint %.3f, guide %.3f, "
              "tank low %.3f, kept out %.3f, contact limited %.3f\n",
              tally.ticks, tally.faults / all, tally.joint / all, tally.guide / all,
              tally.empty_tank / all, tally.kept_out / all, tally.contact / all);
  // A fuzz that does not get anywhere shows nothing.
  return tally.faults > 0 && tally.faults < ticks / 2 && tally.joint > 0 && tally.guide > 0 ? 0 : 3;
}
