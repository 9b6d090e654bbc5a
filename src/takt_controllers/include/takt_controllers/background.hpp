// Everything of an active controller that is not real-time, in a thread of its own: topics and the
// service come and go with the activity of the controller, states and diagnostics are published,
// and the law's answers are told.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <std_srvs/srv/trigger.hpp>
#include <string>
#include <thread>

#include "takt_controllers/broadcaster.hpp"
#include "takt_controllers/commander.hpp"
#include "takt_controllers/crisp.hpp"

namespace takt_controllers {

class Background {
 public:
  Background(std::shared_ptr<Context> context, std::unique_ptr<ArmModel> model);
  ~Background();

  GainsCommander& gains() { return *gains_; }

 private:
  void run();
  void step();
  void open();
  void close();
  void set_measured(impedance::Snapshot& snapshot);
  void tell_answers();
  void tell_state(const impedance::Snapshot& snapshot);
  void on_reset(const std_srvs::srv::Trigger::Request& request,
                std_srvs::srv::Trigger::Response& response);

  std::shared_ptr<Context> context_;
  std::shared_ptr<GainsCommander> gains_;
  std::shared_ptr<Commander> commander_;
  std::shared_ptr<Crisp> crisp_;
  Broadcaster broadcaster_;
  rclcpp::CallbackGroup::SharedPtr reset_group_;
  rclcpp::Service<std_srvs::srv::Trigger>::SharedPtr reset_;
  bool open_ = false;
  std::int64_t steps_ = 0;
  std::int64_t steps_per_count_, steps_per_second_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::map<std::uint64_t, impedance::Answer> resets_;  // answers that a caller waits for
  std::set<std::uint64_t> awaited_;
  std::thread thread_;
};

}  // namespace takt_controllers
