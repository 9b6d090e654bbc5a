"""A bundle in plain words: what it sees, what it does, how it samples, where it comes from."""

from __future__ import annotations

from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.schema import MeasuredSuccess, PolicySpec
from takt_policy.describe.actions import action_in_words, horizons_in_words
from takt_policy.describe.inputs import input_in_words
from takt_policy.describe.sampling import extras_in_words, family_in_words, sampler_in_words

__all__ = [
    "action_in_words",
    "describe",
    "extras_in_words",
    "family_in_words",
    "input_in_words",
    "sampler_in_words",
]

Section = tuple[str, list[str]]


def describe(bundle: Bundle) -> list[Section]:
    """Headings with their lines."""
    spec = bundle.spec
    streamed = [input_in_words(one) for one in spec.inputs if not one.is_goal]
    goals = [input_in_words(one) for one in spec.goal_inputs]
    sections = [
        ("What it is", _identity(bundle)),
        ("What it sees", [*streamed, *_references(spec)]),
        ("What it is told", goals),
        ("What it feels during a chunk", [input_in_words(one) for one in spec.fast_inputs]),
        ("What it does", [*map(action_in_words, spec.actions), horizons_in_words(spec.horizons)]),
        ("How it gets there", [sampler_in_words(spec.sampler), *extras_in_words(spec)]),
        ("Where it comes from", _provenance(spec)),
        ("Files", _files(bundle)),
    ]
    return [(heading, lines) for heading, lines in sections if lines]


def _identity(bundle: Bundle) -> list[str]:
    spec = bundle.spec
    lines = [f"{spec.name}: {spec.description}" if spec.description else spec.name]
    return [
        *lines,
        f"family {spec.family}: {family_in_words(spec)}",
        f"content {bundle.hash[:16]}…, at {bundle.path}",
    ]


def _references(spec: PolicySpec) -> list[str]:
    known = {
        "Where the tool is": spec.reference_pose,
        "Where the joints are": spec.reference_joints,
        "How far the gripper is open": spec.reference_width,
    }
    return [f"{what}, it knows from {name!r}." for what, name in known.items() if name]


def _provenance(spec: PolicySpec) -> list[str]:
    p = spec.provenance
    known = {
        "data set": p.dataset_hash,
        "training commit": p.training_commit,
        "seed": "" if p.seed is None else str(p.seed),
        "device": p.device,
        "created": p.created,
        "derived": p.derived,
        "precision": p.precision,
    }
    lines = [f"{key}: {value}" for key, value in known.items() if value]
    lines += [_success(one) for one in p.success]
    if not p.success:
        lines.append("measured success: none recorded")
    return lines


def _success(one: MeasuredSuccess) -> str:
    low, high = one.interval
    setting = f" ({one.setting})" if one.setting else ""
    return (
        f"measured success at {one.task}: {one.successes} of {one.episodes} episodes, "
        f"{100 * one.successes / one.episodes:.0f} %, 95 % interval {100 * low:.0f} to "
        f"{100 * high:.0f} %{setting}"
    )


def _files(bundle: Bundle) -> list[str]:
    names = [f"{graph}.onnx" for graph in bundle.spec.graphs]
    found = [bundle.path / name for name in names if (bundle.path / name).is_file()]
    lines = [f"{one.name}: {one.stat().st_size / 1e6:.2f} MB" for one in found]
    total = sum(one.stat().st_size for one in bundle.path.rglob("*") if one.is_file())
    return [*lines, f"whole bundle: {total / 1e6:.2f} MB"]
