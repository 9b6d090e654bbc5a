"""Observations: from stamped samples of many streams to one graph's inputs."""

from takt_core.alignment import Missing
from takt_policy.observation.builder import Observation, ObservationBuilder

__all__ = ["Missing", "Observation", "ObservationBuilder"]
