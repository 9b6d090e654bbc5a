"""How a bundle is executed: which sampler, what guides it, and when it plans.

Declared once, for the node's parameters, the lock-step runner, the evaluation and the benches.
What of it a bundle can do is said by ``takt_policy.execution_check.check_execution``.
"""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.parameters import parameter


@dataclass(frozen=True)
class Execution:
    """The three choices: sampler, guidance, schedule. The defaults are the bundle's own."""

    sampler: str = parameter(
        "", choices=("", "ddpm", "ddim", "flow"),
        description="instead of the bundle's; empty: the bundle's",
    )  # fmt: skip
    sampler_steps: int = parameter(
        0, minimum=0, description="denoising steps per chunk; 0: as the bundle says"
    )
    eta: float = parameter(
        -1.0, minimum=-1.0, maximum=1.0,
        description="noise of ddim, 0 none to 1 as ddpm; negative: as the bundle says",
    )  # fmt: skip
    warm_start: int = parameter(
        0, minimum=0,
        description="begin at the previous chunk and run only so many last steps; 0: off",
    )  # fmt: skip
    warm_start_refresh: int = parameter(
        5, minimum=1, description="with warm_start, every so many chunks one is drawn in full"
    )
    warm_start_threshold: float = parameter(
        0.5, minimum=0.0,
        description="with warm_start, a relative change of the observation's condition "
        "beyond which a chunk is drawn in full",
    )  # fmt: skip
    speculate: int = parameter(
        0, minimum=0, maximum=1000,
        description="of ddpm: steps drafted and verified in one batch, the same distribution in "
        "fewer rounds; 0: off",
    )  # fmt: skip
    schedule: str = parameter(
        "asynchronous", choices=("asynchronous", "synchronous", "ensembling", "rtc"),
        description="when to plan, and how chunks are joined",
    )  # fmt: skip
    rtc_weight: float = parameter(
        5.0, minimum=0.0,
        description="of rtc: greatest pull towards the previous chunk; 5 suits a flow of 5 steps, "
        "shorter steps need more, diffusion about 50",
    )  # fmt: skip
    rtc_mode: str = parameter(
        "auto", choices=("auto", "guidance", "trained"),
        description="of rtc: pull the sample, or rely on training with clean prefixes; auto: "
        "trained where the bundle is",
    )  # fmt: skip
    execute: float = parameter(
        0.0, unit="s", minimum=0.0, description="executed of each chunk; 0: as the bundle says"
    )
    ensemble_decay: float = parameter(
        0.01, minimum=0.0,
        description="of ensembling: weights exp(-decay * rank), oldest prediction first",
    )  # fmt: skip
    candidates: int = parameter(
        1, minimum=1, maximum=1000, description="chunks drawn in one batch, of which one is chosen"
    )
    choose: str = parameter(
        "first", choices=("first", "critic", "coherence"),
        description="how one of several candidates is chosen",
    )  # fmt: skip
    critic_temperature: float = parameter(
        0.0, minimum=0.0,
        description="of the critic: draw with softmax(value / temperature); 0: take the best",
    )  # fmt: skip
    coherence_decay: float = parameter(
        0.5, minimum=0.0, maximum=1.0,
        description="of coherence: weight of each action's distance to the previous chunk over "
        "that of the action before it",
    )  # fmt: skip
    compose: tuple[str, ...] = parameter(
        (), description="folders of further bundles whose predictions are mixed in at each step"
    )
    compose_weights: tuple[float, ...] = parameter(
        (), minimum=0.0, maximum=1.0,
        description="of the bundle, then of those in compose; together 1; empty: equal",
    )  # fmt: skip
    steer: str = parameter(
        "", description="YAML file of costs that the sample is steered by; empty: none"
    )
    steer_scale: float = parameter(
        1.0, minimum=0.0, description="of steer: how far each step follows the costs' gradient"
    )
    residual: bool = parameter(
        False, description="add the correction of the bundle's residual graph, if it has one"
    )
    reflex: bool = parameter(
        True,
        description="use the bundle's fast graphs during the chunk, too; false: once, as it begins",
    )
    uncertainty: str = parameter(
        "none", choices=("none", "spread", "energy"),
        description="how uncertainty is measured: spread of the candidates, or the energy graph",
    )  # fmt: skip
    margin_s: float = parameter(
        0.02, unit="s", minimum=0.0, maximum=1.0,
        description="how much before it is needed a chunk should be ready",
    )  # fmt: skip
    lead_s: float = parameter(
        0.01, unit="s", minimum=0.0, maximum=1.0,
        description="actions less than this ahead count as late",
    )  # fmt: skip
    reserve: int = parameter(
        4, minimum=0, maximum=1000,
        description="predicted actions sent beyond those to execute, for when a chunk is late",
    )  # fmt: skip
    expected_delay_s: float = parameter(
        0.1, unit="s", minimum=0.0, maximum=5.0,
        description="from starting a plan to publishing it, until one was measured",
    )  # fmt: skip
