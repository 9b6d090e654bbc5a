// Reasons for giving up the law, each with a name.
#pragma once

namespace takt_impedance {

enum class Fault {
  kNone,
  kNonfinitePosition,
  kNonfiniteVelocity,
  kNonfiniteJacobian,
  kNonfiniteMass,
  kNonfiniteBias,
  kNonfinitePose,
  kNonfiniteDt,
  kNonfiniteOutput,
  kSingularMass,
  kInvalidRotation,
  kNonfiniteWrench,
  kTrackingError,
};

inline const char* fault_name(Fault fault) {
  switch (fault) {
    case Fault::kNone: return "";
    case Fault::kNonfinitePosition: return "nonfinite_position";
    case Fault::kNonfiniteVelocity: return "nonfinite_velocity";
    case Fault::kNonfiniteJacobian: return "nonfinite_jacobian";
    case Fault::kNonfiniteMass: return "nonfinite_mass";
    case Fault::kNonfiniteBias: return "nonfinite_bias";
    case Fault::kNonfinitePose: return "nonfinite_pose";
    case Fault::kNonfiniteDt: return "nonfinite_dt";
    case Fault::kNonfiniteOutput: return "nonfinite_output";
    case Fault::kSingularMass: return "singular_mass";
    case Fault::kInvalidRotation: return "invalid_rotation";
    case Fault::kNonfiniteWrench: return "nonfinite_wrench";
    case Fault::kTrackingError: return "tracking_error";
  }
  return "unknown";
}

}  // namespace takt_impedance
