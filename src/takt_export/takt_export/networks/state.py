"""Loading state dicts: everything that is needed is there, nothing is left over unnoticed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from takt_export.errors import ExportError

State = Mapping[str, torch.Tensor]


def renamed(state: State, rules: Sequence[tuple[str, str]]) -> dict[str, torch.Tensor]:
    """A state dict with the first matching rule (pattern, replacement) applied to each key."""
    result: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        name = key
        for pattern, replacement in rules:
            name, count = re.subn(pattern, replacement, key)
            if count:
                break
        result[name] = value
    return result


def below(state: State, prefix: str) -> dict[str, torch.Tensor]:
    """The entries whose key starts with a prefix, without it."""
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def load_state(module: nn.Module, state: State, what: str, unused: Sequence[str] = ()) -> None:
    """Fills a module with a state dict.

    Args:
        what: for messages, e.g. the checkpoint's path.
        unused: beginnings of keys that inference does not need.

    Raises:
        ExportError: a key is missing or too many, or a shape differs.
    """
    kept = {key: value for key, value in state.items() if not key.startswith(tuple(unused))}
    own = module.state_dict()
    # A counter of the training that only some normalisation layers store.
    missing = [key for key in own if key not in kept and not key.endswith("num_batches_tracked")]
    extra = [key for key in kept if key not in own and not key.endswith("num_batches_tracked")]
    shapes = [key for key in own if key in kept and kept[key].shape != own[key].shape]
    for keys, problem in ((missing, "lacks"), (extra, "has the unexpected")):
        if keys:
            raise ExportError(
                f"{what} {problem} {keys[0]!r} ({len(keys)} such weights); the network is not the "
                "one that its configuration describes, or comes from a version that is not known "
                "here. `takt policy export module` exports any network through a function of yours"
            )
    if shapes:
        key = shapes[0]
        raise ExportError(
            f"{what}: {key!r} has shape {list(kept[key].shape)}; the configuration implies "
            f"{list(own[key].shape)}"
        )
    module.load_state_dict(
        {key: value.float() for key, value in kept.items() if key in own}, strict=False
    )
