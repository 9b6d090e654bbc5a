"""The stream of images of all cameras: when they are exposed, and when they arrive."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np

from takt_core.streams import Sample
from takt_sim.cameras import CameraParameters, CameraRig
from takt_sim.faults import Faults
from takt_sim.schedule import Due


class CameraFeed:
    """Exposes cameras when they are due and delivers each image after its camera's latency.

    Args:
        faults: what is broken.
        lazy: images are drawn when somebody looks at them.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        cameras: Sequence[CameraParameters],
        faults: Faults,
        lazy: bool,
    ) -> None:
        self._cameras = tuple(cameras)
        self._faults = faults
        self._lazy = lazy
        self.rig = CameraRig(model, cameras) if cameras else None
        self._last: dict[str, Any] = {}
        self._in_flight: list[tuple[int, int, Sample]] = []
        self._exposures = 0
        self._due: list[tuple[CameraParameters, Due]] = []

    def restart(self, now_ns: int) -> None:
        """A new episode: what was under way is lost."""
        self._last.clear()
        if self.rig is not None:
            self.rig.forget()
        self._in_flight.clear()
        self._due = [(c, Due(c.rate_hz, now_ns, c.phase_s)) for c in self._cameras]

    def step(self, data: mujoco.MjData, now_ns: int, rng: np.random.Generator) -> list[Sample]:
        """Expose what is due; returns what arrives now."""
        for camera, due in self._due:
            if due.take(now_ns):
                self._expose(camera, data, now_ns, rng)
        arrived = []
        while self._in_flight and self._in_flight[0][0] <= now_ns:
            arrived.append(heapq.heappop(self._in_flight)[2])
        return arrived

    def _expose(
        self,
        camera: CameraParameters,
        data: mujoco.MjData,
        now_ns: int,
        rng: np.random.Generator,
    ) -> None:
        assert self.rig is not None
        frozen = self._faults.is_frozen(camera.name) and camera.name in self._last
        if not frozen:
            take = self.rig.expose if self._lazy else self.rig.render
            self._last[camera.name] = take(data, camera.name, rng)
        if self._faults.take_drop(camera.name):
            return
        sample = Sample(camera.stream, now_ns, {"image": self._last[camera.name]})
        arrival = now_ns + round(camera.latency_s * 1e9)
        self._exposures += 1  # settles the order of those that arrive at the same time
        heapq.heappush(self._in_flight, (arrival, self._exposures, sample))

    def close(self) -> None:
        """Give back the graphics memory."""
        if self.rig is not None:
            self.rig.close()
            self.rig = None
