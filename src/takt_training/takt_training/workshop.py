"""What the stages of a recipe share: its shards, what the cameras' networks see, its weights.

data/*.npz          demonstrations (collect)
seen.pt             the cameras' networks (see)
features_NAME.pt    what they see in all demonstrations to be seen or felt (see)
heads/NAME.pt       averaged weights of a head, and NAME.json, what they were made from (heads)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from takt_core.errors import TaktError
from takt_training.dataset import TrainingSet, fit_scales, training_set, vision_config
from takt_training.felt import FeltSet
from takt_training.heads.base import Material, Shapes
from takt_training.learning import Progress, StageConfig, TrainConfig, training_device
from takt_training.networks.vision import Encoder
from takt_training.recipes.base import Recipe
from takt_training.see import learn_to_see, remember, validate
from takt_training.shards import Arrays, dataset_hash, load_shards


@dataclass
class Workshop:
    """One recipe's folder."""

    recipe: Recipe
    folder: Path
    config: TrainConfig
    see: StageConfig

    # Demonstrations

    @cached_property
    def shards(self) -> list[Path]:
        """Demonstrations to look at."""
        return self._shards("teacher_*.npz") + self._shards("learner_*.npz")

    @cached_property
    def felt_shards(self) -> list[Path]:
        """Demonstrations to feel; none for recipes without fast inputs."""
        return self._shards("felt_*.npz")

    def _shards(self, pattern: str) -> list[Path]:
        return sorted((self.folder / "data").glob(pattern))

    @cached_property
    def seen_hash(self) -> str:
        return dataset_hash(self.shards)

    @cached_property
    def whole_hash(self) -> str:
        return dataset_hash(self.shards + self.felt_shards)

    @cached_property
    def _raw(self) -> Arrays:
        if not self.shards:
            raise TaktError(
                f"{self.folder / 'data'} has no demonstrations; run the stage `collect` first"
            )
        return load_shards(self.shards, images=False)

    @cached_property
    def shapes(self) -> Shapes:
        """What networks are made from."""
        spec, arrays = self.recipe.specification(), self._raw
        vision = vision_config(spec, arrays["landmark"].shape[1])
        return Shapes(spec, self.recipe.fast_inputs(), vision, fit_scales(spec, arrays))

    def example(self) -> dict[str, np.ndarray[Any, Any]]:
        """One observation from the middle of a shard, as a graph gets it."""
        shapes, arrays = self.shapes, load_shards(self.shards[:1])
        middle = len(arrays["reference"]) // 2
        found = {}
        for one in shapes.spec.inputs:
            value = arrays[f"input/{one.name}"][middle : middle + 1].astype(one.dtype)
            normalizer = shapes.scales.normalizers[one.name]
            found[one.name] = (
                value if normalizer.kind == "identity" else normalizer.normalize(value)
            )
        return found

    # The cameras' networks

    @property
    def see_key(self) -> str:
        """What they were made from."""
        return f"{self.seen_hash} {self.see} {self.config.seed}"

    @property
    def seen_path(self) -> Path:
        return self.folder / "seen.pt"

    def features_path(self, name: str) -> Path:
        """What they see in ``seen`` or ``felt`` demonstrations."""
        return self.folder / f"features_{name}.pt"

    def learn_to_see(self, progress: Progress) -> None:
        """Trains them and looks at everything, unless that was done."""
        torch.manual_seed(self.config.seed)
        if self.config.threads:
            torch.set_num_threads(self.config.threads)
        encoder = Encoder(self.shapes.vision).to(training_device(self.config.device))
        if _key(self.seen_path) == self.see_key:
            encoder.load_state_dict(torch.load(self.seen_path, weights_only=True)["encoder"])
            progress(f"{self.seen_path} is there already")
        else:
            learn_to_see(encoder, self._pictures(self.shards), self.see, self.config, progress)
            _save(self.seen_path, {"key": self.see_key, "encoder": encoder.state_dict()})
        self._look(encoder, "seen", self.shards, progress)
        if self.felt_shards:
            self._look(encoder, "felt", self.felt_shards, progress)

    def _pictures(self, shards: list[Path]) -> TrainingSet:
        """With images, which take some gigabytes."""
        return training_set(self.shapes.spec, load_shards(shards), self.shapes.scales)

    def _look(self, encoder: Encoder, name: str, shards: list[Path], progress: Progress) -> None:
        path, key = self.features_path(name), f"{self.see_key} {dataset_hash(shards)}"
        if _key(path) == key:
            progress(f"{path} is there already")
            return
        data = self._pictures(shards)
        progress("result: " + validate(encoder, data, next(encoder.parameters()).device))
        _save(path, {"key": key, "features": remember(encoder, data, self.config, progress)})

    # The heads

    @cached_property
    def material(self) -> Material:
        """What heads learn from; ``weights`` are those that are there now."""
        shapes, spec = self.shapes, self.shapes.spec
        data = training_set(spec, dict(self._raw), shapes.scales)
        features = self._features("seen")
        felt, felt_features = None, None
        if self.felt_shards:
            felt_features = self._features("felt")
            arrays = load_shards(self.felt_shards, images=False)
            slow = training_set(spec, dict(arrays), shapes.scales)
            felt = FeltSet(spec, shapes.fast_inputs, slow, arrays, shapes.scales)
        eyes = torch.load(self.seen_path, weights_only=True)["encoder"]
        weights: dict[str, Mapping[str, Tensor]] = {"see": eyes}
        return Material(shapes, data, features, felt, felt_features, weights, self.config)

    def _features(self, name: str) -> Tensor:
        path = self.features_path(name)
        if not path.exists():
            raise TaktError(f"{path} is missing; run the stage `see` first")
        found: Tensor = torch.load(path, weights_only=True)["features"]
        return found

    def weights_path(self, head: str) -> Path:
        return self.folder / "heads" / f"{head}.pt"

    def record(self, head: str) -> dict[str, Any]:
        """What a head's weights were made from; empty if there are none."""
        path = self.weights_path(head).with_suffix(".json")
        if not (path.exists() and self.weights_path(head).exists()):
            return {}
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def weights(self, head: str) -> dict[str, Tensor]:
        """The averaged weights of a head.

        Raises:
            TaktError: it was not trained yet.
        """
        path = self.weights_path(head)
        if not path.exists():
            raise TaktError(f"{path} is missing; run the stage `heads` first")
        found: dict[str, Tensor] = torch.load(path, weights_only=True)
        return found

    def keep(self, head: str, state: Mapping[str, Tensor], made_from: Mapping[str, Any]) -> None:
        """Writes a head's weights and what they were made from."""
        path = self.weights_path(head)
        path.parent.mkdir(parents=True, exist_ok=True)
        _save(path, dict(state))
        path.with_suffix(".json").write_text(json.dumps(made_from, indent=1) + "\n", "utf-8")


def _key(path: Path) -> str:
    """What a file says it was made from; empty if there is none."""
    if not path.exists():
        return ""
    return str(torch.load(path, weights_only=True, mmap=True)["key"])


def _save(path: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(dict(content), part)
    part.replace(path)
