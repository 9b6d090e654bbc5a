// What became of a command: a code and numbers, which the real-time thread can make. Text is made
// of them where there is time for it.
#pragma once

#include <string>

#include "takt_impedance/fault.hpp"

namespace takt_impedance {

enum class Refusal {
  kNone,
  kInactive,             // the controller is not active
  kFault,                // a fault is latched
  kMode,                 // hold or guide
  kTooMany,              // found waypoints, allowed
  kNotLater,             // waypoint `index` is `found` ns after the one before
  kPoseNotFinite,        // waypoint `index`
  kQuaternionNorm,       // waypoint `index`: found
  kTwistNotFinite,       // waypoint `index`
  kStiffnessNotFinite,   // waypoint `index`
  kStiffnessNegative,    // waypoint `index`: found
  kJointNotFinite,       // waypoint `index`, joint `joint`
  kVelocityNotFinite,    // waypoint `index`, joint `joint`
  kJointLimit,           // waypoint `index`, joint `joint`: found, nearest allowed
  kAllPast,              // `index` waypoints, the last `found` s ago
  kAllBeforeStart,       // `index` waypoints, the last `found` s before the start
  kTooFarAhead,          // first waypoint `found` s ahead
  kStartTooFar,          // start `found` s ahead
  kJump,                 // first waypoint `found` m from the target
  kTurn,                 // first waypoint `found` rad from the target
  kJointJump,            // joint `joint` of the first waypoint `found` rad from the target
  kOtherArm,             // another arm of the group refused
  kStateNotFinite,       // the measured state cannot be held: reset of a fault
};

struct Verdict {
  bool accepted = false;
  Refusal code = Refusal::kNone;
  Fault fault = Fault::kNone;  // the latched one, with kFault
  int index = -1;              // waypoint, or how many of them
  int joint = -1;
  int dropped = 0;             // waypoints whose time had passed
  double found = 0.0;
  double allowed = 0.0;
};

inline Verdict accept(int dropped = 0) {
  Verdict verdict;
  verdict.accepted = true;
  verdict.dropped = dropped;
  return verdict;
}

inline Verdict refuse(Refusal code, double found = 0.0, double allowed = 0.0, int index = -1,
                      int joint = -1) {
  Verdict verdict;
  verdict.code = code;
  verdict.found = found;
  verdict.allowed = allowed;
  verdict.index = index;
  verdict.joint = joint;
  return verdict;
}

// Why it was refused, with the numbers and what to change; empty if it was not. Allocates.
std::string describe(const Verdict& verdict);

struct TrajectoryResult {
  bool accepted = false;
  std::string reason;  // why not; empty if accepted
  int dropped = 0;     // waypoints whose time had passed
};

TrajectoryResult result_of(const Verdict& verdict);

}  // namespace takt_impedance
