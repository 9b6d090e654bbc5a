// Counts heap allocations and mutex locks during ticks, in every mode and through a fault, by
// standing in for malloc and pthread_mutex_lock. Exits 1 and says where if there is any.
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "sample_arm.hpp"
#include "takt_impedance/controller.hpp"

namespace {

std::atomic<bool> watching{false};
std::atomic<long> allocations{0};
std::atomic<long> locks{0};

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  if (watching) ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  if (watching) ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  if (watching) ++allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  if (watching) ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  if (watching) ++allocations;
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? 12 : 0;
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static const Lock real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  if (watching) ++locks;
  return real(mutex);
}

}  // extern "C"

namespace ti = takt_impedance;

namespace {

// Runs ticks under watch and reports; true if clean.
bool watch(const char* what, ti::Controller& controller, std::vector<ti::TickInput>& motion,
           ti::TimeNs& now) {
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

// The counters themselves must work, or the test could not fail.
bool counters_work() {
  watching = true;
  // volatile: the compiler may leave out an allocation that nobody looks at.
  int* volatile something = new int(1);
  delete something;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  watching = false;
  return allocations == 1 && locks == 1;
}

}  // namespace

int main() {
  if (!counters_work()) {
    std::puts("the counters do not count");
    return 2;
  }
  std::vector<ti::TickInput> motion = ti::sample::smooth_motion(400);
  ti::Controller controller{ti::Parameters(ti::sample::kJoints)};
  ti::TimeNs now = motion[0].now_ns;
  controller.activate(motion[0]);
  bool clean = watch("rest", controller, motion, now);
  const ti::Pose here = controller.output().target.pose;
  controller.set_trajectory(ti::sample::arc(here, now, 8).view(), now);
  clean &= watch("following", controller, motion, now);
  controller.set_trajectory(ti::sample::arc(controller.output().target.pose, now, 3).view(), now);
  clean &= watch("spliced, then starved", controller, motion, now);
  clean &= controller.output().starved;
  controller.set_mode(ti::Mode::kGuide);
  clean &= watch("guide", controller, motion, now);
  controller.set_mode(ti::Mode::kHold);
  clean &= watch("hold", controller, motion, now);
  motion[100].q(2) = ti::kNan;
  clean &= watch("fault", controller, motion, now);
  clean &= controller.output().fault == ti::Fault::kNonfinitePosition;
  std::puts(clean ? "clean" : "NOT clean");
  return clean ? 0 : 1;
}
