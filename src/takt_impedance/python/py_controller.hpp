// Python's Controller.
#pragma once

#include <memory>
#include <optional>

#include "output.hpp"

// Python's Controller, with room for what is handed in.
struct PyController {
  explicit PyController(const takt_impedance::Parameters& p)
      : state(std::make_shared<State>(p)),
        controller(state->controller),
        input(p.n_joints),
        output(pybind11::cast(PyOutput(state))) {}

  void read_state(takt_impedance::TimeNs now_ns, const Array& q, const Array& position,
                  const Array& rotation) {
    input.now_ns = now_ns;
    read_vector("q", q, input.q);
    read_vector("base_from_tcp_position", position, input.position);
    read_matrix("base_from_tcp_rotation", rotation, input.rotation);
  }

  void read_measured(const std::optional<Array>& tau) {
    if (tau) {
      read_vector("tau_measured", *tau, input.tau_measured);
    } else {
      input.tau_measured.setConstant(takt_impedance::kNan);
    }
  }

  void read_wrench(const std::optional<Array>& wrench) {
    if (wrench) {
      read_vector("wrench_measured", *wrench, input.wrench_measured);
    } else {
      input.wrench_measured.setConstant(takt_impedance::kNan);
    }
  }

  takt_impedance::JointVector joints(const char* name, const Array& values) const {
    takt_impedance::JointVector result(input.q.size());
    assign_vector(name, values, result);
    return result;
  }

  int joint_count() const { return static_cast<int>(input.q.size()); }

  std::shared_ptr<State> state;
  takt_impedance::Controller& controller;
  takt_impedance::TickInput input;
  pybind11::object output;
};
