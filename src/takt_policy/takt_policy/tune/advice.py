"""What the measured times mean, in plain words. Every sentence gives the numbers it rests on."""

from __future__ import annotations

from collections.abc import Mapping

from takt_policy.bundle import Bundle
from takt_policy.tune.calls import OBSERVING, Call
from takt_policy.tune.chunks import OWN, ChunkTimes
from takt_policy.tune.compare import Difference
from takt_policy.tune.stopwatch import Times

WORTH_IT = 1.1
"""A gain of less than a tenth is not worth a core, a bundle, or a risk."""


def inference_ms(bundle: Bundle, times: Mapping[Call, Times], provider: str, threads: int) -> float:
    """A chunk's calls added up: denoising as often as the bundle says, the rest once [ms]."""
    sampler = bundle.spec.sampler
    counts = {name: 1 for name in bundle.spec.graphs if name in (*OBSERVING, "decode")}
    if sampler is not None:
        counts["denoise"] = sampler.inference_steps
    return sum(
        count * times[Call(name, provider, threads)].median for name, count in counts.items()
    )


def best_machine(bundle: Bundle, times: Mapping[Call, Times]) -> tuple[str, int]:
    """Provider and threads for the shortest chunk; fewer threads where it hardly matters."""
    pairs = sorted({(call.provider, call.threads) for call in times}, key=lambda one: one[1])
    cost = {pair: inference_ms(bundle, times, *pair) for pair in pairs}
    fastest = min(cost.values())
    return next(pair for pair in pairs if cost[pair] <= fastest * WORTH_IT)


def on_threads(bundle: Bundle, times: Mapping[Call, Times]) -> str:
    """Which provider and how many threads."""
    provider, threads = best_machine(bundle, times)
    others = [
        f"{inference_ms(bundle, times, *pair):.2f} ms with {_threads(pair[1])} on {pair[0]}"
        for pair in sorted({(call.provider, call.threads) for call in times})
        if pair != (provider, threads)
    ]
    text = (
        f"Run it with {_threads(threads)} on {provider}: a chunk's inference then takes "
        f"{inference_ms(bundle, times, provider, threads):.2f} ms"
    )
    if others:
        text += f", against {', '.join(others)}; more threads have to save a tenth to be worth it"
    return f"{text}."


def on_steps(
    bundle: Bundle, times: Mapping[Call, Times], provider: str, threads: int, own: ChunkTimes
) -> str:
    """How many denoising steps fit the time that a chunk is executed."""
    horizons = bundle.spec.horizons
    step_ms = horizons.step_s * 1e3
    period_ms = horizons.execute * step_ms
    # The action for the time of the observation itself is over before anybody could plan it.
    late = int(own.whole.p95 / step_ms)
    lost = {0: "none of its actions is", 1: "1 of its actions is"}.get(
        late, f"{late} of its actions are"
    )
    text = (
        f"A chunk is executed for {period_ms:.0f} ms and drawn in {own.whole.p95:.1f} ms (95 %), "
        f"{100 * own.whole.p95 / period_ms:.1f} % of it: "
        f"{lost} late when it is ready, besides what the age of the observation costs"
    )
    if bundle.spec.sampler is None:
        return f"{text}."
    call = times[Call("denoise", provider, threads)].p95
    rest = max(own.whole.p95 - bundle.spec.sampler.inference_steps * call, 0.0)
    in_period, in_action = (int((limit - rest) / call) for limit in (period_ms, step_ms))
    if in_period < 1:
        return (
            f"{text}. Not one denoising step of {call:.2f} ms (95 %) fits besides the rest: the "
            "policy is too slow for this machine"
        )
    return (
        f"{text}. At {call:.2f} ms a step (95 %), {in_period} steps fit the period, "
        f"{max(in_action, 0)} the time of one action; whether more than the bundle's "
        f"{bundle.spec.sampler.inference_steps} are of use, only `takt eval` can say."
    )


def on_speculation(chunks: Mapping[str, ChunkTimes]) -> str | None:
    """Whether drafting DDPM steps pays; None if the bundle cannot."""
    plain = {name: one for name, one in chunks.items() if name.startswith("ddpm")}
    base = next((one for name, one in plain.items() if "speculate" not in name), None)
    drafted = {name: one for name, one in plain.items() if "speculate" in name}
    if base is None or not drafted:
        return None
    name, best = min(drafted.items(), key=lambda item: item[1].whole.median)
    gain = base.whole.median / best.whole.median
    drafts = name.split()[-1]
    numbers = (
        f"{best.rounds:.0f} rounds instead of {base.rounds:.0f} for the same distribution, "
        f"{best.whole.median:.1f} ms instead of {base.whole.median:.1f} ms"
    )
    if gain >= WORTH_IT:
        text = f"Speculation pays for DDPM, best with {drafts} drafts: {numbers}"
    else:
        text = (
            f"Speculation does not pay here: at best (with {drafts} drafts) {numbers}, as a batch "
            "takes longer than a single sample"
        )
    own = chunks[OWN].whole.median
    return f"{text}. (As the bundle says, a chunk takes {own:.1f} ms.)"


def on_smaller(name: str, original: ChunkTimes, smaller: ChunkTimes, difference: Difference) -> str:
    """Whether smaller weights pay, and what they cost."""
    gain = original.whole.median / smaller.whole.median
    times = f"{smaller.whole.median:.2f} ms a chunk instead of {original.whole.median:.2f} ms"
    if gain < WORTH_IT:
        return f"Not worth it here: {name} ({times})."
    return (
        f"{name[0].upper()}{name[1:]}: a chunk is drawn {gain:.2f} times faster ({times}), but "
        f"{difference.words()}. Judge it by `takt eval` before using it."
    )


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
