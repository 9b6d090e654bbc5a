"""What the sections of policy.yaml must agree on."""

from __future__ import annotations

from takt_policy.bundle.schema import ACTION, ActionGroup, PolicySpec
from takt_policy.errors import BundleError


def check_whole(spec: PolicySpec, source: str) -> None:
    """Compares sections with each other.

    Raises:
        BundleError: two of them contradict each other.
    """
    _check_names(spec, source)
    _check_streams(spec, source)
    _check_goals(spec, source)
    _check_reference_pose(spec, source)
    _check_state(spec, source, "joints", "reference_joints")
    _check_state(spec, source, "width", "reference_width")


def _check_names(spec: PolicySpec, source: str) -> None:
    names = [one.name for one in spec.inputs]
    if ACTION in names + [one.name for one in spec.fast_inputs]:
        raise BundleError(
            f"{source}: an input is named {ACTION!r}, which the normaliser "
            "uses for the actions; give it another name"
        )
    if twice := sorted(set(names) & {one.name for one in spec.fast_inputs}):
        raise BundleError(
            f"{source}: {twice[0]!r} is the name of an input and of a fast input, which would "
            f"share their normaliser; call the fast one e.g. {'fast_' + twice[0]!r}"
        )


def _check_streams(spec: PolicySpec, source: str) -> None:
    types: dict[str, str] = {}
    for one in spec.inputs + spec.fast_inputs:
        if types.setdefault(one.stream, one.type) != one.type:
            raise BundleError(
                f"{source}: stream {one.stream!r} is declared as {types[one.stream]} and as "
                f"{one.type} (input {one.name!r}); give it one type"
            )


def _check_goals(spec: PolicySpec, source: str) -> None:
    features = sorted({one.feature for one in spec.goal_inputs})
    if len(features) > 1:
        raise BundleError(
            f"{source}: the goal inputs ask for {' and '.join(features)}; a goal is one of them"
        )


def _check_reference_pose(spec: PolicySpec, source: str) -> None:
    poses = [one.name for one in spec.inputs if one.preprocess.kind == "pose"]
    if spec.reference_pose not in poses:
        raise BundleError(
            f"{source}: 'reference_pose' is {spec.reference_pose!r}; allowed: an input of "
            f"preprocess kind pose ({', '.join(poses) or 'there is none, add one'})"
        )


def _check_state(spec: PolicySpec, source: str, kind: str, key: str) -> None:
    """A relative group must know what it is relative to."""
    name: str | None = getattr(spec, key)
    group = next((one for one in spec.actions if one.kind == kind), None)
    if group is None or group.reference == "absolute":
        if name is not None:
            raise BundleError(
                f"{source}: {key!r} is given, but no action group of kind {kind} is relative; "
                "leave it out"
            )
        return
    fitting = _vectors(spec, group)
    if name not in fitting:
        raise BundleError(
            f"{source}: {key!r} is {name!r}; the actions of group {group.name!r} are relative, so "
            f"it must name an input of preprocess kind vector and shape [{group.size}] that has "
            f"the present value ({', '.join(fitting) or 'there is none, add one'})"
        )


def _vectors(spec: PolicySpec, group: ActionGroup) -> list[str]:
    return [
        one.name
        for one in spec.inputs
        if one.preprocess.kind == "vector" and one.shape == (group.size,)
    ]
