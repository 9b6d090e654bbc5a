"""How a policy is executed, in words."""

from __future__ import annotations

from dataclasses import fields

from takt_policy.execution import Execution

_SAID = ("schedule", "residual", "reflex")
_TIMES = ("margin_s", "lead_s", "reserve", "expected_delay_s")


def execution_in_words(execution: Execution, has_fast: bool = False) -> str:
    """The schedule, and every choice that is not the bundle's own.

    Args:
        has_fast: whether the policy has fast graphs, so that it matters how they are used.
    """
    words = [execution.schedule]
    if has_fast:
        words.append("reflex" if execution.reflex else "no reflex")
        if execution.residual:
            words.append("residual")
    default = Execution()
    for one in fields(Execution):
        value = getattr(execution, one.name)
        if one.name not in (*_SAID, *_TIMES) and value != getattr(default, one.name):
            text = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            words.append(f"{one.name} {text}")
    return "; ".join(words)
