"""The graphs of a bundle around a checkpoint's networks.

In front: the robot's streams become the features that the network was trained with. Behind: the
network's action vector becomes that of the bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from takt_export.mapping.inputs import Wiring
from takt_export.mapping.schema import Part
from takt_export.rotations import rotation_from_6d

Network = Callable[..., Tensor]


class FeatureMaker(nn.Module):
    """The bundle's inputs (B, T, *shape) to the checkpoint's features (B, T, *shape)."""

    def __init__(self, wiring: Wiring, history: int) -> None:
        super().__init__()
        self.wiring = wiring
        self.history = history

    def forward(self, *inputs: Tensor) -> list[Tensor]:
        return [
            torch.cat([_piece(inputs[place], part) for place, part in parts], dim=-1)
            if len(parts) > 1
            else _piece(inputs[parts[0][0]], parts[0][1])
            for parts in self.wiring.features
        ]


def _piece(value: Tensor, part: Part) -> Tensor:
    if part.is_image:
        return value.to(torch.float32) / 255.0
    if part.take == "position":
        value = value[..., :3]
    elif part.take != "values":
        value = rotation_from_6d(part.take, value[..., 3:])
    if part.select is not None:
        value = value[..., list(part.select)]
    if part.scale != 1.0:
        value = value * part.scale
    return value if part.offset == 0.0 else value + part.offset


class ObservingGraph(nn.Module):
    """``encode`` of a bundle: inputs in, what the network makes of their features out."""

    def __init__(self, maker: FeatureMaker, network: Network) -> None:
        super().__init__()
        self.maker = maker
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        result: Tensor = self.network(*self.maker(*inputs))
        return result


class ActionLayout:
    """Where the numbers of the bundle's action vector are in the checkpoint's.

    Args:
        places: for each number of the bundle, its place in the checkpoint; None is constant.
        signs: 1 or -1 for each number of the bundle.
    """

    def __init__(self, places: Sequence[int | None], signs: Sequence[float]) -> None:
        self.places = list(places)
        self.signs = torch.tensor(list(signs), dtype=torch.float32)
        self.kept = [place for place, source in enumerate(self.places) if source is not None]

    @property
    def is_plain(self) -> bool:
        """Whether both vectors are the same."""
        return len(self.kept) == len(self.places) and bool((self.signs == 1.0).all())

    def to_checkpoint(self, values: Tensor) -> Tensor:
        """Actions (..., D) of the bundle as the network has them."""
        return (values * self.signs)[..., self.kept]

    def to_bundle(self, values: Tensor, constant: Tensor | None = None) -> Tensor:
        """Actions of the network as the bundle has them, (..., D).

        Args:
            constant: (..., D), values of the numbers that the network does not have; absent: 0.
        """
        columns = []
        for place, source in enumerate(self.places):
            if source is not None:
                columns.append(values[..., source : source + 1])
            elif constant is not None:
                columns.append(constant[..., place : place + 1])
            else:
                columns.append(torch.zeros_like(values[..., :1]))
        return torch.cat(columns, dim=-1) * self.signs


class PredictingGraph(nn.Module):
    """``predict`` of a bundle."""

    def __init__(self, maker: FeatureMaker, network: Network, layout: ActionLayout) -> None:
        super().__init__()
        self.maker = maker
        self.network = network
        self.layout = layout

    def forward(self, *inputs: Tensor) -> Tensor:
        actions: Tensor = self.network(*self.maker(*inputs))
        return actions if self.layout.is_plain else self.layout.to_bundle(actions)


class DenoisingGraph(nn.Module):
    """``denoise`` of a bundle.

    Numbers that the network does not have are constant, so the estimate of their clean value is
    always 0, whatever is sampled.

    Args:
        gains: (training steps,) what the prediction is of a noisy value whose clean one is 0.
    """

    def __init__(self, network: Network, layout: ActionLayout, gains: Tensor) -> None:
        super().__init__()
        self.network = network
        self.layout = layout
        self.register_buffer("gains", gains.float(), persistent=False)
        self.gains: Tensor

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        if self.layout.is_plain:
            plain: Tensor = self.network(x, t, condition)
            return plain
        prediction = self.network(self.layout.to_checkpoint(x), t, condition)
        constant = x * self.layout.signs * self.gains[t][:, None, None]
        return self.layout.to_bundle(prediction, constant)
