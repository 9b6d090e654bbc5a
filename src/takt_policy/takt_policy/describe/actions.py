"""Actions in words."""

from __future__ import annotations

from takt_policy.bundle.schema import ActionGroup, Horizons

_ROTATION = {
    "6d": "6d rotation",
    "6d_rows": "6d rotation by rows",
    "quaternion": "quaternion",
    "rotation_vector": "rotation vector",
}


def action_in_words(group: ActionGroup) -> str:
    """One line on an action group."""
    return f"{group.name}: {_what(group)}"


def horizons_in_words(h: Horizons) -> str:
    """How far it looks ahead, and how much of that is done."""
    return (
        f"It predicts {h.prediction} actions, {h.step_s:g} s apart, and executes {h.execute} of "
        f"them ({h.execute * h.step_s:g} s) from the time of the observation on."
    )


def _what(group: ActionGroup) -> str:
    if group.kind == "open":
        return (
            f"opens the gripper to {group.open_width_m:g} m or closes it to "
            f"{group.closed_width_m:g} m, nothing between"
        )
    if group.kind == "width":
        return f"width of the gripper [m]{_about(group, 'its width when it looked')}"
    if group.kind == "joints":
        names = ", ".join(group.names)
        return f"positions of the joints {names} [rad]{_about(group, 'where they were')}"
    if group.kind == "hand":
        return f"positions of the hand's joints {', '.join(group.names)} [rad]"
    frame = " in the base frame" if group.reference == "absolute" else _about(group, _TOOL)
    if group.kind == "position":
        return f"positions of the tool{frame}; its orientation is kept"
    return f"poses of the tool{frame} (position and {_ROTATION[group.rotation]})"


_TOOL = "the tool's pose when it looked"


def _about(group: ActionGroup, observed: str) -> str:
    axes = " in the axes of the base" if group.axes == "base" else ""
    return {
        "absolute": "",
        "observation": f" relative to {observed}{axes}",
        "delta": f", each relative to the one before{axes}",
    }[group.reference]
