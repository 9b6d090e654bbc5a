"""Small checkpoints in the layout of their frameworks, with random weights."""

from __future__ import annotations

import json
import pickle
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from takt_export.networks.act import ActConfig, ActNetwork
from takt_export.networks.unet1d import ConditionalUnet, UnetConfig

STATE, ENVIRONMENT = "observation.state", "observation.environment_state"


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, tensor in tensors.items():
        raw = tensor.detach().float().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def statistics(sizes: Mapping[str, int]) -> dict[str, dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(5)
    found = {}
    for name, size in sizes.items():
        low = -1.0 - torch.rand(size, generator=generator)
        high = 1.0 + torch.rand(size, generator=generator)
        std = 0.5 + torch.rand(size, generator=generator)
        found[name] = {"min": low, "max": high, "mean": (low + high) / 2, "std": std}
    return found


def act_config() -> ActConfig:
    return ActConfig(
        action_size=7, chunk=6, state_size=7, environment_size=3, cameras=0, backbone="resnet18",
        width=16, heads=2, feedforward=32, encoder_layers=1, decoder_layers=1, latent_size=4,
        pre_norm=False, activation="relu",
    )  # fmt: skip


def random_network(network: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(3)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.eval()


def _lerobot_config(kind: str, modes: Mapping[str, str], **values: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "input_features": {
            ENVIRONMENT: {"type": "ENV", "shape": [3]},
            STATE: {"type": "STATE", "shape": [7]},
        },
        "output_features": {"action": {"type": "ACTION", "shape": [7]}},
        "normalization_mapping": dict(modes),
        **values,
    }


def _write_lerobot(
    folder: Path,
    config: Mapping[str, Any],
    weights: Mapping[str, torch.Tensor],
    old: bool,
    steps: Sequence[Mapping[str, Any]] = (),
) -> None:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    values = statistics({STATE: 7, ENVIRONMENT: 3, "action": 7})
    tensors = dict(weights)
    if old:
        for name, one in values.items():
            module = "unnormalize_outputs" if name == "action" else "normalize_inputs"
            for key, value in one.items():
                tensors[f"{module}.buffer_{name.replace('.', '_')}.{key}"] = value
    else:
        flat = {
            f"{name}.{key}": value for name, one in values.items() for key, value in one.items()
        }
        for file, step in (("pre", "normalizer_processor"), ("post", "unnormalizer_processor")):
            state = f"policy_{file}processor_step_0_{step}.safetensors"
            write_safetensors(folder / state, flat)
            entry = {
                "registry_name": step,
                "config": {"eps": 1e-8, "norm_map": config["normalization_mapping"]},
                "state_file": state,
            }
            content = {"name": f"policy_{file}processor", "steps": [*steps, entry]}
            (folder / f"policy_{file}processor.json").write_text(json.dumps(content))
    write_safetensors(folder / "model.safetensors", tensors)


def write_lerobot_act(
    folder: Path, old: bool = False, steps: Sequence[Mapping[str, Any]] = ()
) -> ActNetwork:
    """An ACT policy without cameras."""
    sizes = act_config()
    network = ActNetwork(sizes)
    random_network(network)
    weights = {f"model.{key}": value for key, value in network.state_dict().items()}
    weights["model.vae_encoder_cls_embed.weight"] = torch.zeros(1, sizes.width)
    modes = dict.fromkeys(("VISUAL", "STATE", "ENV", "ACTION"), "MEAN_STD")
    config = _lerobot_config(
        "act", modes, chunk_size=6, n_action_steps=4, vision_backbone="resnet18", dim_model=16,
        n_heads=2, dim_feedforward=32, n_encoder_layers=1, n_decoder_layers=1, latent_dim=4,
        pre_norm=False, feedforward_activation="relu", replace_final_stride_with_dilation=0,
    )  # fmt: skip
    _write_lerobot(folder, config, weights, old, steps)
    return network


def write_lerobot_diffusion(folder: Path, old: bool = False) -> ConditionalUnet:
    """A Diffusion policy without cameras."""
    network = ConditionalUnet(UnetConfig(7, 20, 8, (16, 16), 3, 8, True))
    random_network(network)
    weights = {
        "diffusion.unet." + re.sub(r"blocks\.([01])\.block", _lerobot_block, key): value
        for key, value in network.state_dict().items()
    }
    modes = {"STATE": "MIN_MAX", "ENV": "MEAN_STD", "ACTION": "MIN_MAX", "VISUAL": "MEAN_STD"}
    config = _lerobot_config(
        "diffusion", modes, n_obs_steps=2, horizon=8, n_action_steps=4, down_dims=[16, 16],
        kernel_size=3, n_groups=8, diffusion_step_embed_dim=8, use_film_scale_modulation=True,
        use_separate_rgb_encoder_per_camera=False, spatial_softmax_num_keypoints=4,
        noise_scheduler_type="DDIM", num_train_timesteps=20, num_inference_steps=5,
        beta_schedule="squaredcos_cap_v2", beta_start=1e-4, beta_end=0.02,
        prediction_type="epsilon", clip_sample=True, clip_sample_range=1.0,
    )  # fmt: skip
    _write_lerobot(folder, config, weights, old)
    return network


def _lerobot_block(match: re.Match[str]) -> str:
    return f"conv{int(match[1]) + 1}.block"


class DictConfig:
    """Pickled under the name of OmegaConf's class, which is not installed for the tests."""

    def __init__(self, content: Any) -> None:
        self._content = content


class AnyNode:
    def __init__(self, value: Any) -> None:
        self._val = value


def omega(value: Any) -> Any:
    """Plain containers as OmegaConf keeps them."""
    if isinstance(value, dict):
        return DictConfig({key: omega(one) for key, one in value.items()})
    if isinstance(value, list):
        return DictConfig([omega(one) for one in value])
    return AnyNode(value)


def write_diffusion_policy(file: Path, changes: Mapping[str, Any] | None = None) -> ConditionalUnet:
    """A low-dimensional policy of 4 observed numbers and 2 actions."""
    network = ConditionalUnet(UnetConfig(2, 8, 8, (16, 16), 3, 8, True))
    random_network(network)
    weights = {
        "model." + re.sub(r"((?:up|down)_modules\.\d+\.2)\.", r"\1.conv.", key): value
        for key, value in network.state_dict().items()
    }
    for name, size in (("obs", 4), ("action", 2)):
        base = f"normalizer.params_dict.{name}."
        weights[base + "scale"] = torch.linspace(0.5, 2.0, size)
        weights[base + "offset"] = torch.linspace(-0.3, 0.4, size)
        weights[base + "input_stats.min"] = -torch.ones(size)
        weights[base + "input_stats.max"] = torch.ones(size)
    package = "diffusion_policy.policy.diffusion_unet_lowdim_policy"
    policy = {
        "_target_": f"{package}.DiffusionUnetLowdimPolicy",
        "model": {
            "diffusion_step_embed_dim": 8, "down_dims": [16, 16], "kernel_size": 3,
            "n_groups": 8, "cond_predict_scale": True,
        },
        "noise_scheduler": {
            "_target_": "diffusers.schedulers.scheduling_ddpm.DDPMScheduler",
            "num_train_timesteps": 20, "beta_schedule": "squaredcos_cap_v2",
            "variance_type": "fixed_small", "clip_sample": True, "prediction_type": "epsilon",
        },
        "horizon": "${horizon}", "obs_dim": 4, "action_dim": 2, "n_action_steps": 4,
        "n_obs_steps": 2, "num_inference_steps": 20, "obs_as_global_cond": True,
        "pred_action_steps_only": False, "oa_step_convention": True,
        **(changes or {}),
    }  # fmt: skip
    config = omega({"policy": policy, "horizon": 8, "training": {"use_ema": True}})
    payload = {"cfg": config, "state_dicts": {"ema_model": weights}, "pickles": {"epoch": b"x"}}
    torch.save(payload, file)
    return network


def write_act(folder: Path) -> ActNetwork:
    """A checkpoint of the act repository; one camera, whose backbone is the largest part."""
    folder.mkdir()
    sizes = ActConfig(4, 5, 4, 0, 1, "resnet18", 16, 2, 32, 2, 1, 4, False, "relu")
    torch.manual_seed(3)
    network = ActNetwork(sizes).eval()
    names = (
        (r"^encoder\.", "transformer.encoder."),
        (r"^decoder_pos_embed\.", "query_embed."),
        (r"^decoder\.", "transformer.decoder."),
        (r"^encoder_img_feat_input_proj\.", "input_proj."),
        (r"^encoder_robot_state_input_proj\.", "input_proj_robot_state."),
        (r"^encoder_latent_input_proj\.", "latent_out_proj."),
        (r"^encoder_1d_feature_pos_embed\.", "additional_pos_embed."),
        (r"^backbone\.", "backbones.0.0.body."),
    )
    for attention in network.modules():
        if hasattr(attention, "in_proj_weight"):
            torch.nn.init.normal_(attention.in_proj_weight, std=0.3)
    weights: dict[str, torch.Tensor] = {}
    for key, value in network.state_dict().items():
        name = next((re.sub(p, r, key) for p, r in names if re.match(p, key)), key)
        if not name.endswith("num_batches_tracked"):
            weights[f"model.{name}"] = value
    weights["model.is_pad_head.weight"] = torch.zeros(1, 16)
    weights["model.encoder.layers.0.linear1.bias"] = torch.zeros(32)
    weights["model.transformer.decoder.layers.1.linear1.bias"] = torch.zeros(32)
    torch.save(weights, folder / "policy_best.ckpt")
    numbers = {
        f"{name}_{kind}": np.linspace(low, 1.5, 4, dtype=np.float32)
        for name in ("qpos", "action")
        for kind, low in (("mean", -1.0), ("std", 0.5))
    }
    with (folder / "dataset_stats.pkl").open("wb") as file:
        pickle.dump({**numbers, "example_qpos": np.zeros((3, 4))}, file)
    return network
