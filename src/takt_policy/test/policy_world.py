"""A simulated robot without physics for the tests: it is where its waypoints say."""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_core.trajectory import Trajectory, Waypoint
from takt_policy.testing import IMAGE_SIZE

MS = 1_000_000
START_NS = 1_000 * MS
HOME = Pose(np.array([0.4, 0.0, 0.3]), np.array([1.0, 0.0, 0.0, 0.0]))


class PointRobot:
    """Follows waypoints by jumping to each at its time; cameras deliver 20 ms late.

    Attributes:
        committed: every trajectory with the time at which it came.
        starved_ns: time without a future waypoint after the first trajectory [ns].
    """

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.pose = HOME
        self.committed: list[tuple[int, Trajectory]] = []
        self.starved_ns = 0
        self.camera_works = True
        self._waypoints: list[Waypoint] = []

    def commit(self, trajectory: Trajectory) -> None:
        self.committed.append((self.now_ns, trajectory))
        first_ns = trajectory.waypoints[0].time_ns
        kept = [one for one in self._waypoints if one.time_ns < first_ns]
        self._waypoints = [*kept, *trajectory.waypoints]

    def advance(self, duration_ns: int) -> list[Sample]:
        samples = []
        for _ in range(duration_ns // (10 * MS)):
            self.now_ns += 10 * MS
            while self._waypoints and self._waypoints[0].time_ns <= self.now_ns:
                self.pose = self._waypoints.pop(0).base_from_tcp
            if self.committed and not self._waypoints:
                self.starved_ns += 10 * MS
            samples += self._sense()
        return samples

    def _sense(self) -> list[Sample]:
        samples = [
            Sample("arm/state", self.now_ns, {"tcp_pose": self.pose.array7()}),
            Sample("arm/wrench", self.now_ns, {"wrench": np.zeros(6)}),
        ]
        if self.camera_works and self.now_ns % (30 * MS) == 0:
            image = np.full((IMAGE_SIZE, IMAGE_SIZE, 3), 9, np.uint8)
            samples.append(
                Sample("wrist_camera/image_raw", self.now_ns - 20 * MS, {"image": image})
            )
        return samples
