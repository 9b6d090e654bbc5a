"""A loaded policy: its engine, its own observations and its own schedule; and several of them."""

from __future__ import annotations

from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_policy.describe_execution import execution_in_words
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.observation import Missing, Observation, ObservationBuilder
from takt_policy.schedules import make_schedule


class LoadedPolicy:
    """What one run needs of a policy.

    Args:
        execution: of the schedule.
        warm: whether the engine was warmed up.
    """

    def __init__(self, engine: PolicyEngine, execution: Execution, warm: bool = True) -> None:
        spec = engine.bundle.spec
        self.engine = engine
        self.builder = ObservationBuilder.of(engine.bundle)
        self._fast_builder = (
            ObservationBuilder.fast_of(engine.bundle) if engine.needs_fast else None
        )
        discrete = any(group.kind == "open" for group in spec.actions)
        self.schedule = make_schedule(spec.horizons, execution, warm, discrete)
        self.execution_words = execution_in_words(execution, spec.fast is not None)
        self.period_ns = round(spec.fast.period_s * 1e9) if spec.fast is not None else 0

    @property
    def name(self) -> str:
        return self.engine.bundle.spec.name

    @property
    def streams(self) -> dict[str, str]:
        """Topics that some input reads, with their ROS message types."""
        fast = {} if self._fast_builder is None else self._fast_builder.streams
        return {**self.builder.streams, **fast}

    def push(self, sample: Sample) -> None:
        """Takes a sample.

        Raises:
            PolicyError: it is none that an input can read.
        """
        self.builder.push(sample)
        if self._fast_builder is not None:
            self._fast_builder.push(sample)

    def clear(self) -> None:
        """Forgets all samples."""
        self.builder.clear()
        if self._fast_builder is not None:
            self._fast_builder.clear()

    def observe(self, now_ns: int, not_before_ns: int) -> Observation | Missing | None:
        """The newest observation; None if it is from before a time that counts."""
        reference = self.builder.reference(now_ns)
        if isinstance(reference, Missing):
            return reference
        if reference < max(not_before_ns, self.schedule.earliest_reference_ns):
            return None
        return self.builder.build(reference)

    def observe_fast(self, now_ns: int, chunk_pose: Pose) -> Observation | Missing | None:
        """The newest fast observation; None for a policy that needs none.

        Args:
            chunk_pose: base_from_tcp at the time of the slow observation.
        """
        if self._fast_builder is None:
            return None
        reference = self._fast_builder.reference(now_ns)
        if isinstance(reference, Missing):
            return reference
        return self._fast_builder.build(reference, base_from_chunk=chunk_pose)


class PolicyShelf:
    """Loaded policies by name; one of them is selected."""

    def __init__(self) -> None:
        self._policies: dict[str, LoadedPolicy] = {}
        self._selected = ""

    @property
    def names(self) -> list[str]:
        return list(self._policies)

    @property
    def all(self) -> list[LoadedPolicy]:
        return list(self._policies.values())

    @property
    def selected(self) -> LoadedPolicy | None:
        return self._policies.get(self._selected)

    @property
    def streams(self) -> dict[str, str]:
        """Topics of all loaded policies, with their message types."""
        return {k: v for one in self._policies.values() for k, v in one.streams.items()}

    def find(self, name: str) -> LoadedPolicy:
        """The policy of that name; the selected one for an empty name.

        Raises:
            PolicyError: there is none.
        """
        found = self._policies.get(name or self._selected)
        if found is not None:
            return found
        if not self._policies:
            raise PolicyError("no bundle is loaded; call policy/load or set the parameter 'bundle'")
        raise PolicyError(
            f"policy {name!r} is not loaded; loaded are {', '.join(self._policies)}. Load it with "
            "policy/load"
        )

    def put(self, policy: LoadedPolicy, select: bool) -> None:
        """Takes a policy in, in place of one of the same name.

        Raises:
            PolicyError: a topic would be of two types.
        """
        known = {k: v for name, one in self._policies.items() for k, v in one.streams.items()
                 if name != policy.name}  # fmt: skip
        for stream, kind in policy.streams.items():
            if known.get(stream, kind) != kind:
                raise PolicyError(
                    f"stream {stream!r} is {kind} for policy {policy.name!r}, but {known[stream]} "
                    "for another that is loaded; unload that, or change policy.yaml"
                )
        self._policies[policy.name] = policy
        if select or not self._selected:
            self._selected = policy.name

    def take(self, name: str) -> LoadedPolicy:
        """Removes a policy; if it was selected, the one loaded last is from now on.

        Raises:
            PolicyError: there is none of that name.
        """
        found = self.find(name)
        del self._policies[found.name]
        if self._selected == found.name:
            self._selected = next(reversed(self._policies), "")
        return found
