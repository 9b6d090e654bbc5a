// Counts what the thread that updates allocates: every way into the heap goes through here.
#include <gmock/gmock.h>

#include <cstdlib>

#include "controller_rig.hpp"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

thread_local bool watching = false;
thread_local int allocations = 0;

void count() {
  if (watching) ++allocations;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
  count();
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  count();
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? 12 : 0;
}
}

namespace takt_controllers::test {
namespace {

int allocations_of(const std::function<void()>& work) {
  allocations = 0;
  watching = true;
  work();
  watching = false;
  return allocations;
}

TEST(Realtime, TheCounterCounts) {
  EXPECT_GT(allocations_of([] { std::make_unique<std::vector<int>>(100)->front() = 1; }), 0);
}

void expect_no_allocations(Rig& rig, const std::vector<double>& home) {
  rig.start(home);
  for (int i = 0; i < 10; ++i) rig.tick();
  std::vector<double> q = home;
  int total = 0;
  for (int i = 0; i < 300; ++i) {
    q[static_cast<std::size_t>(i) % 7] += i % 20 < 10 ? 1e-3 : -1e-3;
    rig.set_positions(q);
    if (i == 200) rig.set_state("j2/velocity", std::nan(""));  // a fault in between
    total += allocations_of([&rig] { rig.tick(); });
  }
  EXPECT_EQ(total, 0);
}

const std::vector<double> kHome{0.1, 0.6, -0.3, 0.9, 0.4, -0.7, 0.2};

TEST(Realtime, UpdateDoesNotAllocate) {
  Rig rig(Rig::Parameters{{"measured_torque.available", true}});
  expect_no_allocations(rig, kHome);
}

TEST(Realtime, NorDoesTheJointController) {
  Rig rig({}, std::make_shared<JointImpedanceController>());
  expect_no_allocations(rig, kHome);
}

TEST(Realtime, NorDoesThePositionForm) {
  Rig rig(Rig::Parameters{{"command_interface", "position"}});
  expect_no_allocations(rig, kHome);
}

}  // namespace
}  // namespace takt_controllers::test
