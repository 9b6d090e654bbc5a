"""ROS names and namespaces: joining and checking."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def join(base: str | None, namespace: str | None) -> str | None:
    """Return the absolute namespace below a base; None if neither is given.

    An absolute namespace stands for itself, a relative one continues the base.
    """
    if namespace is None:
        combined = base
    elif namespace.startswith("/") or not base:
        combined = namespace
    else:
        combined = f"{base.rstrip('/')}/{namespace}"
    if combined is None:
        return None
    stripped = combined.rstrip("/")
    return stripped if stripped.startswith("/") else f"/{stripped}"


def problem_of_namespace(namespace: str) -> str | None:
    """Say what is wrong with an absolute namespace, None if nothing is."""
    if namespace == "/":
        return None
    for part in namespace[1:].split("/"):
        if not _NAME.fullmatch(part):
            return (
                f"namespace `{namespace}`: `{part}` must be letters, digits and underscores "
                "and not begin with a digit"
            )
    return None


def problem_of_node_name(name: str) -> str | None:
    """Say what is wrong with a node name, None if nothing is."""
    if _NAME.fullmatch(name):
        return None
    return f"node name `{name}` must be letters, digits, underscores, not beginning with a digit"
