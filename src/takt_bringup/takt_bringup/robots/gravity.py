"""Is what the driver reports as effort the torque that holds the arm up?

With the arm at rest and untouched, the torque in its joints is gravity's. A driver may report it,
report it with the opposite sign, leave gravity out, or report something else, such as the current
of the motors. Which one it is must be known before a controller relies on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from takt_bringup.doctor.finding import Finding, fail, ok, warn
from takt_bringup.robots.configuration import MeasuredTorque, RobotConfiguration
from takt_impedance.kinematics import ArmModel

Float = NDArray[np.float64]

_STILL_RAD = 0.005
_TELLING_NM = 3.0
_LEAST_TELLING_JOINTS = 2
_GOOD_SHARE = 0.35
_SUSPICIOUS_NM = 1.5
_SUSPICIOUS_SHARE = 0.25
_HYPOTHESES = (
    MeasuredTorque(True, True, 1.0),
    MeasuredTorque(True, True, -1.0),
    MeasuredTorque(True, False, 1.0),
)


@dataclass(frozen=True)
class EffortSamples:
    """What was measured of an arm that holds still.

    Attributes:
        q: angles (k, n) [rad].
        effort: (k, n), in the unit that the driver has for it.
    """

    q: Float
    effort: Float


def check_gravity(robot: RobotConfiguration, arm: ArmModel, samples: EffortSamples) -> Finding:
    """Compare the effort of an arm at rest with the gravity of its model."""
    spread = float(np.ptp(samples.q, axis=0).max())
    if spread > _STILL_RAD:
        return fail("gravity", f"the arm moved by {spread:.3f} rad", "hold it still and repeat")
    effort = samples.effort.mean(axis=0)
    if not robot.measured_torque.available:
        return ok("gravity", "the effort of this driver is no torque, and is not used")
    if not np.isfinite(effort).all():
        return fail("gravity", f"the effort is {effort.tolist()}", _NO_TORQUE)
    gravity = arm.gravity(samples.q.mean(axis=0))
    if np.count_nonzero(np.abs(gravity) > _TELLING_NM) < _LEAST_TELLING_JOINTS:
        return warn(
            "gravity",
            f"gravity is at most {np.abs(gravity).max():.1f} Nm in this posture",
            "bend the arm forward, so that several joints carry load, and repeat",
        )
    errors = [_error(effort, gravity, hypothesis) for hypothesis in _HYPOTHESES]
    best = int(np.argmin(errors))
    if errors[best] > _GOOD_SHARE:
        return fail(
            "gravity",
            f"measured {_numbers(effort)}, by the model {_numbers(gravity)} Nm",
            f"{_NO_TORQUE}; a payload that the model lacks also looks so",
        )
    found = _HYPOTHESES[best]
    if found != robot.measured_torque:
        return fail(
            "gravity",
            f"measured {_numbers(effort)}, by the model {_numbers(gravity)} Nm",
            f"set includes_gravity: {str(found.includes_gravity).lower()} and sign: "
            f"{found.sign:.1f} of `measured_torque` in {robot.files[0]}",
        )
    return _remainder(robot, effort, gravity)


_NO_TORQUE = "if this driver does not report torques, set available: false of `measured_torque`"


def _expected(gravity: Float, hypothesis: MeasuredTorque) -> Float:
    return hypothesis.sign * gravity if hypothesis.includes_gravity else np.zeros(len(gravity))


def _error(effort: Float, gravity: Float, hypothesis: MeasuredTorque) -> float:
    remainder = np.linalg.norm(effort - _expected(gravity, hypothesis))
    return float(remainder / np.linalg.norm(gravity))


def _remainder(robot: RobotConfiguration, effort: Float, gravity: Float) -> Finding:
    """The right kind of torque; does it agree joint by joint?"""
    remainder = np.abs(effort - _expected(gravity, robot.measured_torque))
    allowed = np.maximum(_SUSPICIOUS_NM, _SUSPICIOUS_SHARE * np.abs(gravity))
    off = remainder > allowed
    if off.any():
        joints = ", ".join(np.array(robot.joints)[off])
        return warn(
            "gravity",
            f"{joints}: {_numbers(remainder[off])} Nm more or less than the model says",
            "tell the robot and the URDF of the payload, or look for friction and for something "
            "that touches the arm; the arm would sag or rise by as much",
        )
    return ok("gravity", f"agrees with the model within {remainder.max():.1f} Nm")


def _numbers(values: Float) -> str:
    return "[" + ", ".join(f"{value:.1f}" for value in values) + "]"
