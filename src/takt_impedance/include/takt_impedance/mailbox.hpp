// Hand-over between two threads, wait-free on both sides.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace takt_impedance {

// The newest value from one writer to one reader: three buffers, of which each side owns one and
// the third changes hands. Neither side ever waits, and no value is torn.
template <typename Value>
class Mailbox {
 public:
  explicit Mailbox(const Value& initial = Value()) : values_{initial, initial, initial} {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Writer: the buffer to fill, then `post`. True if the value before was never taken.
  Value& draft() { return values_[writing_]; }
  bool post() {
    const std::uint8_t old = middle_.exchange(writing_ | kFresh, std::memory_order_acq_rel);
    writing_ = old & kIndex;
    return (old & kFresh) != 0;
  }

  // Reader: true if there is a value that was not taken yet; then `taken` is that one.
  bool take() {
    if ((middle_.load(std::memory_order_relaxed) & kFresh) == 0) return false;
    reading_ = middle_.exchange(reading_, std::memory_order_acq_rel) & kIndex;
    return true;
  }
  Value& taken() { return values_[reading_]; }

 private:
  static constexpr std::uint8_t kIndex = 3, kFresh = 4;

  std::array<Value, 3> values_;
  alignas(64) std::uint8_t writing_ = 0;
  alignas(64) std::atomic<std::uint8_t> middle_{1};
  alignas(64) std::uint8_t reading_ = 2;
};

// Small values in order from one writer to one reader; what does not fit is counted, not written.
template <typename Value, std::size_t Capacity>
class ResultQueue {
 public:
  // Writer.
  void push(const Value& value) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == Capacity) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    values_[head % Capacity] = value;
    head_.store(head + 1, std::memory_order_release);
  }

  // Reader: false if there is nothing.
  bool pop(Value& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    value = values_[tail % Capacity];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  std::array<Value, Capacity> values_{};
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace takt_impedance
