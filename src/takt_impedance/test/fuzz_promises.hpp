// What must hold after every tick, whatever came in.
#pragma once

#include <algorithm>
#include <cmath>

#include "takt_impedance/controller.hpp"
#include "takt_impedance/keep_out.hpp"

namespace takt_impedance::fuzz {

class Promises {
 public:
  // What an output says about the torque before it does not count: call after activation.
  Promises(const Parameters& parameters, const TickOutput& first)
      : p_(parameters), last_(first) {}

  // The promise that `now` breaks, or null. `input` is what the tick read.
  const char* check(const TickInput& input, const TickOutput& now) {
    const char* broken = torques(input, now);
    if (broken == nullptr) broken = targets(input, now);
    if (broken == nullptr) broken = reports(now);
    last_ = now;
    return broken;
  }

 private:
  double dt(const TickInput& input) const {
    return std::isfinite(input.dt_s) ? std::clamp(input.dt_s, p_.dt_min_s, p_.dt_max_s)
                                     : p_.dt_min_s;
  }

  const char* torques(const TickInput& input, const TickOutput& now) const {
    if (!now.torque.allFinite()) return "torque is not finite";
    if (((now.torque.cwiseAbs() - p_.torque_limit_nm).array() > 1e-9).any()) {
      return "torque above its limit";
    }
    // In an overrun the torque may also have moved during the gap.
    const double gap = std::isfinite(input.dt_s) && now.overrun ? std::abs(input.dt_s) : 0.0;
    const JointVector step = (dt(input) + gap) * p_.torque_rate_limit_nm_s;
    if ((((now.torque - last_.torque).cwiseAbs() - step).array() > 1e-6).any()) {
      return "torque rate above its limit";
    }
    return nullptr;
  }

  const char* targets(const TickInput& input, const TickOutput& now) const {
    if (!now.target.pose.position.allFinite()) return "target is not finite";
    if (std::abs(now.target.pose.rotation.norm() - 1.0) > 1e-9) return "quaternion not unit";
    if (now.fault != Fault::kNone || last_.fault != Fault::kNone) return nullptr;
    if (now.mode != Mode::kCartesian || last_.mode != Mode::kCartesian) return nullptr;
    // The limiter of contact force may take the target elsewhere.
    if (!std::isinf(p_.max_contact_force_n)) return nullptr;
    const Vector6& twist = now.target.twist;
    if (twist.head<3>().norm() > p_.max_linear_velocity_m_s * (1 + 1e-9)) return "target too fast";
    if (twist.tail<3>().norm() > p_.max_angular_velocity_rad_s * (1 + 1e-9)) {
      return "target turns too fast";
    }
    const Vector6 change = (twist - last_.target.twist) / dt(input);
    // Between walls that want different things, staying out comes first.
    const bool free = !now.keepout_limited && !last_.keepout_limited;
    if (free && change.head<3>().norm() > p_.max_linear_acceleration_m_s2 * (1 + 1e-6)) {
      return "target's acceleration above its limit";
    }
    if (change.tail<3>().norm() > p_.max_angular_acceleration_rad_s2 * (1 + 1e-6)) {
      return "target's angular acceleration above its limit";
    }
    return space(now);
  }

  // Inside the box and outside of all bodies; a target that is not may only get better.
  const char* space(const TickOutput& now) const {
    const Vector3 &a = last_.target.pose.position, &b = now.target.pose.position;
    for (int i = 0; i < 3; ++i) {
      if (b(i) > std::max(a(i), p_.workspace_upper_m(i)) + 1e-9) return "target left the workspace";
      if (b(i) < std::min(a(i), p_.workspace_lower_m(i)) - 1e-9) return "target left the workspace";
    }
    for (const KeepOut& body : p_.keep_outs) {
      const double before = std::min(p_.keep_out_margin_m, clearance(body, a).distance);
      if (clearance(body, b).distance < before - 1e-6) return "target entered a keep-out";
    }
    return nullptr;
  }

  const char* reports(const TickOutput& now) const {
    if (now.feed_forward.head<3>().norm() > p_.max_feed_forward_n * (1 + 1e-9)) {
      return "feed-forward force above its limit";
    }
    if (now.feed_forward.tail<3>().norm() > p_.max_feed_forward_nm * (1 + 1e-9)) {
      return "feed-forward moment above its limit";
    }
    if (!(now.wrench.head<3>().norm() <= p_.max_force_n * (1 + 1e-9)) ||
        !(now.wrench.tail<3>().norm() <= p_.max_moment_nm * (1 + 1e-9))) {
      return "wrench above its limit";
    }
    if (!now.stiffness.allFinite() ||
        !now.stiffness.isApprox(now.stiffness.transpose(), 1e-9)) {
      return "stiffness is not finite and symmetric";
    }
    if (!now.joint_target.allFinite() || !now.joint_target_velocity.allFinite()) {
      return "joint target is not finite";
    }
    if (!(now.tank_scale >= 0.0 && now.tank_scale <= 1.0)) return "tank scale outside of 0 to 1";
    if (p_.tank && !(now.tank_level <= 1.0 + 1e-9)) return "tank overfull or not a number";
    return nullptr;
  }

  Parameters p_;
  TickOutput last_;
};

}  // namespace takt_impedance::fuzz
