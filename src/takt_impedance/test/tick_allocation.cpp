// Counts heap allocations and mutex locks during ticks, in every mode, with everything switched on,
// through a fault, and while commands are taken from the hand-over, by standing in for malloc and
// pthread_mutex_lock. Exits 1 and says where if there is any.
#include <cstdio>

#include "counted_calls.hpp"
#include "sample_work.hpp"
#include "takt_impedance/shared_controller.hpp"

namespace ti = takt_impedance;

namespace {

using Inputs = std::vector<ti::TickInput>;

// Runs ticks under watch and reports; true if clean.
template <typename Controller>
bool watch(const char* what, Controller& controller, Inputs& motion, ti::TimeNs& now) {
  allocations = 0;
  locks = 0;
  watching = true;
  for (ti::TickInput& input : motion) {
    now += 1'000'000;
    input.now_ns = now;
    controller.tick(input);
  }
  watching = false;
  std::printf("%s: %ld allocations, %ld locks\n", what, allocations.load(), locks.load());
  return allocations == 0 && locks == 0;
}

// Modes, a splice, starvation and a fault, with parameters as they come.
bool watch_modes(Inputs motion, const ti::Parameters& parameters) {
  ti::Controller controller(parameters);
  ti::TimeNs now = motion[0].now_ns;
  controller.activate(motion[0]);
  bool clean = watch("rest", controller, motion, now);
  controller.set_trajectory(ti::sample::arc(controller.output().target.pose, now, 8).view(), now);
  controller.set_wrench(ti::Vector6::Constant(1.0), now);
  clean &= watch("following, with a wrench", controller, motion, now);
  controller.set_trajectory(ti::sample::arc(controller.output().target.pose, now, 3).view(), now);
  clean &= watch("spliced, then starved", controller, motion, now);
  clean &= controller.output().starved;
  controller.set_trajectory(ti::sample::arc(controller.output().target.pose, now, 6).view(), now,
                            now + 200'000'000);
  clean &= watch("a start that comes", controller, motion, now);
  const ti::JointVector goal = controller.output().joint_target.array() + 0.1;
  controller.set_joint_target(goal.data(), now);
  clean &= watch("joints", controller, motion, now);
  clean &= controller.output().mode == ti::Mode::kJoint;
  controller.set_mode(ti::Mode::kGuide);
  clean &= watch("guide", controller, motion, now);
  controller.set_mode(ti::Mode::kHold);
  clean &= watch("hold", controller, motion, now);
  motion[100].q(2) = ti::kNan;
  clean &= watch("fault", controller, motion, now);
  return clean && controller.output().fault == ti::Fault::kNonfinitePosition;
}

// Every kind of command, taken by the tick.
bool watch_hand_over(Inputs motion) {
  ti::SharedController controller(ti::sample::everything(motion[0].position));
  ti::TimeNs now = motion[0].now_ns;
  controller.activate(motion[0]);
  bool clean = true;
  for (int round = 0; round < 3; ++round) {
    ti::sample::Waypoints way = ti::sample::arc(controller.output().target.pose, now, 8);
    controller.post_trajectory(way.view());
    controller.post_wrench(ti::Vector6::Constant(1.0), now);
    controller.post_stiffness(300.0 * ti::Matrix6::Identity(), ti::Frame::kBase);
    controller.post_nullspace_stiffness(ti::JointVector::Constant(ti::sample::kJoints, 5.0));
    controller.post_joint_impedance(ti::JointVector::Constant(ti::sample::kJoints, 80.0),
                                    ti::JointVector::Ones(ti::sample::kJoints));
    clean &= watch("hand-over of gains and poses", controller, motion, now);
    controller.post_joint_target(motion[0].q.data());
    clean &= watch("hand-over of joints", controller, motion, now);
    controller.post_trajectory(ti::WaypointView{});
    controller.post_mode(ti::Mode::kCartesian);
    controller.post_reset_fault();
    clean &= watch("hand-over of a stop, a mode, a reset", controller, motion, now);
    controller.poll_results();
    controller.snapshot();
  }
  return clean;
}

}  // namespace

int main() {
  if (!counters_work()) {
    std::puts("the counters do not count");
    return 2;
  }
  Inputs motion = ti::sample::smooth_motion(400);
  bool clean = watch_modes(motion, ti::Parameters(ti::sample::kJoints));
  for (ti::TickInput& input : motion) input.tau_measured = input.bias;
  clean &= watch_modes(motion, ti::sample::everything(motion[0].position));
  clean &= watch_hand_over(motion);
  std::puts(clean ? "clean" : "NOT clean");
  return clean ? 0 : 1;
}
