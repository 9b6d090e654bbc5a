"""Modules and functions of a user as modules that can be traced, tried once before they are."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from takt_export.errors import ExportError
from takt_policy.bundle import PolicySpec
from takt_policy.model import CONDITION, graph_inputs, graph_output

Array = npt.NDArray[Any]
Function = Callable[..., torch.Tensor]


class _FunctionModule(nn.Module):
    """A function as a module, which is what tracing wants."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function
        # Their weights must be known as such, and not as constants that want gradients.
        self.used = nn.ModuleList(_modules_of(function))

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(*inputs)


def _modules_of(function: Function) -> list[nn.Module]:
    """Networks that a function works with: of its object, of those around it, of its file."""
    owner = getattr(function, "__self__", function)
    found = [owner]
    if not isinstance(owner, nn.Module):
        found += getattr(owner, "__dict__", {}).values()
    if inspect.isfunction(function) or inspect.ismethod(function):
        names = inspect.getclosurevars(function)
        found += [*names.nonlocals.values(), *names.globals.values()]
    return [one for one in found if isinstance(one, nn.Module)]


def as_module(given: nn.Module | Function) -> nn.Module:
    """On the CPU, in evaluation mode, without gradients."""
    module = given if isinstance(given, nn.Module) else _FunctionModule(given)
    return module.cpu().eval().requires_grad_(False)


def check_examples(
    spec: PolicySpec, observation: Mapping[str, Array], fast: Mapping[str, Array]
) -> None:
    """Compares the examples with the inputs that the specification names.

    Raises:
        ExportError: one is missing, or not of shape (1, history, *shape) and the input's dtype.
    """
    for what, inputs, given in (
        ("observation", spec.inputs, observation),
        ("fast_observation", spec.fast_inputs, fast),
    ):
        names = ", ".join(one.name for one in inputs)
        for one in inputs:
            if one.name not in given:
                raise ExportError(
                    f"{what} lacks {one.name!r}; give one example for each of {names}"
                )
            wanted = (1, *one.array_shape)
            if np.shape(given[one.name]) != wanted:
                raise ExportError(
                    f"{what}[{one.name!r}] has shape {list(np.shape(given[one.name]))}; the "
                    f"specification says {list(wanted)}: one example, its time steps, its shape"
                )
            if given[one.name].dtype != one.dtype:
                raise ExportError(
                    f"{what}[{one.name!r}] is {given[one.name].dtype}; the specification says "
                    f"{one.dtype}"
                )


@torch.no_grad()
def try_once(
    spec: PolicySpec, graph: str, module: nn.Module, feed: Mapping[str, Array]
) -> torch.Tensor:
    """Calls a module as its graph will be called.

    Args:
        feed: inputs of the graph by name, (batch, ...) each.

    Returns:
        Its output (batch, ...).

    Raises:
        ExportError: it fails, or what it gives is not one float32 tensor of the shape that the
            specification implies.
    """
    names = graph_inputs(spec, graph)
    tensors = [torch.from_numpy(np.asarray(feed[name])) for name in names]
    called = ", ".join(
        f"{name} {list(one.shape)} {str(one.dtype).removeprefix('torch.')}"
        for name, one in zip(names, tensors, strict=True)
    )
    try:
        found: Any = module(*tensors)
    except Exception as error:
        raise ExportError(
            f"the module for {graph!r} failed{_place(error)}, called with {called}: "
            f"{type(error).__name__}: {error}"
        ) from error
    batch = len(tensors[0])
    if not isinstance(found, torch.Tensor) or found.dtype != torch.float32:
        kind = found.dtype if isinstance(found, torch.Tensor) else type(found).__name__
        raise ExportError(
            f"the module for {graph!r}, called with {called}, gave {kind}; it must give one "
            "tensor of float32"
        )
    free = graph == "encode"
    wanted = list(found.shape[1:]) if free else list(graph_output(spec, graph))
    if list(found.shape) != [batch, *wanted]:
        raise ExportError(
            f"the module for {graph!r}, called with {called}, gave the shape "
            f"{list(found.shape)}; it must give "
            + (f"the {CONDITION} [{batch}, ...]" if free else f"{[batch, *wanted]}, which is what "
               "horizons and actions of the specification mean")
        )  # fmt: skip
    return found


def _place(error: Exception) -> str:
    """The last line of code outside PyTorch that an error came from."""
    library = Path(torch.__file__).parent
    own = (library, Path(__file__))
    frames = [
        one
        for one in traceback.extract_tb(error.__traceback__)
        if not any(Path(one.filename).is_relative_to(folder) for folder in own)
    ]
    return f" in {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
