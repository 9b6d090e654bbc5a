"""How far a replayed path was from the recorded one."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation, Slerp

from takt_core.errors import TaktError
from takt_core.geometry import Array


@dataclass(frozen=True, eq=False)
class TcpPath:
    """Measured poses of the tool over time.

    Attributes:
        times_ns: (n,) ascending, from a common start [ns].
        poses: (n, 7) base_from_tcp.
    """

    times_ns: npt.NDArray[np.int64]
    poses: Array

    def between(self, start_ns: int, end_ns: int) -> TcpPath:
        """The part from `start_ns` to `end_ns`, both included."""
        kept = (self.times_ns >= start_ns) & (self.times_ns <= end_ns)
        return TcpPath(self.times_ns[kept], self.poses[kept])

    def shifted(self, by_ns: int) -> TcpPath:
        """The same path at times later by `by_ns`."""
        return TcpPath(self.times_ns + by_ns, self.poses)

    def stretched(self, factor: float) -> TcpPath:
        """The same path, slower by `factor`, from time 0 on."""
        return TcpPath(np.rint(self.times_ns * factor).astype(np.int64), self.poses)


@dataclass(frozen=True)
class PathDifference:
    """Distances between two paths at equal times.

    Attributes:
        samples: times that were compared.
        duration_s: from the first to the last of them [s].
    """

    samples: int
    duration_s: float
    max_mm: float
    rms_mm: float
    final_mm: float
    max_deg: float
    rms_deg: float
    final_deg: float

    def to_mapping(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return (
            f"position: max {self.max_mm:.2f} mm, rms {self.rms_mm:.2f} mm, "
            f"final {self.final_mm:.2f} mm; rotation: max {self.max_deg:.2f}°, "
            f"rms {self.rms_deg:.2f}°, final {self.final_deg:.2f}° "
            f"({self.samples} samples over {self.duration_s:.2f} s)"
        )


def compare(recorded: TcpPath, replayed: TcpPath) -> PathDifference:
    """Interpolate the recorded path at the times of the replayed one, and measure.

    Raises:
        TaktError: the paths have no time in common.
    """
    recorded = _ascending(recorded)
    if recorded.times_ns.size >= 2:
        replayed = replayed.between(int(recorded.times_ns[0]), int(recorded.times_ns[-1]))
    if recorded.times_ns.size < 2 or replayed.times_ns.size == 0:
        raise TaktError(
            f"nothing to compare: {recorded.times_ns.size} recorded and "
            f"{replayed.times_ns.size} replayed poses at common times; is arm/state in the bag?"
        )
    times = replayed.times_ns.astype(np.float64)
    known = recorded.times_ns.astype(np.float64)
    expected = np.stack(
        [np.interp(times, known, recorded.poses[:, axis]) for axis in range(3)], axis=1
    )
    turn = Slerp(known, Rotation.from_quat(recorded.poses[:, 3:]))(times)
    way_mm = 1e3 * np.linalg.norm(replayed.poses[:, :3] - expected, axis=1)
    angle = (Rotation.from_quat(replayed.poses[:, 3:]) * turn.inv()).magnitude()
    angle_deg = np.degrees(angle)
    return PathDifference(
        samples=int(times.size),
        duration_s=float(times[-1] - times[0]) / 1e9,
        max_mm=float(way_mm.max()),
        rms_mm=float(np.sqrt(np.mean(way_mm**2))),
        final_mm=float(way_mm[-1]),
        max_deg=float(angle_deg.max()),
        rms_deg=float(np.sqrt(np.mean(angle_deg**2))),
        final_deg=float(angle_deg[-1]),
    )


def _ascending(path: TcpPath) -> TcpPath:
    times, first = np.unique(path.times_ns, return_index=True)
    return TcpPath(times, path.poses[first])
