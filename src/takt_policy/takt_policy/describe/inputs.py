"""Inputs in words."""

from __future__ import annotations

from takt_policy.bundle.schema import InputSpec


def input_in_words(one: InputSpec) -> str:
    """One line on an input."""
    if one.is_goal:
        return f"{one.name}: the goal, as {_goal(one)}"
    times = "the newest" if one.history == 1 else f"{one.history} times, {one.period_s:g} s apart"
    how = {"hold": "held", "linear": "interpolated", "pose": "interpolated as a pose"}[one.align]
    return (
        f"{one.name}: {_content(one)}, {times}; {one.feature!r} of {one.stream} ({one.type}), "
        f"{how}, at most {one.tolerance_s:g} s off; waits if nothing came for {one.max_age_s:g} s"
    )


def _content(one: InputSpec) -> str:
    """What one time step of an input holds."""
    kind, sizes = one.preprocess.kind, one.shape
    if kind == "image":
        return f"image of {sizes[2]}×{sizes[1]} pixels"
    if kind == "field":
        return f"field of {sizes[1]}×{sizes[2]} displacements"
    if kind == "pose":
        return f"pose {_where(one)}"
    if kind == "wrench":
        return f"force and torque {_where(one)}"
    return f"{sizes[0]} numbers"


def _goal(one: InputSpec) -> str:
    kind, sizes = one.preprocess.kind, one.shape
    if kind == "goal_text":
        return "one of " + ", ".join(repr(choice) for choice in one.preprocess.choices)
    if kind == "goal_bytes":
        return f"any text of up to {sizes[0]} bytes"
    if kind == "goal_image":
        return f"an image, brought to {sizes[2]}×{sizes[1]} pixels"
    return f"a {'pose' if kind == 'goal_pose' else 'point'} {_where(one)}"


def _where(one: InputSpec) -> str:
    return {
        "base": "in the base frame",
        "reference": "relative to the tool's present pose",
        "fixed": "in a fixed frame",
        "chunk": "relative to the tool's pose when the chunk was planned",
    }[one.preprocess.frame]
