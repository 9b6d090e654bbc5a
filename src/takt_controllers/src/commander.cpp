#include "takt_controllers/commander.hpp"

#include <set>
#include <stdexcept>

#include "takt_controllers/messages.hpp"

namespace takt_controllers {

using geometry_msgs::msg::PoseStamped;
using geometry_msgs::msg::WrenchStamped;
using sensor_msgs::msg::JointState;
using takt_msgs::msg::PoseTrajectory;

namespace {

const char* const kNoState = "the arm's state is not known yet";

}  // namespace

Commander::Commander(std::shared_ptr<Context> context, std::shared_ptr<GainsCommander> gains)
    : context_(std::move(context)), gains_(std::move(gains)) {}

void Commander::open() {
  hear<PoseTrajectory>(Channel::kTrajectory, "arm/trajectory",
                       [](Commander& self, const auto& message) { self.on_trajectory(message); });
  hear<PoseStamped>(Channel::kMotion, "arm/target_pose", [](Commander& self, const auto& message) {
    self.on_pose(message, "arm/target_pose");
  });
  hear<JointState>(Channel::kMotion, "arm/target_joint", [](Commander& self, const auto& message) {
    self.on_joints(message, "arm/target_joint");
  });
  hear<WrenchStamped>(Channel::kWrench, "arm/target_wrench",
                      [](Commander& self, const auto& message) {
                        self.on_wrench(message, "arm/target_wrench");
                      });
  impedance_ = context_->node->create_subscription<takt_msgs::msg::Impedance>(
      "arm/impedance", latched_qos(),
      [gains = gains_](const takt_msgs::msg::Impedance& message) { gains->on_impedance(message); });
}

void Commander::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  subscriptions_.clear();
  impedance_.reset();
  chunks_.clear();
  crowd_.clear();
  context_->modes.set_crowded(false);
  account_ = Account();
}

void Commander::watch(Channel channel, rclcpp::SubscriptionBase::SharedPtr subscription) {
  const std::lock_guard<std::mutex> lock(mutex_);
  subscriptions_[channel].push_back(std::move(subscription));
}

Commander::Subscriptions Commander::of(Channel channel) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = subscriptions_.find(channel);
  return found == subscriptions_.end() ? Subscriptions() : found->second;
}

std::size_t Commander::trajectory_publishers() const {
  std::size_t count = 0;
  for (const auto& subscription : of(Channel::kTrajectory)) {
    count += subscription->get_publisher_count();
  }
  return count;
}

void Commander::count_commanders() {
  const std::size_t arbiters = trajectory_publishers();
  if (arbiters > 1) {
    set_crowd(std::to_string(arbiters) + " publishers on arm/trajectory");
    return;
  }
  std::set<std::string> nodes;  // one of them may publish on several topics
  std::string twice;
  std::size_t wrenches = 0;
  if (arbiters == 0) {  // else nobody hears them
    for (const auto& subscription : of(Channel::kMotion)) {
      const std::string topic = subscription->get_topic_name();
      const auto infos = context_->node->get_publishers_info_by_topic(topic);
      for (const auto& info : infos) nodes.insert(info.node_namespace() + "/" + info.node_name());
      if (infos.size() > 1) twice = std::to_string(infos.size()) + " publishers on " + topic;
    }
    for (const auto& subscription : of(Channel::kWrench)) {
      wrenches += subscription->get_publisher_count();
    }
  }
  if (nodes.size() > 1) {
    set_crowd(std::to_string(nodes.size()) + " nodes publish targets of motion");
  } else if (!twice.empty()) {
    set_crowd(twice);
  } else if (wrenches > 1) {
    set_crowd(std::to_string(wrenches) + " publishers of a target wrench");
  } else {
    set_crowd("");
  }
}

void Commander::set_crowd(const std::string& crowd) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (crowd == crowd_) return;
    crowd_ = crowd;
  }
  context_->modes.set_crowded(!crowd.empty());
  if (crowd.empty()) {
    context_->diagnostics.ok("commander", "one commander at most");
  } else {
    context_->diagnostics.error("commander",
                                crowd + ", allowed is one: the arm holds until the others are "
                                        "gone (ros2 topic info -v shows them)");
  }
}

std::string Commander::frame_problem(const std::string& frame) const {
  const std::string& base = context_->settings.base_frame;
  if (frame.empty() || frame == base) return "";
  return "frame_id is '" + frame + "', allowed is base_frame '" + base + "' or nothing";
}

void Commander::on_trajectory(const PoseTrajectory& message) {
  if (message.waypoints.empty()) {  // stop, whoever says so and in whatever frame
    told(context_->law.post_trajectory(impedance::WaypointView()), "stop", message.chunk_id);
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!crowd_.empty()) return;  // said already
  }
  const std::string problem = frame_problem(message.header.frame_id);
  if (!problem.empty()) {
    refuse("trajectory", problem);
    return;
  }
  try {
    const Waypoints waypoints(message, context_->n_joints());
    const impedance::TimeNs start = to_ns(message.start);
    told(waypoints.joints() ? context_->law.post_joint_trajectory(waypoints.joint_view(), start)
                            : context_->law.post_trajectory(waypoints.view(), start),
         "trajectory", message.chunk_id);
  } catch (const std::invalid_argument& error) {
    refuse("trajectory", error.what());
  }
}

bool Commander::hears_direct(const std::string& frame, const char* topic) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!crowd_.empty()) return false;  // said already
  }
  const std::size_t arbiters = trajectory_publishers();
  if (arbiters > 0) {
    refuse(topic, std::to_string(arbiters) + " publisher(s) on arm/trajectory command the arm; "
                                             "stop the arbiter to command it directly");
    return false;
  }
  const std::string problem = frame_problem(frame);
  if (!problem.empty()) refuse(topic, problem);
  return problem.empty();
}

void Commander::on_pose(const PoseStamped& message, const char* topic) {
  if (!hears_direct(message.header.frame_id, topic)) return;
  const auto& p = message.pose.position;
  const auto& q = message.pose.orientation;
  const double pose[7] = {p.x, p.y, p.z, q.x, q.y, q.z, q.w};
  told(context_->law.post_target(pose), topic, 0);
}

void Commander::on_joints(const JointState& message, const char* topic) {
  if (!hears_direct("", topic)) return;  // joints have no frame
  const impedance::Snapshot latest = context_->latest();
  if (!latest.active) {
    refuse(topic, kNoState);
    return;
  }
  const bool following = latest.output.mode == impedance::Mode::kJoint;
  try {
    const auto target = joint_target(message, context_->settings.joints,
                                     following ? latest.output.joint_target : latest.q);
    told(context_->law.post_joint_target(target.data()), topic, 0);
  } catch (const std::invalid_argument& error) {
    refuse(topic, error.what());
  }
}

void Commander::on_posture(const JointState& message, const char* topic) {
  if (!hears_direct("", topic)) return;
  const impedance::Snapshot latest = context_->latest();
  if (!latest.active) {
    refuse(topic, kNoState);
    return;
  }
  try {
    const auto posture = joint_target(message, context_->settings.joints, latest.q);
    told(context_->law.post_posture(posture), topic, 0);
  } catch (const std::invalid_argument& error) {
    refuse(topic, error.what());
  }
}

void Commander::on_wrench(const WrenchStamped& message, const char* topic) {
  if (!hears_direct(message.header.frame_id, topic)) return;
  told(context_->law.post_wrench(to_vector6(message.wrench), context_->now_ns()), topic, 0);
}

void Commander::told(const impedance::Posted& posted, const std::string& what,
                     std::uint64_t chunk_id) {
  if (!posted.posted) {
    refuse(what, posted.reason);
    return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  chunks_[posted.id] = chunk_id;
  while (chunks_.size() > 64) chunks_.erase(chunks_.begin());
}

void Commander::on_answer(const impedance::Answer& answer) {
  using impedance::CommandKind;
  if (answer.kind != CommandKind::kMotion && answer.kind != CommandKind::kStop) return;
  if (answer.verdict.accepted) {
    context_->diagnostics.ok("commands");
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = chunks_.find(answer.id);
    if (found != chunks_.end()) account_.chunk_id = found->second;
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    account_.last_rejection = answer.reason;
  }
  context_->diagnostics.warn("commands", "command refused: " + answer.reason);
}

void Commander::refuse(const std::string& what, const std::string& reason) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++account_.rejected;
    account_.last_rejection = what + ": " + reason;
  }
  context_->diagnostics.warn("commands", what + " refused: " + reason);
}

Commander::Account Commander::account() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return account_;
}

}  // namespace takt_controllers
