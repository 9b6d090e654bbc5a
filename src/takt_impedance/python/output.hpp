// Python's TickOutput: the controller's own object, with the arrays over it made once.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <vector>

#include "arrays.hpp"
#include "takt_impedance/controller.hpp"

// What the arrays of a TickOutput look into. Those arrays share the ownership, so that they stay
// valid when the controller is gone.
struct State {
  explicit State(const takt_impedance::Parameters& p) : controller(p) { publish(); }

  void publish() {
    const takt_impedance::MovingPose& target = controller.output().target;
    target_pose << target.pose.position, target.pose.rotation.coeffs();  // coeffs are xyzw
  }

  takt_impedance::Controller controller;
  Eigen::Matrix<double, 7, 1> target_pose;
};

// A read-only array over memory that `owner` keeps alive.
template <typename Matrix>
pybind11::array view(const Matrix& m, const pybind11::object& owner) {
  std::vector<pybind11::ssize_t> shape{m.rows()}, strides{8};
  if (m.cols() > 1) {
    shape.push_back(m.cols());
    strides.push_back(8 * m.rows());
  }
  pybind11::array_t<double> array(shape, strides, m.data(), owner);
  pybind11::detail::array_proxy(array.ptr())->flags &=
      ~pybind11::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

struct PyOutput {
  explicit PyOutput(const std::shared_ptr<State>& state)
      : output(&state->controller.output()),
        owner(new std::shared_ptr<State>(state),
              [](void* p) { delete static_cast<std::shared_ptr<State>*>(p); }),
        torque(view(output->torque, owner)),
        target_pose(view(state->target_pose, owner)),
        target_twist(view(output->target.twist, owner)),
        pose_error(view(output->pose_error, owner)),
        wrench(view(output->wrench, owner)),
        stiffness(view(output->stiffness, owner)),
        external_torque(view(output->external_torque, owner)),
        wrench_estimate(view(output->wrench_estimate, owner)),
        joint_target(view(output->joint_target, owner)),
        joint_target_velocity(view(output->joint_target_velocity, owner)),
        feed_forward(view(output->feed_forward, owner)) {}

  const takt_impedance::TickOutput* output;
  pybind11::capsule owner;
  pybind11::array torque, target_pose, target_twist, pose_error, wrench, stiffness;
  pybind11::array external_torque, wrench_estimate, joint_target, joint_target_velocity;
  pybind11::array feed_forward;
};
