"""Configurations of OmegaConf, as they lie in a checkpoint, to plain containers."""

from __future__ import annotations

import re
from typing import Any

from takt_export.errors import ExportError
from takt_export.safe_pickle import Inert

_REFERENCE = re.compile(r"\$\{([A-Za-z0-9_.]+)\}")


def plain(config: Any) -> Any:
    """Mappings, lists and values of a configuration; references between its keys are followed.

    Args:
        config: what ``safe_pickle`` made of it; plain containers are taken as well.

    Raises:
        ExportError: it refers to something that is not in it.
    """
    tree = _unwrap(config)
    return _resolve(tree, tree, 0)


def _unwrap(node: Any) -> Any:
    if isinstance(node, Inert):
        state = node.state if isinstance(node.state, dict) else {}
        if "_content" in state:
            return _unwrap(state["_content"])
        return _unwrap(state["_val"]) if "_val" in state else None
    if isinstance(node, dict):
        return {str(_unwrap(key)): _unwrap(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_unwrap(value) for value in node]
    return node


def _resolve(node: Any, tree: Any, depth: int) -> Any:
    if isinstance(node, dict):
        return {key: _resolve(value, tree, depth) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolve(value, tree, depth) for value in node]
    match = _REFERENCE.fullmatch(node) if isinstance(node, str) else None
    if match is None:
        return node
    found = tree
    for key in match[1].split("."):
        if not isinstance(found, dict) or key not in found or depth > 20:
            raise ExportError(
                f"the checkpoint's configuration refers to {node}, which it does not have; save "
                "the checkpoint with a resolved configuration (OmegaConf.resolve)"
            )
        found = found[key]
    return _resolve(found, tree, depth + 1)
