// What arms that wait for a common start know of each other.
#pragma once

#include <vector>

#include "takt_impedance/types.hpp"

namespace takt_impedance {

class Motion;

// Shared by the members of one group. All of them are ticked by one thread.
class GroupTicket {
 public:
  void add(const Motion& member) { members_.push_back(&member); }

  // Asked by each member in the tick of its start: may it go? The first one decides for all, by
  // asking every member whether it could go now.
  bool may_go(TimeNs now_ns) noexcept;

  // A member that dropped its trajectory, or is gone.
  void cancel() noexcept {
    if (state_ == State::kWaiting) state_ = State::kCancelled;
  }

 private:
  enum class State { kWaiting, kGo, kCancelled };

  std::vector<const Motion*> members_;
  State state_ = State::kWaiting;
};

}  // namespace takt_impedance
