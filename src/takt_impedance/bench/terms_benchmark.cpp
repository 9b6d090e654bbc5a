// Times Pinocchio's terms for a seven-joint arm: what the caller of the controller computes per
// tick. terms_benchmark TICKS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <pinocchio/algorithm/compute-all-terms.hpp>
#include <pinocchio/multibody.hpp>
#include <string>

namespace {

pinocchio::Model seven_joint_arm() {
  pinocchio::Model model;
  pinocchio::JointIndex parent = 0;
  for (int i = 0; i < 7; ++i) {
    const double turn = i % 2 == 0 ? 1.5707963 : -1.5707963;
    const Eigen::Matrix3d rotation =
        Eigen::AngleAxisd(turn, Eigen::Vector3d::UnitX()).toRotationMatrix();
    const pinocchio::SE3 placement(rotation, Eigen::Vector3d(0.02, 0.0, 0.2));
    parent = model.addJoint(parent, pinocchio::JointModelRZ(), placement,
                            "joint" + std::to_string(i));
    model.appendBodyToJoint(parent, pinocchio::Inertia(2.0, Eigen::Vector3d(0.0, 0.02, 0.1),
                                                       0.02 * Eigen::Matrix3d::Identity()));
  }
  return model;
}

}  // namespace

int main(int argc, char** argv) {
  const int ticks = argc > 1 ? std::atoi(argv[1]) : 0;
  if (ticks < 1) {
    std::fprintf(stderr, "usage: terms_benchmark TICKS\n");
    return 2;
  }
  const pinocchio::Model model = seven_joint_arm();
  pinocchio::Data data(model);
  Eigen::VectorXd q = Eigen::VectorXd::Constant(7, 0.4);
  const Eigen::VectorXd v = Eigen::VectorXd::Constant(7, 0.2);
  double sum = 0.0;
  const auto loop = [&](int count) {
    for (int k = 0; k < count; ++k) {
      q(k % 7) += 1e-6;
      pinocchio::computeAllTerms(model, data, q, v);
      sum += data.nle(0);
    }
  };
  loop(ticks / 10 + 1);
  const auto start = std::chrono::steady_clock::now();
  loop(ticks);
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("%.1f ns per tick (%g)\n", elapsed.count() / ticks, sum);
  return 0;
}
