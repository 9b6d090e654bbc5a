// Python's Controller.
#pragma once

#include <memory>

#include "output.hpp"
#include "py_input.hpp"

struct PyController : PyInput {
  explicit PyController(const takt_impedance::Parameters& p)
      : PyInput(p.n_joints),
        state(std::make_shared<State>(p)),
        controller(state->controller),
        output(pybind11::cast(PyOutput(state))) {}

  std::shared_ptr<State> state;
  takt_impedance::Controller& controller;
  pybind11::object output;
};
