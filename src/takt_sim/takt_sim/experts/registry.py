"""The experts by their tasks."""

from __future__ import annotations

from collections.abc import Callable

from takt_sim.experts.grasp_cylinder import GraspCylinderExpert
from takt_sim.experts.peg_insertion import PegInsertionExpert
from takt_sim.experts.pick_place import PickPlaceExpert
from takt_sim.simulation import Simulation
from takt_sim.tasks.peg_insertion import PegInsertion
from takt_sim.tasks.pick_place import PickPlace

STEP_NS = 100_000_000


def make_expert(simulation: Simulation) -> Callable[[], None]:
    """What commands the arm, and the hand, of an episode that has just begun: once per STEP_NS."""
    task = simulation.task
    if isinstance(task, PegInsertion):
        return _of_arm(simulation, PegInsertionExpert(task))
    if isinstance(task, PickPlace):
        return _of_arm(simulation, PickPlaceExpert(task))
    grasping = GraspCylinderExpert()

    def act() -> None:
        simulation.commit(grasping.trajectory(simulation))
        simulation.commit_hand(grasping.hand_trajectory(simulation))

    return act


def _of_arm(
    simulation: Simulation, expert: PegInsertionExpert | PickPlaceExpert
) -> Callable[[], None]:
    def act() -> None:
        simulation.commit(expert.trajectory(simulation))

    return act
