// Python's TickStatistics.
#include <pybind11/pybind11.h>

#include "bind.hpp"
#include "takt_impedance/statistics.hpp"

namespace py = pybind11;
namespace ti = takt_impedance;

void bind_statistics(py::module_& m) {
  using S = ti::TickSummary;
  py::class_<S>(m, "TickSummary")
      .def_readonly("ticks", &S::ticks)
      .def_readonly("overruns", &S::overruns)
      .def_readonly("period_mean_s", &S::period_mean_s)
      .def_readonly("period_deviation_s", &S::period_deviation_s)
      .def_readonly("period_max_s", &S::period_max_s)
      .def_readonly("compute_mean_s", &S::compute_mean_s)
      .def_readonly("compute_max_s", &S::compute_max_s);
  using T = ti::TickStatistics;
  py::class_<T>(m, "TickStatistics")
      .def(py::init<double>(), py::arg("window_s") = 1.0)
      .def("add", &T::add, py::arg("period_s"), py::arg("overrun"),
           py::arg("compute_s") = ti::kNan)
      .def("summary", &T::summary);
}
