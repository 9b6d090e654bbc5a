"""The loop owns the simulation, keeps pace, and carries out commands between slices."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from sim_worlds import impatient_simulation

from takt_core.errors import TaktError
from takt_core.streams import Sample
from takt_sim.loop import SLICE_NS, SimulationLoop
from takt_sim.simulation import Simulation


def made() -> Simulation:
    simulation = impatient_simulation()
    simulation.reset(0)
    return simulation


class Slices:
    def __init__(self) -> None:
        self.times: list[int] = []
        self.samples = 0
        self.twenty = threading.Event()

    def __call__(self, simulation: Simulation, samples: list[Sample]) -> None:
        self.times.append(simulation.now_ns)
        self.samples += len(samples)
        if len(self.times) >= 20:
            self.twenty.set()


@pytest.fixture
def slices() -> Slices:
    return Slices()


@pytest.fixture(params=[0.0, 5.0])
def loop(request: pytest.FixtureRequest, slices: Slices) -> Iterator[SimulationLoop]:
    loop = SimulationLoop(made, slices, request.param)
    loop.open()
    yield loop
    loop.close()


def test_time_stands_still_until_run_and_then_passes_in_slices(
    loop: SimulationLoop, slices: Slices
) -> None:
    loop.call(lambda simulation: None)
    assert slices.times == []
    loop.run()
    assert slices.twenty.wait(30.0)
    steps = {b - a for a, b in zip(slices.times, slices.times[1:], strict=False)}
    assert steps == {SLICE_NS}
    assert slices.samples > 0
    loop.pause()
    now = loop.call(lambda simulation: simulation.now_ns)
    assert loop.call(lambda simulation: simulation.now_ns) - now <= SLICE_NS


def test_call_returns_the_answer_or_the_error(loop: SimulationLoop) -> None:
    loop.run()
    assert loop.call(lambda simulation: simulation.task.name) == "peg_insertion"
    with pytest.raises(TaktError, match="multiples"):
        loop.call(lambda simulation: simulation.advance(1))


def test_error_of_building_reaches_open(slices: Slices) -> None:
    def broken() -> Simulation:
        raise TaktError("no such task")

    with pytest.raises(TaktError, match="no such task"):
        SimulationLoop(broken, slices).open()


def test_an_error_in_the_loop_is_told() -> None:
    told: Future[Exception] = Future()
    loop = SimulationLoop(made, lambda simulation, samples: None, 0.0, told.set_result)
    loop.open()

    def broken(simulation: Simulation) -> None:
        raise ValueError("no such thing")

    loop.post(broken)
    assert str(told.result(30.0)) == "no such thing"
    loop.close()


def test_a_command_that_was_given_up_is_never_carried_out(
    loop: SimulationLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Event(), threading.Event()
    carried_out: list[int] = []

    def slow(simulation: Simulation) -> None:
        entered.set()
        leave.wait(30.0)

    loop.post(slow)
    assert entered.wait(30.0)
    monkeypatch.setattr("takt_sim.loop.CALL_TIMEOUT_S", 0.01)
    with pytest.raises(TaktError, match="did not answer"):
        loop.call(lambda simulation: carried_out.append(1))
    leave.set()
    monkeypatch.undo()
    loop.call(lambda simulation: None)
    assert carried_out == []
