"""Small bundles whose answers are known, for tests of everything around a policy.

Needs the ``onnx`` package. ``write_tiny_bundle`` makes one of any family, with any of the
optional graphs; what each graph computes stands in ``takt_policy.testing.graphs`` and
``takt_policy.testing.fast``.
"""

from takt_policy.testing.chunks import TINY_SCALE, straight_chunk, tiny_latent
from takt_policy.testing.fast import (
    DECODE_ELAPSED_GAIN,
    DECODE_FORCE_GAIN,
    RESIDUAL_GAIN,
    decode_graph,
    residual_graph,
)
from takt_policy.testing.graphs import (
    critic_graph,
    denoise_graph,
    encode_graph,
    energy_graph,
    predict_graph,
)
from takt_policy.testing.specs import FAST_INPUT, GOAL_CHOICES, IMAGE_SIZE, tiny_spec
from takt_policy.testing.write import (
    tiny_fast_observation,
    tiny_graphs,
    tiny_normalizers,
    tiny_observation,
    write_tiny_bundle,
)

__all__ = [
    "DECODE_ELAPSED_GAIN",
    "DECODE_FORCE_GAIN",
    "FAST_INPUT",
    "GOAL_CHOICES",
    "IMAGE_SIZE",
    "RESIDUAL_GAIN",
    "TINY_SCALE",
    "critic_graph",
    "decode_graph",
    "denoise_graph",
    "encode_graph",
    "energy_graph",
    "predict_graph",
    "residual_graph",
    "straight_chunk",
    "tiny_fast_observation",
    "tiny_graphs",
    "tiny_latent",
    "tiny_normalizers",
    "tiny_observation",
    "tiny_spec",
    "write_tiny_bundle",
]
