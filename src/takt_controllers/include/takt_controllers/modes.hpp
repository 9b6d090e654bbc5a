// Which mode the arm is in, by all who have a say at the same time.
#pragma once

#include <mutex>

#include "takt_impedance/shared_controller.hpp"

namespace takt_controllers {

namespace impedance = takt_impedance;

// Moving by hand goes before holding, since nobody is followed then either; holding before
// following. Any thread.
class Modes {
 public:
  Modes(impedance::SharedController& law, impedance::Mode following)
      : law_(law), following_(following) {}

  void set_guide(bool guide) { set(guide_, guide); }
  void set_crowded(bool crowded) { set(crowded_, crowded); }  // more than one commander
  void set_stopped(bool stopped) { set(stopped_, stopped); }

  // At activation, which forgets what was asked of the hand before.
  void restart() {
    const std::lock_guard<std::mutex> lock(mutex_);
    guide_ = false;
    law_.post_mode(mode());
  }

 private:
  void set(bool& wish, bool value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const impedance::Mode before = mode();
    wish = value;
    if (mode() != before) law_.post_mode(mode());
  }

  impedance::Mode mode() const {
    if (guide_) return impedance::Mode::kGuide;
    return crowded_ || stopped_ ? impedance::Mode::kHold : following_;
  }

  impedance::SharedController& law_;
  const impedance::Mode following_;
  std::mutex mutex_;
  bool guide_ = false, crowded_ = false, stopped_ = false;
};

}  // namespace takt_controllers
