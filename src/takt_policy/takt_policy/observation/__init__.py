"""Observations: from stamped samples of many streams to one graph's inputs."""

from takt_core.alignment import Missing
from takt_policy.observation.builder import ObservationBuilder
from takt_policy.observation.goal_inputs import goal_problem
from takt_policy.observation.observation import Observation

__all__ = ["Missing", "Observation", "ObservationBuilder", "goal_problem"]
