"""Paths by RRT-Connect (Kuffner and LaValle, ICRA 2000) of OMPL, made short afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from ompl import base, geometric, util

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_motion.planners.interface import JointLimits
from takt_motion.planners.shortcut import shorten
from takt_motion.planners.swept import SweptSpace

# Joints that turn for ever are searched one turn to each side of where they are.
_TURN_RAD = 2.0 * np.pi
# The longest step of a tree, as the way of the farthest point [m].
_RANGE_M = 0.6


class OmplPlanner:
    """RRT-Connect over the joints, each weighed by how far it moves the robot.

    Args:
        time_limit_s: of the search, on a steady clock.
        check_limit: configurations that may be looked at; deterministic, unlike the time.
        seed: of everything random here, from 1.
    """

    name = "OMPL RRT-Connect"

    def __init__(
        self,
        space: SweptSpace,
        limits: JointLimits,
        *,
        time_limit_s: float = 5.0,
        check_limit: int = 200_000,
        seed: int = 1,
    ) -> None:
        self._space = space
        self._limits = limits
        self._time_limit_s = time_limit_s
        self._check_limit = check_limit
        self._seed = seed
        util.noOutputHandler()

    def touching(self, q: Array) -> Mapping[str, float]:
        return self._space.touching(q)

    def is_free_between(self, first: Array, second: Array) -> bool:
        return self._space.is_free_between(first, second)

    def find_path(self, start: Array, goal: Array) -> Array:
        if self._space.is_free_between(start, goal):
            return np.array([start, goal])
        corners = self._search(start, goal)
        return shorten(corners, self._space, np.random.default_rng(self._seed))

    def _search(self, start: Array, goal: Array) -> Array:
        """Corners of any path, in scaled joints: there, distance is the way of the robot."""
        scale = np.maximum(self._space.reach_m, 1e-3)
        # All generators that are made from here on follow from this seed.
        util.RNG.setSeed(self._seed)
        states = self._states(start, goal, scale)
        information = base.SpaceInformation(states)
        dimension = start.size
        end = _Budget(self._space, self._time_limit_s, self._check_limit)

        def is_valid(state: base.State) -> bool:
            if end.is_spent():
                return False
            return self._space.is_free(np.array([state[i] for i in range(dimension)]) / scale)

        information.setStateValidityChecker(is_valid)
        extent = states.getMaximumExtent()
        # Coarser than what is certain: the path that is found is checked for certain.
        information.setStateValidityCheckingResolution(2.0 * self._space.step_m / extent)
        information.setup()
        problem = base.ProblemDefinition(information)
        problem.setStartAndGoalStates(
            _state(information, start * scale), _state(information, goal * scale)
        )
        planner = geometric.RRTConnect(information)
        planner.setRange(_RANGE_M)
        planner.setProblemDefinition(problem)
        planner.setup()
        while not end.is_spent():
            if planner.solve(base.PlannerTerminationCondition(end.is_spent)):
                path = problem.getSolutionPath()
                corners = np.array(
                    [
                        [path.getState(k)[i] for i in range(dimension)]
                        for k in range(path.getStateCount())
                    ]
                )
                corners = corners / scale
                corners[0], corners[-1] = start, goal
                if self._is_free(corners):
                    return corners
            planner.clear()
            problem.clearSolutionPaths()
        raise TaktError(f"no path was found: {end.reason()}. Change planning_time_s or the scene")

    def _is_free(self, corners: Array) -> bool:
        return all(
            self._space.is_free_between(corners[k], corners[k + 1]) for k in range(len(corners) - 1)
        )

    def _states(self, start: Array, goal: Array, scale: Array) -> base.RealVectorStateSpace:
        limits = self._limits
        low = np.maximum(limits.lower_rad, np.minimum(start, goal) - _TURN_RAD)
        high = np.minimum(limits.upper_rad, np.maximum(start, goal) + _TURN_RAD)
        # The arm may stand a little beyond a limit that has a margin.
        low, high = np.minimum(low, start), np.maximum(high, start)
        bounds = base.RealVectorBounds(start.size)
        for i in range(start.size):
            bounds.setLow(i, float(low[i] * scale[i]))
            bounds.setHigh(i, float(high[i] * scale[i]))
        states = base.RealVectorStateSpace(start.size)
        states.setBounds(bounds)
        return states


class _Budget:
    """Says when a search has to end."""

    def __init__(self, space: SweptSpace, time_limit_s: float, check_limit: int) -> None:
        self._space = space
        self._time_limit_s = time_limit_s
        self._check_limit = check_limit
        self._end_s = time.monotonic() + time_limit_s
        self._last_check = space.checks + check_limit

    def is_spent(self) -> bool:
        if self._space.is_cancelled():
            return True
        return self._space.checks >= self._last_check or time.monotonic() >= self._end_s

    def reason(self) -> str:
        if self._space.is_cancelled():
            return "the plan was broken off"
        if self._space.checks >= self._last_check:
            return f"{self._check_limit} configurations were looked at"
        return f"{self._time_limit_s:g} s have passed"


def _state(information: base.SpaceInformation, values: Array) -> base.State:
    state = information.allocState()
    for i, value in enumerate(values.tolist()):
        state[i] = value
    return state
