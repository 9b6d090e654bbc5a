// How regular and how long the ticks of a loop are, over windows of about a second.
#pragma once

#include "takt_impedance/types.hpp"

namespace takt_impedance {

// takt_msgs/TickStatistics.
struct TickSummary {
  std::int64_t ticks = 0;
  std::int64_t overruns = 0;
  double period_mean_s = kNan;
  double period_deviation_s = kNan;
  double period_max_s = kNan;
  double compute_mean_s = kNan;  // NaN where not measured
  double compute_max_s = kNan;
};

class TickStatistics {
 public:
  explicit TickStatistics(double window_s = 1.0) : window_s_(window_s) {}

  // One tick: time since the one before, whether that was out of bounds, and what the tick took on
  // a steady clock (NaN: not measured). Real-time safe.
  void add(double period_s, bool overrun, double compute_s = kNan) noexcept;

  // Of the latest window that is complete; of the one that is filling until there is one.
  TickSummary summary() const noexcept;

 private:
  struct Window {
    std::int64_t ticks = 0, overruns = 0, measured = 0;
    double elapsed_s = 0.0;
    double mean_s = 0.0, squares_s2 = 0.0;  // Welford's running mean and sum of squares
    double period_max_s = 0.0, compute_sum_s = 0.0, compute_max_s = 0.0;
  };
  static TickSummary summarise(const Window& window) noexcept;

  double window_s_;
  Window window_;
  TickSummary last_;
};

}  // namespace takt_impedance
