"""The stages of `make train`, each idempotent; ``workshop`` says what they leave behind."""

from __future__ import annotations

import datetime
import hashlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from takt_core.errors import TaktError
from takt_policy.bundle import PolicySpec, Provenance, load_bundle
from takt_training.collect import (
    FELT_SEEDS,
    LEARNER_SEEDS,
    TRAINING_SEEDS,
    CollectConfig,
    collect,
)
from takt_training.measure import measure
from takt_training.recipes.base import Recipe
from takt_training.recipes.registry import recipe_named
from takt_training.scale import Scale

if TYPE_CHECKING:
    from takt_training.heads.base import GraphSource, Head
    from takt_training.workshop import Workshop

STAGES = ("collect", "see", "heads", "export", "evaluate")


@dataclass
class Pipeline:
    """The policies of one recipe, from a seed to measured bundles.

    Attributes:
        work: folder for intermediate files.
        models: folder for the bundles.
        only: heads to train and export; empty: all of the recipe's.
        actor: bundle that acts while the teacher labels.
    """

    recipe: Recipe
    work: Path
    models: Path
    scale: Scale
    only: tuple[str, ...] = ()
    seed: int = 0
    workers: int = 2
    threads: int = 0
    device: str = "auto"
    evaluation_episodes: int = 0
    actor: str = ""

    @staticmethod
    def named(recipe: str, **options: Any) -> Pipeline:
        """For the recipe of that name."""
        return Pipeline(recipe_named(recipe), **options)

    def __post_init__(self) -> None:
        if unknown := [one for one in self.only if one not in self.recipe.heads]:
            raise TaktError(
                f"--only {unknown[0]!r}; recipe {self.recipe.name} has "
                f"{', '.join(self.recipe.heads)}"
            )

    @property
    def heads(self) -> tuple[str, ...]:
        """Those to train, in the recipe's order."""
        return tuple(one for one in self.recipe.heads if not self.only or one in self.only)

    # Stages

    def collect(self) -> None:
        """Demonstrations; different seeds, and a policy that acts, share no episode."""
        first = TRAINING_SEEDS * (self.seed + 1)
        usual = CollectConfig(
            recipe=self.recipe.name,
            episodes=round(self.recipe.effort * self.scale.episodes),
            per_shard=self.scale.per_shard,
            first_seed=first + (LEARNER_SEEDS if self.actor else 0),
            workers=self.workers,
            bundle=self.actor,
        )
        collect(usual, self.work / "data", _say)
        if self.recipe.fast_inputs() and not self.actor:
            felt = replace(
                usual,
                felt=True,
                first_seed=first + FELT_SEEDS,
                episodes=self.scale.felt_episodes,
                per_shard=self.scale.felt_per_shard,
            )
            collect(felt, self.work / "data", _say)

    def see(self) -> None:
        """The cameras' networks, and what they see."""
        self._workshop.learn_to_see(_say)

    def train(self) -> None:
        """Everything that acts on what they see."""
        for name in self.heads:
            self._train(name)

    def export(self) -> None:
        """The bundles, without their measured success."""
        for name in self.recipe.heads:
            head = self._head(name)
            extras = [one for one in self.recipe.heads if name in self._head(one).follows]
            if head.follows or not (set(self.heads) & {name, *extras}):
                continue
            self._export(head, [self._head(one) for one in extras])

    def evaluate(self) -> None:
        """Success on seeds that no demonstration has, entered into the bundles."""
        episodes = self.evaluation_episodes or self.scale.evaluation_episodes
        for name in self.heads:
            if self._head(name).follows:
                continue
            bundle = self.bundle(name)
            done = [one.episodes for one in load_bundle(bundle).spec.provenance.success]
            if done and max(done) >= episodes:
                _say(f"{bundle} is measured already, on {max(done)} episodes")
                continue
            results = self.work / f"episodes_{name}.jsonl"
            made = measure(bundle, self.recipe.task, episodes, results, self.workers)
            found = made.spec.provenance.success[-1]
            _say(f"{bundle}: {found.successes} of {found.episodes}; {found.setting}")

    def run(self, stage: str) -> None:
        """One stage by its name."""
        stages = {
            "collect": self.collect,
            "see": self.see,
            "heads": self.train,
            "export": self.export,
            "evaluate": self.evaluate,
        }
        stages[stage]()

    # One head

    def bundle(self, head: str) -> Path:
        """Where its bundle lies."""
        name = self.recipe.name
        return self.models / (f"{name}.takt" if head == "diffusion" else f"{name}_{head}.takt")

    def _train(self, name: str) -> None:
        import torch

        head, shop = self._head(name), self._workshop
        stage = replace(head.stage, steps=max(2, round(head.stage.steps * self.scale.steps)))
        made_from = self._made_from(head, stage.steps)
        if _is_current(shop.record(name), made_from):
            _say(f"{shop.weights_path(name)} is there already")
            return
        torch.manual_seed(self.seed)
        if self.threads:
            torch.set_num_threads(self.threads)
        material = shop.material
        needed = {one: shop.weights(one) for one in head.follows}
        material = replace(material, weights={**material.weights, **needed})
        learned = head.train(material, stage, _say).cpu()
        shop.keep(name, learned.state_dict(), made_from)

    def _export(self, head: Head, extras: list[Head]) -> None:
        import torch

        from takt_training.export import export

        shop = self._workshop
        made_from = shop.record(head.name)
        if not made_from:
            raise TaktError(
                f"{shop.weights_path(head.name)} is missing; run the stage `heads` first"
            )
        heads = [head, *(one for one in extras if shop.record(one.name))]
        path = self.bundle(head.name)
        mark = shop.weights_path(head.name).with_suffix(".exported")
        state = _digest([shop.weights_path(one.name) for one in heads])
        if mark.exists() and mark.read_text() == state + _digest(sorted(path.glob("*.onnx"))):
            _say(f"{path} is there already")
            return
        spec: PolicySpec = replace(shop.shapes.spec, provenance=_provenance(made_from))
        for one in heads:
            spec = one.specification(shop.shapes, spec)
        observation, normalizers = shop.example(), dict(shop.shapes.scales.normalizers)
        fast = {}
        if spec.fast_inputs:
            felt = shop.material.felt
            assert felt is not None
            normalizers |= felt.normalizers
            batch = felt.draw(1)
            fast = {
                one.name: value.numpy()
                for one, value in zip(felt.inputs, batch.inputs, strict=True)
            }
        examples = {
            name: torch.from_numpy(value).repeat(2, *[1] * (value.ndim - 1))
            for name, value in (observation | fast).items()
        }
        graphs: dict[str, GraphSource] = {}
        for one in heads:
            networks = one.networks(shop.shapes)
            networks.load_state_dict(shop.weights(one.name))
            graphs |= one.graphs(networks.eval(), spec, examples)
        made = export(graphs, spec, normalizers, observation, fast, path)
        mark.write_text(state + _digest(sorted(path.glob("*.onnx"))))
        size = sum(file.stat().st_size for file in path.iterdir()) / 1e6
        _say(f"{path}: {made.hash[:12]}, {size:.1f} MB")

    # What belongs to what

    @cached_property
    def _workshop(self) -> Workshop:
        from takt_training.learning import StageConfig, TrainConfig
        from takt_training.workshop import Workshop

        config = TrainConfig(device=self.device, threads=self.threads, seed=self.seed)
        see = StageConfig(self.scale.see_steps, 64, 2e-3)
        return Workshop(self.recipe, self.work, config, see)

    def _head(self, name: str) -> Head:
        from takt_training.heads.registry import head_named

        return head_named(name)

    def _made_from(self, head: Head, steps: int) -> dict[str, Any]:
        shop = self._workshop
        before = {one: _digest([shop.weights_path(one)]) for one in head.follows}
        return {
            "dataset_hash": shop.whole_hash if head.needs_touch else shop.seen_hash,
            "seen": _digest([shop.seen_path]),
            "follows": before,
            "seed": self.seed,
            "steps": steps,
            "commit": _commit(),
            "device": _device(self.device),
        }


def _is_current(before: Mapping[str, Any], made_from: Mapping[str, Any]) -> bool:
    same = ("dataset_hash", "seen", "follows", "seed", "steps")
    return bool(before) and all(before.get(key) == made_from[key] for key in same)


def _digest(paths: list[Path]) -> str:
    """SHA-256 over files' contents; those that are missing do not count."""
    digest = hashlib.sha256()
    for path in paths:
        if path.exists():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _say(line: str) -> None:
    print(line, flush=True)


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
