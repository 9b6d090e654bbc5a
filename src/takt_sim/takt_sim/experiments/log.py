"""What an experiment has measured, one row per control tick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from takt_impedance import TickOutput
from takt_impedance.kinematics import ArmTerms
from takt_sim.experiments.ideal import task_inertia

if TYPE_CHECKING:
    from takt_sim.experiments.rig import Rig

Float = NDArray[np.float64]


class Log:
    """Columns by name: `log["position"]` is (ticks, 3). Everything in SI units and base axes.

    time [s], position and target (., 3), twist and target_twist (., 6), pose_error (., 6), torque
    (., n), commanded wrench (., 6), wall force (., 3), kinetic energy and energy of the spring [J],
    task inertia (., 6, 6), stiffness along x [N/m], tank level (fraction of its capacity, NaN
    without a tank), and whether the torque rate was limited (0, 1).
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Float]] = {}

    def append(self, rig: Rig, output: TickOutput, terms: ArmTerms) -> None:
        """Copy what the controller saw and said in one tick."""
        dq, error = rig.dq, np.array(output.pose_error)
        stiffness = np.array(output.stiffness)
        row = {
            "time": np.array(rig.now_ns * 1e-9),
            "position": np.array(terms.position),
            "target": np.array(output.target_pose[:3]),
            "twist": terms.jacobian @ dq,
            "target_twist": np.array(output.target_twist),
            "pose_error": error,
            "torque": np.array(output.torque),
            "wrench": np.array(output.wrench),
            "wall_force": np.array(rig.wall_force),
            "kinetic": np.array(0.5 * dq @ terms.mass @ dq),
            "spring": np.array(0.5 * error @ stiffness @ error),
            "inertia": task_inertia(terms.jacobian, terms.mass),
            "stiffness": np.array(stiffness[0, 0]),
            "tank_level": np.array(output.tank_level),
            "rate_limited": np.array(float(output.rate_limited)),
        }
        for name, value in row.items():
            self._rows.setdefault(name, []).append(value)

    def clear(self) -> None:
        """Forget what was measured so far; what comes next starts at the row 0."""
        self._rows.clear()

    def __getitem__(self, name: str) -> Float:
        return np.array(self._rows[name])

    @property
    def time_s(self) -> Float:
        """(ticks,) since the first row."""
        time = self["time"]
        return np.asarray(time - time[0])
