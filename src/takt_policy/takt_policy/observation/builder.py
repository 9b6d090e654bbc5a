"""Observations for a policy: the one path from samples to a graph's inputs.

Training, live runs, recordings and simulation all push the same samples through this class;
so what a policy sees does not depend on where it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.alignment import Aligned, Aligner, Missing, StreamSpec
from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import GOAL_STREAM, InputSpec, PolicySpec
from takt_policy.errors import PolicyError
from takt_policy.goals import Goal
from takt_policy.observation.goal_inputs import finish_goal, goal_problem, store_goal
from takt_policy.observation.joint_order import in_joint_order
from takt_policy.observation.observation import Observation
from takt_policy.observation.preprocess import finish, store

HOLD_SLACK_NS = 2_000_000
"""A held sample counts for a time up to this much before it [ns].

A camera at 30 Hz has a frame "0.1 s ago" only up to the jitter of its stamps; without slack,
a frame that is 10 µs late would be replaced by the one before, 33 ms older.
"""

BACKWARD_JUMP_NS = 500_000_000
"""Stamps that go back further than this mean that time began anew [ns]."""


class ObservationBuilder:
    """Collects samples; builds observations at a reference time, or says what is missing.

    Args:
        spec: the policy's inputs.
        normalizers: by input name; without them inputs stay in their units, which is what
            normalisers are fitted on.
        memory_s: how much longer than its history a stream is remembered [s].
        fast: the fast inputs instead of the policy's own.
    """

    def __init__(
        self,
        spec: PolicySpec,
        normalizers: Mapping[str, Normalizer] | None = None,
        memory_s: float = 1.0,
        fast: bool = False,
    ) -> None:
        self._spec = spec
        self._normalizers = dict(normalizers or {})
        self._goals = () if fast else spec.goal_inputs
        self._fed = spec.fast_inputs if fast else tuple(o for o in spec.inputs if not o.is_goal)
        # Fast inputs, too, need to know where the tool is, whether they are fed with it or not.
        pose = replace(spec.input(spec.reference_pose), history=1)
        self._streamed = (*self._fed, pose) if fast else self._fed
        self._held = _aligner(self._streamed, True, memory_s)
        self._interpolated = _aligner(self._streamed, False, memory_s)
        self._latest_ns: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._goal: Goal | None = None
        self._goal_values: dict[str, npt.NDArray[Any]] = {}

    @staticmethod
    def of(bundle: Bundle) -> ObservationBuilder:
        return ObservationBuilder(bundle.spec, bundle.normalizers)

    @staticmethod
    def fast_of(bundle: Bundle) -> ObservationBuilder | None:
        """For the fast inputs; None if the policy has none."""
        if bundle.spec.fast is None:
            return None
        return ObservationBuilder(bundle.spec, bundle.normalizers, fast=True)

    @property
    def streams(self) -> dict[str, str]:
        """Streams that some input reads, with their ROS message types; the goal is none."""
        return {one.stream: one.type for one in self._streamed}

    def clear(self) -> None:
        """Forgets all samples; the goal holds until another is pushed."""
        self._held.clear()
        self._interpolated.clear()
        self._latest_ns.clear()
        self._refused.clear()

    def push(self, sample: Sample) -> None:
        """Takes what some input reads from a sample; samples of other streams are ignored.

        Values that are not finite and quaternions of zeros are refused and counted as not
        received. If the stamp lies far before the stream's newest, time began anew and
        everything older is forgotten. A sample of the stream ``goal`` sets the goal, see
        ``Goal.sample``.

        Raises:
            PolicyError: the sample lacks the feature, or it has an unusable shape.
        """
        if sample.stream == GOAL_STREAM:
            self._set_goal(Goal.from_sample(sample))
            return
        for one in self._streamed:
            if one.stream == sample.stream:
                self._push(one, sample)

    def reference(self, now_ns: int) -> int | Missing:
        """The newest time for which every input is known, or the first input that is dead.

        A camera delivers late; taking "now" as the reference would pair its old image with a
        new pose, which no training data does. (UMI, arXiv 2402.10329, aligns likewise.)
        """
        if (missing := self._missing_goal()) is not None:
            return missing
        for one in self._streamed:
            latest_ns = self._latest_ns.get(one.name)
            if latest_ns is None:
                return Missing(one.stream, f"input {one.name!r}: {self._nothing(one)}")
            age_s = (now_ns - latest_ns) * 1e-9
            if age_s > one.max_age_s:
                return Missing(
                    one.stream,
                    f"input {one.name!r}: the newest sample on {one.stream!r} is {age_s:.2f} s "
                    f"old, allowed are {one.max_age_s:g} s{self._why(one)}",
                )
        return min(now_ns, *self._latest_ns.values())

    def build(
        self, reference_ns: int, base_from_chunk: Pose | None = None
    ) -> Observation | Missing:
        """The observation at a time, or the first input that cannot be had for it.

        Args:
            base_from_chunk: reference pose of the chunk being executed, for fast inputs in the
                frame ``chunk``.

        Raises:
            PolicyError: an input is in that frame, and the pose is not given.
        """
        if (missing := self._missing_goal()) is not None:
            return missing
        held = self._align(self._held, reference_ns + HOLD_SLACK_NS)
        if isinstance(held, Missing):
            return held
        interpolated = self._align(self._interpolated, reference_ns)
        if isinstance(interpolated, Missing):
            return interpolated
        parts = [part for part in (held, interpolated) if part is not None]
        values = {name: value for part in parts for name, value in part.arrays.items()}
        pose = Pose.from_array7(values[self._spec.reference_pose][-1])
        arrays = {
            one.name: self._ready(one, finish(one, values[one.name], pose, base_from_chunk))
            for one in self._fed
        }
        for one in self._goals:
            arrays[one.name] = self._ready(one, finish_goal(one, self._goal_values[one.name], pose))
        width = self._present(values, self._spec.reference_width)
        return Observation(
            arrays=arrays,
            reference_ns=reference_ns,
            reference_pose=pose,
            newest_ns=max(part.newest_ns for part in parts),
            oldest_ns=min(part.oldest_ns for part in parts),
            reference_joints=self._present(values, self._spec.reference_joints),
            reference_width_m=None if width is None else float(width[0]),
        )

    def _set_goal(self, goal: Goal) -> None:
        self._goal, self._goal_values = goal, {}
        if goal_problem(self._spec, goal) is None:
            self._goal_values = {one.name: store_goal(one, goal) for one in self._goals}

    def _missing_goal(self) -> Missing | None:
        if not self._goals or self._goal_values:
            return None
        return Missing(GOAL_STREAM, goal_problem(self._spec, self._goal) or "the goal is missing")

    def _push(self, one: InputSpec, sample: Sample) -> None:
        value = sample.features.get(one.feature)
        if value is None:
            raise PolicyError(
                f"input {one.name!r}: stream {one.stream!r} has no feature {one.feature!r}; "
                f"it has {', '.join(sorted(sample.features))}. Change it in policy.yaml"
            )
        if one.name == self._spec.reference_joints:
            value = in_joint_order(self._spec, one, value, sample)
        stored = store(one, value)
        if not _is_usable(one, stored):
            self._refused[one.name] = self._refused.get(one.name, 0) + 1
            return
        latest_ns = self._latest_ns.get(one.name)
        if latest_ns is not None and sample.stamp_ns < latest_ns - BACKWARD_JUMP_NS:
            self.clear()
            latest_ns = None
        self._refused.pop(one.name, None)
        self._latest_ns[one.name] = max(sample.stamp_ns, latest_ns or sample.stamp_ns)
        aligner = self._held if one.align == "hold" else self._interpolated
        aligner.push(Sample(_key(one), sample.stamp_ns, {one.name: stored}))

    def _ready(self, one: InputSpec, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        normalizer = self._normalizers.get(one.name)
        if normalizer is not None and normalizer.kind != "identity":
            array = normalizer.normalize(array)
        return np.ascontiguousarray(array[None], dtype=one.dtype)

    def _present(
        self, values: Mapping[str, npt.NDArray[Any]], name: str | None
    ) -> npt.NDArray[np.float64] | None:
        """What an input is at the reference time, in its units."""
        if name is None or name not in values:
            return None
        return np.array(values[name][-1], np.float64)

    def _align(self, aligner: Aligner, time_ns: int) -> Aligned | Missing | None:
        if not aligner.specs:
            return None
        found = aligner.align(time_ns)
        if isinstance(found, Missing):
            one = next(one for one in self._streamed if _key(one) == found.stream)
            return Missing(one.stream, found.reason.replace(_key(one), one.stream))
        return found

    def _nothing(self, one: InputSpec) -> str:
        if one.name in self._refused:
            return f"nothing usable on {one.stream!r}{self._why(one)}"
        return f"nothing received on {one.stream!r} yet"

    def _why(self, one: InputSpec) -> str:
        count = self._refused.get(one.name)
        return f"; its last {count} samples had NaN, infinity or no rotation" if count else ""


def _is_usable(one: InputSpec, stored: npt.NDArray[Any]) -> bool:
    """Whether a graph can be fed with it: finite as float32, and a rotation if it is a pose."""
    if stored.dtype == np.uint8:
        return True
    if not (np.abs(stored) < np.finfo(np.float32).max).all():
        return False
    return one.preprocess.kind != "pose" or bool(np.linalg.norm(stored[3:]) > 1e-6)


def _key(one: InputSpec) -> str:
    """Each input has a buffer of its own, as two may treat one stream differently."""
    return f"{one.stream}#{one.name}"


def _aligner(inputs: Sequence[InputSpec], hold: bool, memory_s: float) -> Aligner:
    return Aligner(
        [
            StreamSpec(
                name=one.name,
                stream=_key(one),
                feature=one.name,
                history=one.history,
                period_ns=round(one.period_s * 1e9),
                method=one.align,
                tolerance_ns=round(one.tolerance_s * 1e9) + (HOLD_SLACK_NS if hold else 0),
            )
            for one in inputs
            if (one.align == "hold") == hold
        ],
        margin_s=memory_s,
    )
