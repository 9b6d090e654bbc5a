// The parts of the module.
#pragma once

#include <pybind11/pybind11.h>

void bind_enums(pybind11::module_& m);
void bind_keep_out(pybind11::module_& m);
void bind_parameters(pybind11::module_& m);
void bind_output(pybind11::module_& m);
void bind_results(pybind11::module_& m);
void bind_controller(pybind11::module_& m);
void bind_group(pybind11::module_& m);
void bind_statistics(pybind11::module_& m);
void bind_shared(pybind11::module_& m);
void bind_virtual_arm(pybind11::module_& m);
