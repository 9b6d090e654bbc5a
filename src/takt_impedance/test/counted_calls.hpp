// Counts the heap calls and mutex locks of a thread, by standing in for malloc and
// pthread_mutex_lock. Include it in the one source file of a test program.
#pragma once

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>

#include "takt_impedance/types.hpp"  // Eigen declares some of these functions, and has to be first

// ThreadSanitizer stands in for malloc and the locks itself.
#ifdef __SANITIZE_THREAD__
constexpr bool kCounting = false;
#else
constexpr bool kCounting = true;
#endif

namespace {

thread_local bool watching = false;  // this thread's calls are counted
std::atomic<long> allocations{0};    // and what is given back, which may take a lock as well
std::atomic<long> locks{0};

}  // namespace

#ifndef __SANITIZE_THREAD__
extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

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
void free(void* memory) {
  if (watching && memory != nullptr) ++allocations;
  __libc_free(memory);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static const Lock real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  if (watching) ++locks;
  return real(mutex);
}

}  // extern "C"
#endif

namespace {

// The counters themselves must work, or the tests could not fail.
inline bool counters_work() {
  if (!kCounting) return true;
  watching = true;
  // volatile: the compiler may leave out an allocation that nobody looks at.
  int* volatile something = new int(1);
  delete something;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  watching = false;
  const bool work = allocations == 2 && locks == 1;
  allocations = locks = 0;
  return work;
}

}  // namespace
