"""From images to features: cropping, and keypoints by spatial softmax (arXiv 1509.06113)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from takt_export.networks.resnet import ResNet

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class SpatialSoftmax(nn.Module):
    """Expected image coordinates (B, keypoints * 2), each in -1 to 1, of learnt keypoints.

    Args:
        size: height and width of the feature map.
    """

    def __init__(
        self, channels: int, size: tuple[int, int], keypoints: int, temperature: float = 1.0
    ) -> None:
        super().__init__()
        self.nets = nn.Conv2d(channels, keypoints, 1)
        self.temperature = temperature
        y, x = torch.meshgrid(
            *(torch.linspace(-1.0, 1.0, count, dtype=torch.float64) for count in size),
            indexing="ij",
        )
        grid = torch.stack([x.flatten(), y.flatten()], dim=1).float()
        self.register_buffer("grid", grid, persistent=False)
        self.grid: Tensor

    def forward(self, features: Tensor) -> Tensor:
        weights = (self.nets(features).flatten(2) / self.temperature).softmax(-1)
        return (weights @ self.grid).flatten(1)


class KeypointEncoder(nn.Module):
    """Images (B, 3, h, w) to features: backbone, keypoints, a linear layer and ReLU.

    Args:
        size: height and width of the image as the backbone sees it, after cropping.
    """

    def __init__(
        self,
        backbone: ResNet,
        size: tuple[int, int],
        keypoints: int,
        features: int,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pool = SpatialSoftmax(
            backbone.channels, backbone.map_size(*size), keypoints, temperature
        )
        self.out = nn.Linear(2 * keypoints, features)
        self.size = features

    def forward(self, images: Tensor) -> Tensor:
        return functional.relu(self.out(self.pool(self.backbone(images))))


class PooledEncoder(nn.Module):
    """Images (B, 3, h, w) to the mean of the backbone's feature map (B, channels)."""

    def __init__(self, backbone: ResNet) -> None:
        super().__init__()
        self.backbone = backbone
        self.size = backbone.channels

    def forward(self, images: Tensor) -> Tensor:
        pooled: Tensor = self.backbone(images).mean((2, 3))
        return pooled


class CentreCrop(nn.Module):
    """The middle of an image, as it is cropped when no training goes on."""

    def __init__(self, image: tuple[int, int], crop: tuple[int, int]) -> None:
        super().__init__()
        self.top, self.left = (
            round((whole - part) / 2.0) for whole, part in zip(image, crop, strict=True)
        )
        self.height, self.width = crop

    def forward(self, images: Tensor) -> Tensor:
        rows = slice(self.top, self.top + self.height)
        return images[..., rows, self.left : self.left + self.width]


class Resize(nn.Module):
    """Bilinear with anti-aliasing, as the usual image transforms do to tensors.

    It is linear and separable, so two matrices do it; ONNX has no such operator before opset 18.
    """

    def __init__(self, image: tuple[int, int], size: tuple[int, int]) -> None:
        super().__init__()
        for name, whole, wanted in zip(("rows", "columns"), image, size, strict=True):
            weights = functional.interpolate(
                torch.eye(whole)[None, None],
                (wanted, whole),
                mode="bilinear",
                align_corners=False,
                antialias=True,
            )[0, 0]
            self.register_buffer(name, weights, persistent=False)
        self.rows: Tensor
        self.columns: Tensor

    def forward(self, images: Tensor) -> Tensor:
        return self.rows @ images @ self.columns.T


class Linear(nn.Module):
    """``(x - shift) / divide * multiply + add``, in this order, as frameworks normalise.

    Values are numbers or lists that broadcast to the last axes of x; of images (3, 1, 1).
    """

    def __init__(
        self,
        shift: Tensor | float = 0.0,
        divide: Tensor | float = 1.0,
        multiply: Tensor | float = 1.0,
        add: Tensor | float = 0.0,
    ) -> None:
        super().__init__()
        values = {"shift": shift, "divide": divide, "multiply": multiply, "add": add}
        for name, value in values.items():
            tensor = torch.as_tensor(value, dtype=torch.float32).clone()
            self.register_buffer(name, tensor, persistent=False)
        self.shift: Tensor
        self.divide: Tensor
        self.multiply: Tensor
        self.add: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.shift) / self.divide * self.multiply + self.add


def per_channel(values: Sequence[float] | Tensor) -> Tensor:
    """Three numbers of an image's channels, to broadcast over its pixels."""
    return torch.as_tensor(values, dtype=torch.float32).reshape(-1, 1, 1)
