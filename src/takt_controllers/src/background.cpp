#include "takt_controllers/background.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace takt_controllers {

using std_srvs::srv::Trigger;

namespace {

constexpr std::chrono::milliseconds kResetPatience{500};

std::int64_t steps_in(double seconds, double rate_hz) {
  return std::max<std::int64_t>(1, std::llround(seconds * rate_hz));
}

}  // namespace

Background::Background(std::shared_ptr<Context> context, std::unique_ptr<ArmModel> model)
    : context_(std::move(context)),
      gains_(std::make_shared<GainsCommander>(context_)),
      commander_(std::make_shared<Commander>(context_, gains_)),
      broadcaster_(context_, std::move(model)),
      steps_per_count_(steps_in(0.1, context_->settings.publish_rate_hz)),
      steps_per_second_(steps_in(1.0, context_->settings.publish_rate_hz)) {
  if (context_->settings.crisp_topics) {
    crisp_ = std::make_shared<Crisp>(context_, commander_, gains_);
  }
  // A caller waits for the law here; commands go on in the node's own group.
  reset_group_ =
      context_->node->create_callback_group(rclcpp::CallbackGroupType::MutuallyExclusive);
  thread_ = std::thread([this] { run(); });
}

Background::~Background() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (open_) close();
  std::unique_lock<std::mutex> lock(mutex_);  // a caller of `reset_` may still be in here
  changed_.wait(lock, [this] { return awaited_.empty(); });
}

void Background::run() {
  const std::chrono::duration<double> period(1.0 / context_->settings.publish_rate_hz);
  auto next = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_) {
    lock.unlock();
    try {
      step();
    } catch (const std::exception& error) {
      // ROS throws while it shuts down. Nothing that happens here may end the process, and with it
      // the loop that holds the arm.
      if (rclcpp::ok()) RCLCPP_ERROR(context_->node->get_logger(), "%s", error.what());
    }
    lock.lock();
    next += std::chrono::duration_cast<std::chrono::steady_clock::duration>(period);
    next = std::max(next, std::chrono::steady_clock::now());  // late once, not ever after
    changed_.wait_until(lock, next, [this] { return ending_; });
  }
}

void Background::step() {
  const bool active = context_->active;
  if (active && !open_) open();
  if (!active && open_) close();
  if (active) {
    impedance::Snapshot snapshot = context_->law.snapshot();
    if (context_->settings.command_interface == "position") set_measured(snapshot);
    context_->set_latest(snapshot);
    tell_answers();
    tell_state(snapshot);
    if (steps_ % steps_per_count_ == 0) commander_->count_commanders();
  }
  if (steps_ % steps_per_second_ == 0) context_->diagnostics.publish();
  ++steps_;
}

// What the law ticked on is the simulated arm; what is told is the real one.
void Background::set_measured(impedance::Snapshot& snapshot) {
  context_->measured.take();
  const Measured& measured = context_->measured.taken();
  snapshot.active = snapshot.active && measured.q.size() > 0;
  snapshot.q = measured.q;
  snapshot.dq = measured.dq;
  snapshot.tau_measured = measured.torque;
  snapshot.measured = measured.tool;
  snapshot.wrench_measured = measured.wrench;
  snapshot.output.wrench_estimate = measured.wrench_estimate;
  snapshot.output.torque.setConstant(impedance::kNan);  // no torque is sent
}

void Background::open() {
  open_ = true;
  commander_->open();
  if (crisp_) crisp_->open();
  broadcaster_.open();
  reset_ = context_->node->create_service<Trigger>(
      "control/reset_fault",
      [this](const Trigger::Request::SharedPtr request, Trigger::Response::SharedPtr response) {
        on_reset(*request, *response);
      },
      rclcpp::ServicesQoS(), reset_group_);
}

void Background::close() {
  open_ = false;
  reset_.reset();
  broadcaster_.close();
  if (crisp_) crisp_->close();
  commander_->close();
  context_->set_latest(impedance::Snapshot(context_->n_joints()));
}

void Background::tell_answers() {
  for (const impedance::Answer& answer : context_->law.poll_results()) {
    commander_->on_answer(answer);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (awaited_.count(answer.id) > 0) {
      resets_.emplace(answer.id, answer);
      changed_.notify_all();
    }
  }
}

void Background::tell_state(const impedance::Snapshot& snapshot) {
  if (!snapshot.active) return;
  StateExtras extras;
  const Commander::Account account = commander_->account();
  extras.chunk_id = account.chunk_id;
  extras.rejected = account.rejected;
  extras.last_rejection = account.last_rejection;
  extras.fault = impedance::fault_name(snapshot.output.fault);
  if (extras.fault.empty()) {
    context_->diagnostics.ok("law", "no fault");
  } else {
    context_->diagnostics.error(
        "law", "fault: " + extras.fault + "; the arm only damps until control/reset_fault");
  }
  broadcaster_.publish(snapshot, std::move(extras));
}

void Background::on_reset(const Trigger::Request&, Trigger::Response& response) {
  std::unique_lock<std::mutex> lock(mutex_);
  const impedance::Posted posted = context_->law.post_reset_fault();
  if (!posted.posted) {
    response.message = posted.reason;
    return;
  }
  awaited_.insert(posted.id);
  changed_.wait_for(lock, kResetPatience,
                    [this, &posted] { return ending_ || resets_.count(posted.id) > 0; });
  awaited_.erase(posted.id);
  changed_.notify_all();
  const auto answer = resets_.find(posted.id);
  if (answer == resets_.end()) {
    response.message = "no answer from the control loop; is the controller active?";
    return;
  }
  response.success = answer->second.verdict.accepted;
  response.message = answer->second.reason;
  resets_.erase(answer);
}

}  // namespace takt_controllers
