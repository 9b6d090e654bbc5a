"""Rotations of the runtime (6d, the first two columns) in the forms of other frameworks."""

from __future__ import annotations

import torch
from torch import Tensor

from takt_export.mapping.schema import Take

_SMALL = 1e-12


def rotation_from_6d(take: Take, columns: Tensor) -> Tensor:
    """A rotation (..., 6) of exact columns as ``take`` wants it."""
    first, second = columns[..., :3], columns[..., 3:]
    if take == "6d":
        return columns
    third = torch.stack(
        [
            first[..., 1] * second[..., 2] - first[..., 2] * second[..., 1],
            first[..., 2] * second[..., 0] - first[..., 0] * second[..., 2],
            first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0],
        ],
        dim=-1,
    )
    if take == "6d_rows":
        rows = torch.stack([first, second, third], dim=-1)
        return rows[..., :2, :].flatten(-2)
    quaternion = _quaternion(first, second, third)
    return quaternion if take == "quaternion" else _rotation_vector(quaternion)


def _quaternion(first: Tensor, second: Tensor, third: Tensor) -> Tensor:
    """xyzw with w >= 0, from the columns of the matrix.

    Of the four ways to take it from a matrix, the one that divides by the greatest number.
    """
    xx, yx, zx = first.unbind(-1)
    xy, yy, zy = second.unbind(-1)
    xz, yz, zz = third.unbind(-1)
    ways = torch.stack(
        [
            torch.stack([1 + xx - yy - zz, yx + xy, xz + zx, zy - yz], dim=-1),
            torch.stack([yx + xy, 1 - xx + yy - zz, zy + yz, xz - zx], dim=-1),
            torch.stack([xz + zx, zy + yz, 1 - xx - yy + zz, yx - xy], dim=-1),
            torch.stack([zy - yz, xz - zx, yx - xy, 1 + xx + yy + zz], dim=-1),
        ],
        dim=-2,
    )
    lengths = (ways * ways).sum(-1)
    best = lengths.argmax(-1, keepdim=True).unsqueeze(-1).expand(*ways.shape[:-2], 1, 4)
    chosen = ways.gather(-2, best).squeeze(-2)
    chosen = chosen / chosen.norm(dim=-1, keepdim=True).clamp_min(_SMALL)
    return torch.where(chosen[..., 3:] < 0.0, -chosen, chosen)


def _rotation_vector(quaternion: Tensor) -> Tensor:
    """[rad], of an angle of at most pi."""
    axis, w = quaternion[..., :3], quaternion[..., 3:]
    length = axis.norm(dim=-1, keepdim=True)
    angle = 2.0 * torch.atan2(length, w)
    return axis * torch.where(length > 1e-7, angle / length.clamp_min(_SMALL), 2.0)
