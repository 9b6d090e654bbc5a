"""Residual networks for images (He et al., arXiv 1512.03385), with the weights' usual names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from takt_export.errors import ExportError

Norm = Literal["batch", "group"]

_DEPTHS: dict[str, tuple[tuple[int, int, int, int], bool]] = {
    "resnet18": ((2, 2, 2, 2), False),
    "resnet34": ((3, 4, 6, 3), False),
    "resnet50": ((3, 4, 6, 3), True),
    "resnet101": ((3, 4, 23, 3), True),
}
GROUP_CHANNELS = 16
"""Channels of one group where group normalisation replaces batch normalisation."""


class ResNet(nn.Module):
    """Images (B, 3, h, w) to feature maps (B, channels, h / 32, w / 32), rounded up.

    Args:
        name: e.g. ``resnet18``.
        norm: ``batch``, with stored statistics, or ``group``.

    Raises:
        ExportError: the name is not known.
    """

    def __init__(self, name: str, norm: Norm = "batch") -> None:
        super().__init__()
        if name not in _DEPTHS:
            raise ExportError(
                f"the vision backbone is {name!r}; known are {', '.join(_DEPTHS)}. Export such a "
                "network with `takt policy export module`"
            )
        depths, wide = _DEPTHS[name]
        make = _group_norm if norm == "group" else nn.BatchNorm2d
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = make(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for index, (depth, width) in enumerate(zip(depths, (64, 128, 256, 512), strict=True)):
            outgoing = width * (4 if wide else 1)
            blocks = []
            for place in range(depth):
                stride = 2 if place == 0 and index > 0 else 1
                blocks.append(_Block(channels, width, outgoing, stride, wide, make))
                channels = outgoing
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
        self.channels = channels

    def forward(self, images: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for index in range(1, 5):
            x = getattr(self, f"layer{index}")(x)
        return x

    @torch.no_grad()
    def map_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the feature map of an image."""
        found = self.eval()(torch.zeros(1, 3, height, width)).shape
        return int(found[2]), int(found[3])


class _Block(nn.Module):
    """A residual block: two 3x3 convolutions, or a bottleneck of three."""

    def __init__(
        self,
        incoming: int,
        width: int,
        outgoing: int,
        stride: int,
        wide: bool,
        make: Callable[[int], nn.Module],
    ) -> None:
        super().__init__()
        if wide:
            sizes = [(incoming, width, 1, 1), (width, width, 3, stride), (width, outgoing, 1, 1)]
        else:
            sizes = [(incoming, width, 3, stride), (width, outgoing, 3, 1)]
        self.count = len(sizes)
        for index, (start, end, kernel, step) in enumerate(sizes, start=1):
            convolution = nn.Conv2d(start, end, kernel, step, kernel // 2, bias=False)
            setattr(self, f"conv{index}", convolution)
            setattr(self, f"bn{index}", make(end))
        self.relu = nn.ReLU()
        self.downsample: nn.Sequential | None = None
        if stride != 1 or incoming != outgoing:
            self.downsample = nn.Sequential(
                nn.Conv2d(incoming, outgoing, 1, stride, bias=False), make(outgoing)
            )

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.downsample is None else self.downsample(x)
        for index in range(1, self.count + 1):
            x = getattr(self, f"bn{index}")(getattr(self, f"conv{index}")(x))
            if index < self.count:
                x = self.relu(x)
        result: Tensor = self.relu(x + skip)
        return result


def _group_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(channels // GROUP_CHANNELS, channels)
