"""Heads by name."""

from __future__ import annotations

from takt_core.errors import TaktError
from takt_training.heads.act import ActHead
from takt_training.heads.base import Head
from takt_training.heads.extras import CriticHead, ResidualHead
from takt_training.heads.sampled import DiffusionHead, FlowHead
from takt_training.heads.slow_fast import SlowFastHead

HEADS: dict[str, Head] = {
    head.name: head
    for head in (
        DiffusionHead(), ActHead(), FlowHead(), SlowFastHead(), CriticHead(), ResidualHead(),
    )
}  # fmt: skip


def head_named(name: str) -> Head:
    """The head.

    Raises:
        TaktError: there is none of that name.
    """
    if name not in HEADS:
        raise TaktError(f"head {name!r}; allowed: {', '.join(HEADS)}")
    return HEADS[name]
