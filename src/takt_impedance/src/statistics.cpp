#include "takt_impedance/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace takt_impedance {

void TickStatistics::add(double period_s, bool overrun, double compute_s) noexcept {
  if (!std::isfinite(period_s)) return;
  Window& w = window_;
  ++w.ticks;
  w.overruns += overrun;
  w.elapsed_s += std::max(0.0, period_s);
  const double difference = period_s - w.mean_s;
  w.mean_s += difference / static_cast<double>(w.ticks);
  w.squares_s2 += difference * (period_s - w.mean_s);
  w.period_max_s = std::max(w.period_max_s, period_s);
  if (std::isfinite(compute_s)) {
    ++w.measured;
    w.compute_sum_s += compute_s;
    w.compute_max_s = std::max(w.compute_max_s, compute_s);
  }
  if (w.elapsed_s < window_s_) return;
  last_ = summarise(w);
  window_ = Window{};
}

TickSummary TickStatistics::summary() const noexcept {
  return last_.ticks > 0 ? last_ : summarise(window_);
}

TickSummary TickStatistics::summarise(const Window& w) noexcept {
  TickSummary summary;
  summary.ticks = w.ticks;
  summary.overruns = w.overruns;
  if (w.ticks > 0) {
    summary.period_mean_s = w.mean_s;
    summary.period_deviation_s = std::sqrt(w.squares_s2 / static_cast<double>(w.ticks));
    summary.period_max_s = w.period_max_s;
  }
  if (w.measured > 0) {
    summary.compute_mean_s = w.compute_sum_s / static_cast<double>(w.measured);
    summary.compute_max_s = w.compute_max_s;
  }
  return summary;
}

}  // namespace takt_impedance
