"""What a tick costs: time, instructions, and the ratio to Pinocchio's terms.

The loops are C++ programs that are installed with the package. Instructions come from callgrind,
where it is installed, and are the same on every machine with the same compiler; times are not.
"""

import re
import shutil
import subprocess
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

import numpy as np
import pinocchio

import takt_impedance
from takt_impedance.kinematics import ArmModel

# Which program runs a part, and what the part is.
PARTS = {
    "law": ("tick_benchmark", "the impedance law"),
    "law_moving": ("tick_benchmark", "... for a target that accelerates"),
    "follower": ("tick_benchmark", "follower, on waypoints"),
    "tick": ("tick_benchmark", "tick: law, follower, envelope, checks"),
    "tick_joint": ("tick_benchmark", "... in joint impedance"),
    "tick_full": ("tick_benchmark", "... with tank, observer, keep-outs, ..."),
    "terms": ("terms_benchmark", "Pinocchio's terms"),
    "whole": ("terms_benchmark", "terms and tick"),
    "shared": ("terms_benchmark", "... everything on, by the hand-over"),
}
# Most instructions that a tick may take (issue of the controller: seven joints).
BUDGET = {"law": 8_000, "whole": 60_000, "shared": 60_000}

_REPEATS = 5
_COUNTED_TICKS = 300


class PartCost(TypedDict):
    """Cost of one call of a part of the controller."""

    time_ns: float
    instructions: int | None  # None: no valgrind on this machine


class Costs(TypedDict):
    """Costs per tick for a seven-joint arm."""

    parts: dict[str, PartCost]  # those of PARTS whose program was built
    tick_to_terms: float | None  # ratio of the times; None: Pinocchio is not there for C++
    python_tick_ns: float  # Controller.tick as called from Python
    python_terms_ns: float  # ArmModel.terms as called from Python


def programs() -> Path:
    """Folder of the installed C++ programs."""
    return Path(takt_impedance.__file__).parents[3] / "takt_impedance"


def available(part: str) -> bool:
    """Whether the program of a part was built; those with Pinocchio need its wheel."""
    return (programs() / PARTS[part][0]).exists()


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def time_of(part: str, ticks: int) -> float:
    """Time per tick [ns]; the best of a few runs."""
    found = []
    for _ in range(_REPEATS):
        text = _output(str(programs() / PARTS[part][0]), part, str(ticks))
        match = re.search(r"([\d.]+) ns per tick", text)
        if match is None:
            raise RuntimeError(f"{PARTS[part][0]} printed {text!r}, not a time per tick")
        found.append(float(match.group(1)))
    return min(found)


@lru_cache
def instructions_of(part: str) -> int | None:
    """Instructions per tick; None where callgrind is missing.

    The difference between two runs of N and 2 N ticks, so that start-up does not count. Each run
    makes another tenth of its ticks, and one, to warm up.
    """
    if shutil.which("valgrind") is None:
        return None
    counts = []
    for ticks in (_COUNTED_TICKS, 2 * _COUNTED_TICKS):
        with tempfile.TemporaryDirectory() as folder:
            text = _output(
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={folder}/out",
                str(programs() / PARTS[part][0]),
                part,
                str(ticks),
            )
        match = re.search(r"Collected\s*:\s*(\d+)", text)
        if match is None:
            raise RuntimeError(f"callgrind printed no count: {text[-400:]!r}")
        counts.append(int(match.group(1)))
    return round((counts[1] - counts[0]) / (1.1 * _COUNTED_TICKS))


def _sample_model() -> pinocchio.Model:
    """A seven-joint arm for timing."""
    model = pinocchio.Model()
    parent = 0
    for i in range(7):
        turn = pinocchio.exp3(np.array([(-1) ** i * np.pi / 2, 0.0, 0.0]))
        placement = pinocchio.SE3(turn, np.array([0.02, 0.0, 0.2]))
        parent = model.addJoint(parent, pinocchio.JointModelRZ(), placement, f"joint{i + 1}")
        inertia = pinocchio.Inertia(2.0, np.array([0.0, 0.02, 0.1]), 0.02 * np.eye(3))
        model.appendBodyToJoint(parent, inertia, pinocchio.SE3.Identity())
    model.addFrame(
        pinocchio.Frame("tcp", parent, 0, pinocchio.SE3.Identity(), pinocchio.FrameType.OP_FRAME)
    )
    return model


def _python_times(ticks: int) -> tuple[float, float]:
    """Times [ns] of Controller.tick and ArmModel.terms, called from Python."""
    arm = ArmModel.from_pinocchio(_sample_model(), "tcp")
    controller = takt_impedance.Controller(takt_impedance.Parameters(7))
    q, dq = np.full(7, 0.4), np.full(7, 0.1)
    terms = arm.terms(q, dq)
    controller.activate(0, q, terms.position, terms.rotation)
    best = [np.inf, np.inf]
    now_ns = 0
    for _ in range(_REPEATS):
        start = time.perf_counter_ns()
        for _ in range(ticks):
            now_ns += 1_000_000
            controller.tick(
                now_ns, 1e-3, q, dq, None, terms.jacobian, terms.mass, terms.bias,
                terms.position, terms.rotation,
            )  # fmt: skip
        after_ticks = time.perf_counter_ns()
        for _ in range(ticks):
            arm.terms(q, dq)
        spans = (after_ticks - start, time.perf_counter_ns() - after_ticks)
        best = [min(b, span / ticks) for b, span in zip(best, spans, strict=True)]
    return best[0], best[1]


def run(ticks: int = 20_000) -> Costs:
    """Measure everything; about half a minute, most of it for counting."""
    parts = {
        part: PartCost(time_ns=time_of(part, ticks), instructions=instructions_of(part))
        for part in PARTS
        if available(part)
    }
    python_tick, python_terms = _python_times(max(1, ticks // 10))
    terms = parts.get("terms")
    return Costs(
        parts=parts,
        tick_to_terms=None if terms is None else parts["tick"]["time_ns"] / terms["time_ns"],
        python_tick_ns=python_tick,
        python_terms_ns=python_terms,
    )
