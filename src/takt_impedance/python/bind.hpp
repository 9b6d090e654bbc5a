// The parts of the module.
#pragma once

#include <pybind11/pybind11.h>

void bind_enums(pybind11::module_& m);
void bind_parameters(pybind11::module_& m);
