// Two threads at the hand-over as fast as they can, built with ThreadSanitizer where there is one:
// nothing torn, nothing old after something newer, the newest arrives, no result lost silently.
// mailbox_stress ROUNDS
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "takt_impedance/mailbox.hpp"

namespace ti = takt_impedance;

namespace {

// Large enough that copying it takes longer than a switch between threads.
using Value = std::array<long, 200>;

bool hand_over(long rounds) {
  ti::Mailbox<Value> box;
  std::atomic<bool> done{false};
  long replaced = 0;
  std::thread writer([&] {
    for (long k = 1; k <= rounds; ++k) {
      box.draft().fill(k);
      replaced += box.post();
    }
    done.store(true, std::memory_order_release);
  });
  long last = 0, taken = 0;
  bool good = true;
  for (bool over = false; !over;) {
    over = done.load(std::memory_order_acquire);  // before the last look
    if (!box.take()) continue;
    ++taken;
    const Value& value = box.taken();
    for (const long element : value) good = good && element == value[0];
    good = good && value[0] > last;
    last = value[0];
  }
  writer.join();
  std::printf("%ld posted, %ld taken, %ld replaced, last %ld\n", rounds, taken, replaced, last);
  return good && last == rounds && taken + replaced == rounds;
}

bool queue(long rounds) {
  ti::ResultQueue<std::array<long, 8>, 64> results;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (long k = 1; k <= rounds; ++k) {
      std::array<long, 8> value;
      value.fill(k);
      results.push(value);
    }
    done.store(true, std::memory_order_release);
  });
  long last = 0, popped = 0;
  bool good = true;
  for (bool over = false; !over;) {
    over = done.load(std::memory_order_acquire);
    for (std::array<long, 8> value; results.pop(value); ++popped) {
      for (const long element : value) good = good && element == value[0];
      good = good && value[0] > last;
      last = value[0];
    }
  }
  writer.join();
  const long lost = static_cast<long>(results.lost());
  std::printf("%ld pushed, %ld popped, %ld lost\n", rounds, popped, lost);
  return good && popped + lost == rounds;
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::atol(argv[1]) : 100000;
  const bool good = hand_over(rounds) && queue(rounds);
  std::puts(good ? "nothing torn, nothing lost" : "TORN OR LOST");
  return good ? 0 : 1;
}
