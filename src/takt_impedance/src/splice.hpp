// What the splices of poses and of joints have in common.
#pragma once

#include <algorithm>

#include "takt_impedance/parameters.hpp"
#include "takt_impedance/verdict.hpp"

namespace takt_impedance {

// The target is where it was at the latest tick; after a pause, as if that was just now.
inline constexpr TimeNs kLongestTickNs = 5'000'000;

// Share of the acceleration limits that a join may need. The rest is for the limiter to smooth the
// steps of acceleration at the waypoints.
inline constexpr double kJoinShare = 5.0 / 6.0;

// When the waypoints of a trajectory that is to begin at `now_ns` are not for now: the verdict says
// how many are dropped otherwise.
template <typename CurveType>
Verdict check_times(const Parameters& p, const CurveType& incoming, TimeNs now_ns) {
  const int first = incoming.first_after(now_ns);
  if (first == incoming.size()) {
    Verdict verdict = refuse(Refusal::kAllPast, seconds(now_ns - incoming.last().time_ns), 0.0,
                             incoming.size());
    verdict.dropped = first;
    return verdict;
  }
  const double delay = seconds(incoming.knot(first).time_ns - now_ns);
  if (delay > p.max_start_delay_s) {
    return refuse(Refusal::kTooFarAhead, delay, p.max_start_delay_s);
  }
  return accept(first);
}

// The first of the waypoints from `first` on that `reachable` says can be joined. Earlier ones come
// too soon: aiming at them would only make the limiter overshoot the motion wanted. Looks at
// about 2 log2(count) of them, as later ones are easier to join.
template <typename Reachable>
int splice_index(int first, int count, Reachable reachable) {
  int low = first - 1;  // not reachable, as far as known
  int high = first;
  for (int step = 1; !reachable(high); step *= 2) {
    if (high == count - 1) return high;
    low = high;
    high = std::min(high + step, count - 1);
  }
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (reachable(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace takt_impedance
