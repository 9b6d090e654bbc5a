#include "takt_impedance/speed_brake.hpp"

#include <algorithm>
#include <cmath>

#include "solve_mass.hpp"

namespace takt_impedance {
namespace {

// Excess speed is taken away with this time constant [s].
constexpr double kBrakeTime = 0.02;

double blend(double limit, double guide_limit, double guide_share) {
  return 1.0 / ((1.0 - guide_share) / limit + guide_share / std::min(limit, guide_limit));
}

// Added to the inverse inertia along the motion [1/kg, 1/(kg m^2)]: a direction in which the arm
// hardly moves needs no endless force.
constexpr double kInverseInertiaFloor = 1e-2;

// Brakes `excess` m/s or rad/s along a row of the Jacobian.
void brake(const JointVector& row, double excess, const JointMatrix& mass, JointVector& torque) {
  JointVector acceleration = row;
  if (!solve_mass(mass, acceleration)) return;
  const double mobility = row.dot(acceleration) + kInverseInertiaFloor;
  torque -= excess / (kBrakeTime * mobility) * row;
}

}  // namespace

SpeedLimits speed_limits(const Parameters& p, double guide_share) {
  if (guide_share == 0.0) return {p.max_tool_velocity_m_s, p.max_tool_velocity_rad_s};
  return {blend(p.max_tool_velocity_m_s, p.guide_max_linear_velocity_m_s, guide_share),
          blend(p.max_tool_velocity_rad_s, p.guide_max_angular_velocity_rad_s, guide_share)};
}

bool brake_tool(const SpeedLimits& limits, const TickInput& in, const Vector6& twist,
                JointVector& torque) {
  const double linear = twist.head<3>().norm(), angular = twist.tail<3>().norm();
  if (linear > limits.linear_m_s) {
    const JointVector row =
        in.jacobian.topRows<3>().transpose().lazyProduct(twist.head<3>() / linear);
    brake(row, linear - limits.linear_m_s, in.mass, torque);
  }
  if (angular > limits.angular_rad_s) {
    const JointVector row =
        in.jacobian.bottomRows<3>().transpose().lazyProduct(twist.tail<3>() / angular);
    brake(row, angular - limits.angular_rad_s, in.mass, torque);
  }
  return linear > limits.linear_m_s || angular > limits.angular_rad_s;
}

}  // namespace takt_impedance
