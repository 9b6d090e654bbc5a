#include "takt_impedance/verdict.hpp"

#include "text.hpp"

namespace takt_impedance {
namespace {

std::string describe_start(const Verdict& v) {
  switch (v.code) {
    case Refusal::kAllPast:
      return text("all ", v.index, " waypoints are in the past, the last by ", v.found, " s");
    case Refusal::kAllBeforeStart:
      return text("all ", v.index, " waypoints are before the start, the last by ", v.found, " s");
    case Refusal::kTooFarAhead:
      return text("first waypoint is ", v.found, " s ahead, allowed max_start_delay_s = ",
                  v.allowed, " (same clock?)");
    case Refusal::kStartTooFar:
      return text("the start is ", v.found, " s ahead, allowed max_start_delay_s = ", v.allowed,
                  " (same clock?)");
    case Refusal::kJump:
      return text("first waypoint is ", v.found, " m from the target, allowed max_jump_m = ",
                  v.allowed);
    case Refusal::kTurn:
      return text("first waypoint is ", v.found, " rad from the target, allowed max_jump_rad = ",
                  v.allowed);
    case Refusal::kJointJump:
      return text("joint ", v.joint, " of the first waypoint is ", v.found,
                  " rad from the target, allowed max_joint_jump_rad = ", v.allowed);
    default:
      return {};
  }
}

// What is wrong with one waypoint, or with a single target.
std::string describe_waypoint(const Verdict& v) {
  switch (v.code) {
    case Refusal::kPoseNotFinite:
      return "pose is not finite";
    case Refusal::kQuaternionNorm:
      return text("pose has a quaternion of norm ", v.found, ", allowed 1 +- ", v.allowed);
    case Refusal::kTwistNotFinite:
      return "twist is not finite";
    case Refusal::kStiffnessNotFinite:
      return "stiffness is not finite";
    case Refusal::kStiffnessNegative:
      return text("stiffness is ", v.found, ", allowed at least 0");
    case Refusal::kJointNotFinite:
      return text("position of joint ", v.joint, " is not finite");
    case Refusal::kVelocityNotFinite:
      return "velocity is not finite";
    case Refusal::kJointLimit:
      return text("position of joint ", v.joint, " is ", v.found, " rad, allowed ",
                  v.found < v.allowed ? "at least joint_lower_rad = " : "at most joint_upper_rad = ",
                  v.allowed);
    default:
      return {};
  }
}

}  // namespace

std::string describe(const Verdict& v) {
  switch (v.code) {
    case Refusal::kNone:
      return {};
    case Refusal::kInactive:
      return "the controller is not active";
    case Refusal::kFault:
      return std::string("a fault is latched: ") + fault_name(v.fault);
    case Refusal::kMode:
      return "trajectories are followed in mode CARTESIAN or JOINT only";
    case Refusal::kTooMany:
      return text(v.found, " waypoints, allowed max_waypoints = ", v.allowed);
    case Refusal::kNotLater:
      return text("waypoint ", v.index, " is not later than waypoint ", v.index - 1, " (by ",
                  v.found, " ns)");
    case Refusal::kOtherArm:
      return "another arm of the group refused";
    case Refusal::kStateNotFinite:
      return "the measured state is not finite, or its rotation is none: nothing to hold";
    default:
      break;
  }
  if (std::string start = describe_start(v); !start.empty()) return start;
  const std::string where = v.index >= 0 ? text("waypoint ", v.index, ": ") : "target ";
  return where + describe_waypoint(v);
}

TrajectoryResult result_of(const Verdict& verdict) {
  return {verdict.accepted, describe(verdict), verdict.dropped};
}

}  // namespace takt_impedance
