"""Which executions a bundle can do; where it cannot, why."""

from __future__ import annotations

from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.schema import PolicySpec
from takt_policy.drawing import resolved_sampler, rtc_mode
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.guidance.compose import mixture_weights
from takt_policy.guidance.positions import position_span
from takt_policy.schedules import executed

KINDS_OF_FAMILY = {"direct": (), "diffusion": ("ddpm", "ddim"), "flow": ("flow",)}

MOST_FLOW_STEPS = 1000


def check_execution(execution: Execution, bundle: Bundle | PolicySpec) -> None:
    """Refuses what the bundle or the theory does not allow.

    Files that the execution names (``compose``, ``steer``) are checked where they are read,
    by ``PolicyEngine``.

    Raises:
        PolicyError: says what does not go together, why, and what to change.
    """
    spec = bundle.spec if isinstance(bundle, Bundle) else bundle
    _check_times(execution, spec)
    if spec.family == "direct":
        _check_direct(execution, spec)
        return
    _check_candidates(execution, spec)
    _check_sampler(execution, spec)
    _check_joining(execution, spec)
    _check_guidance(execution, spec)


def _refuse(spec: PolicySpec, what: str, why: str, instead: str) -> PolicyError:
    return PolicyError(f"{what} is not possible with policy {spec.name!r}: {why}. {instead}")


def _check_times(execution: Execution, spec: PolicySpec) -> None:
    horizons = spec.horizons
    longest_s = (horizons.prediction - horizons.first) * horizons.step_s
    if execution.execute and not horizons.step_s <= execution.execute + 1e-9 <= longest_s + 2e-9:
        raise _refuse(
            spec,
            f"execute {execution.execute:g} s",
            f"its actions are {horizons.step_s:g} s apart and reach {longest_s:g} s beyond the "
            "observation",
            f"Allowed: {horizons.step_s:g} to {longest_s:g}, or 0 for the bundle's own",
        )
    # As the schedules cut it: the action for the observation's own time is always over.
    sent = min(executed(horizons, execution).execute + execution.reserve,
               horizons.prediction - horizons.first)  # fmt: skip
    if execution.schedule != "synchronous" and sent < 2:
        raise _refuse(
            spec,
            f"schedule {execution.schedule!r} with one action to execute and none in reserve",
            "that action is for the time of the observation and over before it is planned",
            "Execute more, set reserve if more is predicted, or set schedule to 'synchronous'",
        )


def _check_candidates(execution: Execution, spec: PolicySpec) -> None:
    many = execution.candidates > 1
    if execution.choose != "first" and not many:
        raise _refuse(
            spec,
            f"choose {execution.choose!r} with one candidate",
            "there is nothing to choose from",
            "Set candidates to at least 2, or choose to 'first'",
        )
    if many and execution.choose == "first" and execution.uncertainty != "spread":
        raise _refuse(
            spec,
            f"candidates {execution.candidates}",
            "the first would be taken and the others drawn for nothing",
            "Set choose to 'critic' or 'coherence', uncertainty to 'spread', or candidates to 1",
        )
    if execution.uncertainty == "spread" and not many:
        raise _refuse(
            spec,
            "uncertainty 'spread' with one candidate",
            "one sample has no spread",
            "Set candidates to at least 2",
        )
    for graph, wanted in (("critic", execution.choose), ("energy", execution.uncertainty)):
        if wanted == graph and getattr(spec, graph) is None:
            raise _refuse(
                spec,
                f"{graph!r}",
                f"it has no {graph}.onnx",
                f"It has {', '.join(spec.graphs)}; export it with one, or choose otherwise",
            )


def _check_direct(execution: Execution, spec: PolicySpec) -> None:
    """A direct policy answers in one call: there is no sampling to change, guide or repeat."""
    one = "it is of family direct and gives its one answer in one call"
    refusals = {
        "candidates": (
            execution.candidates > 1,
            f"{one}, the same each time",
            "Set candidates to 1",
        ),
        "sampler": (execution.sampler, f"{one}, without a sampler", "Leave sampler empty"),
        "sampler_steps": (execution.sampler_steps, f"{one}, without steps", "Set it to 0"),
        "eta": (execution.eta > 0.0, f"{one}, without noise", "Leave eta at -1"),
        "warm_start": (execution.warm_start, f"{one}, without steps to save", "Set it to 0"),
        "speculate": (execution.speculate, f"{one}, without steps to draft", "Set it to 0"),
        "schedule 'rtc'": (
            execution.schedule == "rtc",
            f"{one}; there is no sampling that could be pulled towards the previous chunk",
            "Set schedule to 'ensembling', which joins chunks after they were predicted",
        ),
        "compose": (
            execution.compose,
            f"{one}; the mean of two answers is in general none, only noisy samples can be mixed",
            "Leave compose empty",
        ),
        "steer": (
            execution.steer,
            f"{one}; a cost could only push the finished actions, past what was learned",
            "Leave steer empty",
        ),
        f"uncertainty {execution.uncertainty!r}": (
            execution.uncertainty != "none",
            f"{one}, without samples that could spread or a condition that an energy graph wants",
            "Set uncertainty to 'none'",
        ),
        f"choose {execution.choose!r}": (
            execution.choose != "first",
            f"{one}; there is nothing to choose from",
            "Set choose to 'first'",
        ),
    }
    for what, (asked, why, instead) in refusals.items():
        if asked:
            raise _refuse(spec, what, why, instead)


def _check_sampler(execution: Execution, spec: PolicySpec) -> None:
    own = spec.require_sampler()
    sampler = resolved_sampler(own, execution)
    kinds = KINDS_OF_FAMILY[spec.family]
    if sampler.kind not in kinds:
        raise _refuse(
            spec,
            f"sampler {sampler.kind!r}",
            f"its family is {spec.family}, trained with other noise levels",
            f"Allowed: {', '.join(kinds)}, or empty for the bundle's",
        )
    most = MOST_FLOW_STEPS if sampler.kind == "flow" else own.training_steps
    if execution.sampler_steps > most:
        raise _refuse(
            spec,
            f"sampler_steps {execution.sampler_steps}",
            "it was trained with fewer noise levels"
            if sampler.kind != "flow"
            else "it is too many",
            f"Allowed: 1 to {most}, or 0 for the bundle's own",
        )
    if execution.eta > 0.0 and sampler.kind != "ddim":
        raise _refuse(
            spec,
            f"eta {execution.eta:g} with sampler {sampler.kind!r}",
            "eta is the noise of ddim; ddpm has its own, and flow none",
            "Set eta to -1, or sampler to 'ddim'",
        )
    if execution.speculate and sampler.kind != "ddpm":
        raise _refuse(
            spec,
            f"speculate {execution.speculate} with sampler {sampler.kind!r}",
            "drafts are accepted by comparing the densities of noisy steps, and only those of "
            "ddpm are noisy; deterministic steps would need the very call that is to be saved",
            "Set speculate to 0, or sampler to 'ddpm'",
        )
    if execution.speculate == 1:
        raise _refuse(
            spec, "speculate 1", "one draft per round is ddpm itself", "Set it to 0, or at least 2"
        )
    if execution.warm_start >= sampler.inference_steps and execution.warm_start:
        raise _refuse(
            spec,
            f"warm_start {execution.warm_start}",
            f"there are {sampler.inference_steps} steps in all, so that none would be saved",
            f"Allowed: 1 to {sampler.inference_steps - 1}, or 0 for off",
        )


def _check_joining(execution: Execution, spec: PolicySpec) -> None:
    latent = "its samples are latents, which mean actions only together with fast observations"
    if spec.decode is not None:
        asked = {
            "schedule 'rtc'": execution.schedule == "rtc",
            "warm_start": execution.warm_start > 0,
            "steer": bool(execution.steer),
            "compose": bool(execution.compose),
        }
        why = {
            "schedule 'rtc'": "the previous chunk cannot be put into their terms",
            "warm_start": "the previous one cannot be shifted in time",
            "steer": "a cost of actions has no gradient by them without one through the decoder",
            "compose": "two policies' latents have nothing in common",
        }
        for what, wanted in asked.items():
            if wanted:
                raise _refuse(
                    spec, what, f"{latent}, so {why[what]}", "Leave it off for slow-fast policies"
                )
    if execution.schedule != "rtc":
        return
    own = spec.require_sampler()
    if rtc_mode(own, execution) == "trained" and not own.prefix:
        raise _refuse(
            spec,
            "rtc_mode 'trained'",
            "it was not trained with clean prefixes (sampler.prefix in policy.yaml)",
            "Set rtc_mode to 'guidance', or train it so",
        )


def _check_guidance(execution: Execution, spec: PolicySpec) -> None:
    if execution.compose or execution.compose_weights:
        mixture_weights(execution.compose_weights, len(execution.compose) + 1)
    if not execution.steer:
        return
    found = position_span(spec)
    if found is None:
        raise _refuse(
            spec,
            "steer",
            "its actions are joint angles, and the costs are of the tool's position",
            "Leave steer empty, or use a policy that acts in poses or positions",
        )
    if found[0].reference == "delta":
        raise _refuse(
            spec,
            "steer",
            "its actions are steps from one to the next, so that pushing one moves all later ones",
            "Leave steer empty, or use a policy whose actions are absolute or relative to the tool",
        )
