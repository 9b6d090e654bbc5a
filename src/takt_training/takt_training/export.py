"""From trained networks to a policy bundle, checked against PyTorch."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from takt_policy.bundle import Bundle, Normalizer, PolicySpec, write_bundle
from takt_training.act import Networks

OPSET = 17
Array = npt.NDArray[Any]


class EncodeGraph(nn.Module):
    """The encode graph: inputs in the order of the specification, as the runtime gives them."""

    def __init__(self, networks: Networks, spec: PolicySpec) -> None:
        super().__init__()
        self.encoder = networks.encoder
        self.is_image = [one.dtype == "uint8" for one in spec.inputs]

    def forward(self, *inputs: Tensor) -> Tensor:
        images, vectors = [], []
        for value, is_image in zip(inputs, self.is_image, strict=True):
            if is_image:
                images.append(value.to(torch.float32) / 255.0)
            else:
                vectors.append(value.flatten(1))
        condition: Tensor = self.encoder(images, vectors)
        return condition


def to_onnx(
    module: nn.Module, example: tuple[Tensor, ...], inputs: list[str], output: str
) -> bytes:
    """The module as ONNX with dynamic batch axes and the weights inside."""
    file = io.BytesIO()
    axes = {name: {0: "batch"} for name in [*inputs, output]}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but the only one that keeps a dynamic batch
        # without guards on the example's size in every PyTorch that we support.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            example,
            file,  # type: ignore[arg-type]
            input_names=inputs,
            output_names=[output],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    return file.getvalue()


def export(
    networks: Networks,
    spec: PolicySpec,
    normalizers: Mapping[str, Normalizer],
    observation: Mapping[str, Array],
    path: Path,
) -> Bundle:
    """Writes the bundle.

    Args:
        observation: one example as the encode graph gets it, (1, history, *shape) each.

    Raises:
        BundleError: ONNX and PyTorch differ by more than the specification's tolerance.
    """
    networks = networks.cpu().eval()
    encode, denoise = EncodeGraph(networks, spec).eval(), networks.denoiser
    names = [one.name for one in spec.inputs]
    # Two samples, so that no batch axis is taken for a constant 1.
    example = tuple(torch.from_numpy(np.repeat(observation[name], 2, axis=0)) for name in names)
    config = networks.encoder.config
    noise = torch.randn(2, config.horizon, config.action_dim)
    levels = torch.tensor([0, 1])
    given = torch.randn(2, config.condition_dim)
    graphs = {
        "encode": to_onnx(encode, example, names, "condition"),
        "denoise": to_onnx(denoise, (noise, levels, given), ["x", "t", "condition"], "prediction"),
    }
    return write_bundle(
        path, spec, graphs, normalizers, dict(observation), references(encode, denoise, names),
        overwrite=True,
    )  # fmt: skip


def references(
    encode: nn.Module, denoise: nn.Module, names: list[str]
) -> dict[str, Callable[..., Array]]:
    """Both networks in PyTorch, called like the graphs, for the golden pairs."""

    @torch.no_grad()
    def run_encode(**inputs: Array) -> Array:
        out: Array = encode(*(torch.from_numpy(inputs[name]) for name in names)).numpy()
        return out

    @torch.no_grad()
    def run_denoise(**inputs: Array) -> Array:
        given = (torch.from_numpy(np.asarray(inputs[n])) for n in ("x", "t", "condition"))
        out: Array = denoise(*given).numpy()
        return out

    return {"encode": run_encode, "denoise": run_denoise}
