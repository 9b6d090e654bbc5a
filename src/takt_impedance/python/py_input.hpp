// What is handed into a tick, read from NumPy arrays.
#pragma once

#include <optional>

#include "arrays.hpp"
#include "takt_impedance/tick.hpp"

struct PyInput {
  explicit PyInput(int n_joints) : input(n_joints) {}

  void read_state(takt_impedance::TimeNs now_ns, const Array& q, const Array& position,
                  const Array& rotation) {
    input.now_ns = now_ns;
    read_vector("q", q, input.q);
    read_vector("base_from_tcp_position", position, input.position);
    read_matrix("base_from_tcp_rotation", rotation, input.rotation);
  }

  void read_terms(double dt_s, const Array& dq, const Array& jacobian, const Array& mass,
                  const Array& bias) {
    input.dt_s = dt_s;
    read_vector("dq", dq, input.dq);
    read_matrix("jacobian", jacobian, input.jacobian);
    read_matrix("mass", mass, input.mass);
    read_vector("bias", bias, input.bias);
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

  takt_impedance::TickInput input;
};
