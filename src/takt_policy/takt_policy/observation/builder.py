"""Observations for a policy: the one path from samples to a graph's inputs.

Training, live runs, recordings and simulation all push the same samples through this class;
so what a policy sees does not depend on where it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.alignment import Aligned, Aligner, Missing, StreamSpec
from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_policy.errors import PolicyError
from takt_policy.observation.preprocess import finish, store

HOLD_SLACK_NS = 2_000_000
"""A held sample counts for a time up to this much before it [ns].

A camera at 30 Hz has a frame "0.1 s ago" only up to the jitter of its stamps; without slack,
a frame that is 10 µs late would be replaced by the one before, 33 ms older.
"""

BACKWARD_JUMP_NS = 500_000_000
"""Stamps that go back further than this mean that time began anew [ns]."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What a policy sees at one time.

    Attributes:
        arrays: the encode graph's inputs, (1, history, *shape), normalised.
        reference_ns: time that all inputs are aligned to [ns].
        reference_pose: base_from_tcp at that time.
        newest_ns: stamp of the newest sample in it [ns].
        oldest_ns: among each stream's newest sample, the oldest stamp [ns].
    """

    arrays: dict[str, npt.NDArray[Any]]
    reference_ns: int
    reference_pose: Pose
    newest_ns: int
    oldest_ns: int


class ObservationBuilder:
    """Collects samples; builds observations at a reference time, or says what is missing.

    Args:
        spec: the policy's inputs.
        normalizers: by input name; without them inputs stay in their units, which is what
            normalisers are fitted on.
        memory_s: how much longer than its history a stream is remembered [s].
    """

    def __init__(
        self,
        spec: PolicySpec,
        normalizers: Mapping[str, Normalizer] | None = None,
        memory_s: float = 1.0,
    ) -> None:
        self._spec = spec
        self._normalizers = dict(normalizers or {})
        self._held = _aligner(spec, True, memory_s)
        self._interpolated = _aligner(spec, False, memory_s)
        self._latest_ns: dict[str, int] = {}
        self._refused: dict[str, int] = {}

    @staticmethod
    def of(bundle: Bundle) -> ObservationBuilder:
        return ObservationBuilder(bundle.spec, bundle.normalizers)

    @property
    def streams(self) -> dict[str, str]:
        """Streams that some input reads, with their ROS message types."""
        return {one.stream: one.type for one in self._spec.inputs}

    def clear(self) -> None:
        """Forgets all samples."""
        self._held.clear()
        self._interpolated.clear()
        self._latest_ns.clear()
        self._refused.clear()

    def push(self, sample: Sample) -> None:
        """Takes what some input reads from a sample; samples of other streams are ignored.

        Values that are not finite and quaternions of zeros are refused and counted as not
        received. If the stamp lies far before the stream's newest, time began anew and
        everything older is forgotten.

        Raises:
            PolicyError: the sample lacks the feature, or it has an unusable shape.
        """
        inputs = [one for one in self._spec.inputs if one.stream == sample.stream]
        for one in inputs:
            value = sample.features.get(one.feature)
            if value is None:
                raise PolicyError(
                    f"input {one.name!r}: stream {one.stream!r} has no feature {one.feature!r}; "
                    f"it has {', '.join(sorted(sample.features))}. Change it in policy.yaml"
                )
            stored = store(one, value)
            if not _is_usable(one, stored):
                self._refused[one.name] = self._refused.get(one.name, 0) + 1
                continue
            latest_ns = self._latest_ns.get(one.name)
            if latest_ns is not None and sample.stamp_ns < latest_ns - BACKWARD_JUMP_NS:
                self.clear()
                latest_ns = None
            self._refused.pop(one.name, None)
            self._latest_ns[one.name] = max(sample.stamp_ns, latest_ns or sample.stamp_ns)
            aligner = self._held if one.align == "hold" else self._interpolated
            aligner.push(Sample(_key(one), sample.stamp_ns, {one.name: stored}))

    def reference(self, now_ns: int) -> int | Missing:
        """The newest time for which every input is known, or the first input that is dead.

        A camera delivers late; taking "now" as the reference would pair its old image with a
        new pose, which no training data does. (UMI, arXiv 2402.10329, aligns likewise.)
        """
        for one in self._spec.inputs:
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

    def build(self, reference_ns: int) -> Observation | Missing:
        """The observation at a time, or the first input that cannot be had for it."""
        held = self._align(self._held, reference_ns + HOLD_SLACK_NS)
        if isinstance(held, Missing):
            return held
        interpolated = self._align(self._interpolated, reference_ns)
        if isinstance(interpolated, Missing):
            return interpolated
        parts = [part for part in (held, interpolated) if part is not None]
        values = {name: value for part in parts for name, value in part.arrays.items()}
        pose = Pose.from_array7(values[self._spec.reference_pose][-1])
        arrays = {}
        for one in self._spec.inputs:
            array = finish(one, values[one.name], pose)
            normalizer = self._normalizers.get(one.name)
            if normalizer is not None and normalizer.kind != "identity":
                array = normalizer.normalize(array)
            arrays[one.name] = np.ascontiguousarray(array[None], dtype=one.dtype)
        return Observation(
            arrays=arrays,
            reference_ns=reference_ns,
            reference_pose=pose,
            newest_ns=max(part.newest_ns for part in parts),
            oldest_ns=min(part.oldest_ns for part in parts),
        )

    def _align(self, aligner: Aligner, time_ns: int) -> Aligned | Missing | None:
        if not aligner.specs:
            return None
        found = aligner.align(time_ns)
        if isinstance(found, Missing):
            one = next(one for one in self._spec.inputs if _key(one) == found.stream)
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


def _aligner(spec: PolicySpec, hold: bool, memory_s: float) -> Aligner:
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
            for one in spec.inputs
            if (one.align == "hold") == hold
        ],
        margin_s=memory_s,
    )
