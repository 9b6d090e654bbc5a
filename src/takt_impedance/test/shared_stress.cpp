// A controller that is ticked while one thread posts commands of every kind and another reads
// snapshots. Every command is answered or replaced, answers come in order, snapshots belong to one
// tick, and the ticking thread neither allocates nor locks. shared_stress POSTS
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "counted_calls.hpp"
#include "sample_arm.hpp"
#include "takt_impedance/shared_controller.hpp"

namespace ti = takt_impedance;

namespace {

struct Tally {
  long posted = 0;
  long answered = 0;
  long accepted = 0;
  bool in_order = true;
};

class Stress {
 public:
  explicit Stress(long posts)
      : posts_(posts), motion_(ti::sample::smooth_motion(500)), shared_(parameters()) {
    shared_.activate(motion_[0]);
    now_ = motion_[0].now_ns;
  }

  bool run() {
    std::thread writer([this] { write(); });
    std::thread reader([this] { read(); });
    for (long k = 0; !stop_.load(std::memory_order_acquire); ++k) tick(k);
    writer.join();
    tick(0);  // what was posted last
    reader.join();
    collect();
    return report();
  }

 private:
  static ti::Parameters parameters() {
    ti::Parameters p(ti::sample::kJoints);
    p.max_joint_jump_rad.setConstant(10.0);
    ti::KeepOut ball;
    ball.centre = ti::Vector3(0.4, 0.0, 0.5);
    ball.radius = 0.1;
    p.keep_outs.push_back(ball);
    return p;
  }

  void tick(long k) {
    const long length = static_cast<long>(motion_.size());
    const long i = k % (2 * length);
    ti::TickInput input = motion_[static_cast<std::size_t>(i < length ? i : 2 * length - 1 - i)];
    if (k % 1000 == 999) input.q(2) = ti::kNan;  // a fault, which the writer resets some time
    const ti::TimeNs now = now_.load(std::memory_order_relaxed) + 1'000'000;
    now_.store(now, std::memory_order_release);
    input.now_ns = now;
    watching = kCounting;
    shared_.tick(input);
    watching = false;
    ++ticks_;
  }

  void read() {
    ti::TimeNs last = 0;
    while (!stop_.load(std::memory_order_acquire)) {
      const ti::Snapshot& seen = shared_.snapshot();
      consistent_ = consistent_ && seen.now_ns >= last;
      // Ticks are a millisecond apart, and the counters are of the same tick.
      if (seen.active) {
        consistent_ = consistent_ && seen.counters.ticks == (seen.now_ns - 1'000'000'000) / 1'000'000;
      }
      snapshots_ += seen.now_ns != last;
      last = seen.now_ns;
    }
  }

  void collect() {
    for (const ti::Answer& answer : shared_.poll_results()) {
      ++tally_.answered;
      tally_.accepted += answer.verdict.accepted;
      tally_.in_order = tally_.in_order && answer.id > last_answer_;
      last_answer_ = answer.id;
    }
  }

  void write() {
    for (long k = 0; k < posts_; ++k) {
      // No later than a tick can follow now and then.
      const ti::TimeNs seen = now_.load(std::memory_order_acquire);
      tally_.posted += post(k, seen).posted;
      if (k % 8 == 7) collect();
      if (k % 16 == 15) {
        while (now_.load(std::memory_order_acquire) == seen) std::this_thread::yield();
      }
    }
    stop_.store(true, std::memory_order_release);
  }

  ti::Posted post(long k, ti::TimeNs now) {
    const double level = 300.0 + static_cast<double>(k % 100);
    const ti::JointVector joints = ti::JointVector::Constant(ti::sample::kJoints, 0.1 * level);
    switch (k % 10) {
      case 0: return shared_.post_reset_fault();
      case 1: return shared_.post_mode(ti::Mode::kCartesian);
      case 2: return shared_.post_stiffness(level * ti::Matrix6::Identity(), ti::Frame::kTool);
      case 3: return shared_.post_wrench(ti::Vector6::Constant(1e-3 * level), now);
      case 4: return shared_.post_nullspace_stiffness(joints);
      case 5: return shared_.post_joint_impedance(joints, 0.01 * joints);
      case 6: return shared_.post_posture(1e-2 * joints);
      case 7: return shared_.post_joint_target(motion_[0].q.data());
      case 8: return shared_.post_trajectory(ti::WaypointView{});
      default: {
        const ti::Pose here{motion_[0].position, Eigen::Quaterniond(motion_[0].rotation)};
        return shared_.post_trajectory(ti::sample::arc(here, now, 8).view());
      }
    }
  }

  bool report() const {
    const long replaced = static_cast<long>(shared_.replaced());
    const long lost = static_cast<long>(shared_.lost_results());
    std::printf("%ld ticks, %ld snapshots; %ld posted, %ld answered (%ld accepted), %ld replaced, "
                "%ld answers lost\n", ticks_, snapshots_, tally_.posted, tally_.answered,
                tally_.accepted, replaced, lost);
    std::printf("%ld allocations, %ld locks while ticking\n", allocations.load(), locks.load());
    if (!tally_.in_order) std::puts("ANSWERS OUT OF ORDER");
    if (!consistent_) std::puts("SNAPSHOT OF TWO TICKS");
    const bool complete = tally_.posted == posts_ && tally_.answered + replaced + lost == posts_;
    if (!complete) std::puts("COMMANDS UNACCOUNTED FOR");
    return complete && consistent_ && tally_.in_order && allocations == 0 && locks == 0 &&
           tally_.accepted > 0 && snapshots_ > 0;
  }

  long posts_;
  std::vector<ti::TickInput> motion_;
  ti::SharedController shared_;
  std::atomic<ti::TimeNs> now_{0};
  std::atomic<bool> stop_{false};
  std::uint64_t last_answer_ = 0;
  Tally tally_;
  long ticks_ = 0;
  long snapshots_ = 0;
  bool consistent_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  if (!counters_work()) {
    std::puts("the counters do not count");
    return 2;
  }
  Stress stress(argc > 1 ? std::atol(argv[1]) : 20000);
  const bool good = stress.run();
  std::puts(good ? "clean" : "NOT clean");
  return good ? 0 : 1;
}
