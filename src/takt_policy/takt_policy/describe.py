"""A bundle in plain words: what it sees, what it does, how it samples, where it comes from."""

from __future__ import annotations

from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.schema import (
    ActionGroup,
    InputSpec,
    MeasuredSuccess,
    PolicySpec,
    SamplerSpec,
)

Section = tuple[str, list[str]]


def describe(bundle: Bundle) -> list[Section]:
    """Headings with their lines."""
    spec = bundle.spec
    return [
        ("What it is", _identity(bundle)),
        ("What it sees", [_input(one) for one in spec.inputs] + _reference(spec)),
        ("What it does", _actions(spec)),
        ("How it samples", [sampler_in_words(spec.sampler)]),
        ("Where it comes from", _provenance(spec)),
        ("Files", _files(bundle)),
    ]


def sampler_in_words(sampler: SamplerSpec | None) -> str:
    """One line on how a chunk is drawn."""
    if sampler is None:
        return "nothing to sample: one network call gives the chunk"
    noise = {
        "ddpm": "stochastic",
        "ddim": "deterministic given the first noise"
        if sampler.eta == 0.0
        else f"stochastic, eta {sampler.eta:g}",
    }[sampler.kind]
    bound = "unbounded" if sampler.clip is None else f"clipped to ±{sampler.clip:g}"
    return (
        f"{sampler.kind.upper()}, {sampler.inference_steps} network calls per chunk out of "
        f"{sampler.training_steps} noise levels of training; {noise}; clean actions {bound}"
    )


def _identity(bundle: Bundle) -> list[str]:
    spec = bundle.spec
    lines = [f"{spec.name}: {spec.description}" if spec.description else spec.name]
    return [*lines, f"family {spec.family}, content {bundle.hash[:16]}…, at {bundle.path}"]


def _input(one: InputSpec) -> str:
    times = "the newest" if one.history == 1 else f"{one.history} times, {one.period_s:g} s apart"
    how = {"hold": "held", "linear": "interpolated", "pose": "interpolated as a pose"}[one.align]
    return (
        f"{one.name}: {_content(one)}, {times}; {one.feature!r} of {one.stream} ({one.type}), "
        f"{how}, at most {one.tolerance_s:g} s off; waits if nothing came for {one.max_age_s:g} s"
    )


def _content(one: InputSpec) -> str:
    """What one time step of an input holds."""
    where = {
        "base": "in the base frame",
        "reference": "relative to the tool's present pose",
        "fixed": "in a fixed frame",
    }[one.preprocess.frame]
    kind, sizes = one.preprocess.kind, one.shape
    if kind == "image":
        return f"image of {sizes[2]}×{sizes[1]} pixels"
    if kind == "field":
        return f"field of {sizes[1]}×{sizes[2]} displacements"
    if kind == "pose":
        return f"pose {where}"
    if kind == "wrench":
        return f"force and torque {where}"
    return f"{sizes[0]} numbers"


def _reference(spec: PolicySpec) -> list[str]:
    return [f"Where the tool is, it knows from {spec.reference_pose!r}."]


def _actions(spec: PolicySpec) -> list[str]:
    h = spec.horizons
    lines = [_group(group) for group in spec.actions]
    lines.append(
        f"It predicts {h.prediction} actions, {h.step_s:g} s apart, and executes {h.execute} of "
        f"them ({h.execute * h.step_s:g} s) from the time of the observation on."
    )
    return lines


def _group(group: ActionGroup) -> str:
    if group.kind == "width":
        return f"{group.name}: width of the gripper [m]"
    about = (
        "relative to the tool's pose when it looked"
        if group.reference == "observation"
        else "in the base frame"
    )
    return f"{group.name}: poses of the tool {about} (position and 6d rotation)"


def _provenance(spec: PolicySpec) -> list[str]:
    p = spec.provenance
    known = {
        "data set": p.dataset_hash,
        "training commit": p.training_commit,
        "seed": "" if p.seed is None else str(p.seed),
        "device": p.device,
        "created": p.created,
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
    sizes = {name: (bundle.path / name).stat().st_size for name in names}
    lines = [f"{name}: {size / 1e6:.2f} MB" for name, size in sizes.items()]
    total = sum(one.stat().st_size for one in bundle.path.rglob("*") if one.is_file())
    return [*lines, f"whole bundle: {total / 1e6:.2f} MB"]
