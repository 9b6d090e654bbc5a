"""Best of several candidates: by the bundle's critic, or by coherence with the last chunk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takt_policy.guidance.anchor import Anchor
from takt_policy.samplers.base import Float

Array = npt.NDArray[np.float64]


def best_by_value(values: npt.ArrayLike, temperature: float, rng: np.random.Generator) -> int:
    """Index of the candidate to take, by its value (N,); higher is better.

    The best for temperature 0 (V-GPS, arXiv 2410.13816), else drawn with
    ``softmax(value / temperature)``.
    """
    scores = np.asarray(values, np.float64)
    if temperature == 0.0:
        return int(np.argmax(scores))
    weights = np.exp((scores - scores.max()) / temperature)
    return int(rng.choice(len(scores), p=weights / weights.sum()))


def coherence(candidates: Float, anchor: Anchor, decay: float) -> Array:
    """(N,) minus the weighted distance of candidates (N, H, D) to the previous chunk.

    Backward coherence of Bidirectional Decoding (arXiv 2408.17355): squared distances in
    normalised space with weights ``decay^i``. Counted is from the first action that is not yet
    decided, since the new chunk has no say on those before, to where the previous chunk ends.
    """
    counted = np.flatnonzero(anchor.covered & ~anchor.decided)
    if not len(counted):
        return np.zeros(len(candidates))
    weights = decay ** np.arange(len(counted), dtype=np.float64)
    apart = candidates[:, counted].astype(np.float64) - anchor.tokens[counted]
    squared = np.sum(apart**2, axis=2)
    scores: Array = -(squared @ weights)
    return scores
