"""The stages of `make train`, each idempotent, with what they leave in the work folder.

data/*.npz       demonstrations (collect)
weights.pt       averaged weights (train)
normalizer.npz   offsets and scales, and example.npz, one observation (train)
train.json       what the weights were made from (train)
"""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_policy.bundle import Normalizer, PolicySpec, Provenance, load_bundle
from takt_policy.bundle.normalizer import load_normalizers, save_normalizers
from takt_policy.samplers import NoiseSchedule
from takt_training.collect import LEARNER_SEEDS, TRAINING_SEEDS, CollectConfig, collect
from takt_training.evaluate import EvaluateConfig, enter_success, evaluate
from takt_training.reference import specification
from takt_training.shards import Arrays, dataset_hash, load_shards

STAGES = ("collect", "train", "export", "evaluate")


@dataclass(frozen=True)
class Scale:
    """How much of everything.

    Attributes:
        episodes, per_shard: demonstrations.
        see_steps, act_steps: optimiser steps of both stages of training.
        evaluation_episodes: of the evaluation.
    """

    name: str
    episodes: int
    per_shard: int
    see_steps: int
    act_steps: int
    evaluation_episodes: int

    @staticmethod
    def named(name: str) -> Scale:
        """``full`` is the published policy; ``tiny`` only shows that the stages work."""
        scales = {
            "full": Scale("full", 280, 7, 1000, 6000, 150),
            "tiny": Scale("tiny", 20, 5, 20, 40, 2),
        }
        if name not in scales:
            raise TaktError(f"scale {name!r}; allowed: {', '.join(scales)}")
        return scales[name]


@dataclass(frozen=True)
class Pipeline:
    """The reference policy, from a seed to a measured bundle."""

    work: Path
    bundle: Path
    scale: Scale
    seed: int = 0
    workers: int = 2
    threads: int = 0
    device: str = "auto"
    evaluation_episodes: int = 0
    actor: str = ""

    def collect(self) -> None:
        """Demonstrations; different seeds, and a policy that acts, share no episode."""
        config = CollectConfig(
            episodes=self.scale.episodes,
            per_shard=self.scale.per_shard,
            first_seed=TRAINING_SEEDS * (self.seed + 1) + (LEARNER_SEEDS if self.actor else 0),
            workers=self.workers,
            bundle=self.actor,
        )
        collect(config, self._data, _say)

    def train(self) -> None:
        """Weights, with everything that export needs."""
        paths = self._shards()
        made_from = self._made_from(paths)
        if self._is_current(made_from):
            _say(f"{self._weights} is there already")
            return
        from takt_training.dataset import model_config, training_set
        from takt_training.learning import TrainConfig
        from takt_training.train import train

        spec = specification()
        arrays = load_shards(paths)
        example = _example(spec, arrays)
        alpha_bar = NoiseSchedule.squared_cosine(spec.require_sampler().training_steps).alpha_bar
        data = training_set(spec, arrays, alpha_bar)
        usual = TrainConfig()
        config = replace(
            usual,
            see=replace(usual.see, steps=self.scale.see_steps),
            act=replace(usual.act, steps=self.scale.act_steps),
            device=self.device,
            threads=self.threads,
            seed=self.seed,
        )
        train(data, model_config(spec), config, self._weights, _say, made_from["dataset_hash"])
        save_normalizers(self.work / "normalizer.npz", data.normalizers)
        normal = {
            name: value if spec.normalizer[name] == "identity"
            else data.normalizers[name].normalize(value)
            for name, value in example.items()
        }  # fmt: skip
        np.savez(self.work / "example.npz", **normal)  # type: ignore[arg-type]
        self._record.write_text(json.dumps(made_from, indent=1) + "\n", encoding="utf-8")

    def export(self) -> None:
        """The bundle, without its measured success."""
        if not self._record.exists():
            raise TaktError(f"{self._record} is missing; run the stage `train` first")
        made_from = json.loads(self._record.read_text(encoding="utf-8"))
        weights = hashlib.sha256(self._weights.read_bytes()).hexdigest()
        mark = self.work / "exported.txt"
        if mark.exists() and mark.read_text() == weights + self._graphs():
            _say(f"{self.bundle} is there already")
            return
        import torch

        from takt_training.dataset import model_config
        from takt_training.export import export
        from takt_training.train import networks_of

        spec = replace(specification(), provenance=_provenance(made_from))
        alpha_bar = NoiseSchedule.squared_cosine(spec.require_sampler().training_steps).alpha_bar
        networks = networks_of(model_config(spec), torch.as_tensor(alpha_bar))
        networks.load_state_dict(torch.load(self._weights, weights_only=True))
        with np.load(self.work / "example.npz", allow_pickle=False) as archive:
            example = {name: archive[name] for name in archive.files}
        normalizers: Mapping[str, Normalizer] = load_normalizers(self.work / "normalizer.npz", spec)
        made = export(networks, spec, normalizers, example, self.bundle)
        mark.write_text(weights + self._graphs())
        _say(f"{self.bundle}: {made.hash[:12]}")

    def evaluate(self) -> None:
        """Success on seeds that no demonstration has, entered into the bundle."""
        episodes = self.evaluation_episodes or self.scale.evaluation_episodes
        done = [one.episodes for one in load_bundle(self.bundle).spec.provenance.success]
        if done and max(done) >= episodes:
            _say(f"{self.bundle} is measured already, on {max(done)} episodes")
            return
        config = EvaluateConfig(str(self.bundle), episodes=episodes, workers=self.workers)
        enter_success(config, evaluate(config, _say))

    def _graphs(self) -> str:
        """Hashes of the bundle's graphs; empty if there is none."""
        graphs = sorted(self.bundle.glob("*.onnx"))
        return "".join(hashlib.sha256(graph.read_bytes()).hexdigest() for graph in graphs)

    # Files

    @property
    def _data(self) -> Path:
        return self.work / "data"

    @property
    def _weights(self) -> Path:
        return self.work / "weights.pt"

    @property
    def _record(self) -> Path:
        return self.work / "train.json"

    def _shards(self) -> list[Path]:
        paths = sorted(self._data.glob("*.npz"))
        if not paths:
            raise TaktError(f"{self._data} has no demonstrations; run the stage `collect` first")
        return paths

    def _made_from(self, paths: Sequence[Path]) -> dict[str, Any]:
        return {
            "dataset_hash": dataset_hash(paths),
            "seed": self.seed,
            "scale": self.scale.name,
            "see_steps": self.scale.see_steps,
            "act_steps": self.scale.act_steps,
            "commit": _commit(),
            "device": _device(self.device),
        }

    def _is_current(self, made_from: Mapping[str, Any]) -> bool:
        if not (self._record.exists() and self._weights.exists()):
            return False
        before = json.loads(self._record.read_text(encoding="utf-8"))
        same = ("dataset_hash", "seed", "see_steps", "act_steps")
        return all(before.get(key) == made_from[key] for key in same)


def _say(line: str) -> None:
    print(line, flush=True)


def _example(spec: PolicySpec, arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    """One observation from the middle of the data, as the encode graph gets it but in units."""
    middle = len(arrays["reference"]) // 2
    return {
        one.name: arrays[f"input/{one.name}"][middle : middle + 1].astype(one.dtype)
        for one in spec.inputs
    }


def _provenance(made_from: Mapping[str, Any]) -> Provenance:
    return Provenance(
        dataset_hash=made_from["dataset_hash"],
        training_commit=made_from["commit"],
        seed=made_from["seed"],
        device=made_from["device"],
        created=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    )


def _commit() -> str:
    """The commit of the code that trains, with a mark if the code differs from it."""
    here = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--", "."],
            cwd=here, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+changes" if changed else "")


def _device(name: str) -> str:
    import torch

    from takt_training.learning import training_device

    device = training_device(name)
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    return f"CPU, torch {torch.__version__}"
