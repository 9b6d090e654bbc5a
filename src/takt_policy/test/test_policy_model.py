"""The graphs as functions: each family's, the optional ones, and batches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from takt_policy.bundle import Bundle, DecodeSpec, flow_sampler, load_bundle
from takt_policy.errors import BundleError, PolicyError
from takt_policy.golden import check_golden, golden_fast_observation, golden_observation
from takt_policy.model import PolicyModel
from takt_policy.testing import (
    DECODE_ELAPSED_GAIN,
    DECODE_FORCE_GAIN,
    FAST_INPUT,
    RESIDUAL_GAIN,
    decode_graph,
    denoise_graph,
    residual_graph,
    straight_chunk,
    tiny_latent,
    tiny_spec,
    write_tiny_bundle,
)

FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
DOWN = (0.0, 0.0, -0.002)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A flow in a latent, with every optional graph."""
    path = tmp_path_factory.mktemp("models") / "full.takt"
    return write_tiny_bundle(path, "flow", decode=True, residual=True, critic=True, energy=True)


@pytest.fixture(scope="module")
def model(full: Bundle) -> PolicyModel:
    return PolicyModel(full.path, full.spec)


def _noise(model: PolicyModel, batch: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.standard_normal((batch, *model.chunk), dtype=np.float32)


def test_direct_gives_its_chunk(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "act.takt", "direct")
    direct = PolicyModel(bundle.path, bundle.spec)
    chunk = direct.predict(golden_observation(bundle))
    assert chunk.shape == (1, 16, 10)
    np.testing.assert_allclose(chunk[0], straight_chunk(bundle.spec, DOWN), atol=2e-3)
    assert direct.provider == "CPUExecutionProvider"
    assert set(check_golden(bundle, direct)) == {"predict.out.actions", "sample.out.actions"}


def test_every_graph_has_golden_pairs(full: Bundle, model: PolicyModel) -> None:
    differences = check_golden(full, model)
    assert set(differences) == {
        "encode.out.condition", "denoise.out.prediction", "decode.out.actions",
        "residual.out.correction", "critic.out.value", "energy.out.energy", "sample.out.actions",
    }  # fmt: skip
    assert max(differences.values()) < 1e-5


def test_the_whole_golden_chunk_goes_through_the_decoder(full: Bundle) -> None:
    fast = golden_fast_observation(full)[FAST_INPUT]
    wanted = straight_chunk(full.spec, DOWN)
    wanted[:, 0] += DECODE_FORCE_GAIN * fast.mean()
    np.testing.assert_allclose(full.golden["sample.out.actions"], wanted, atol=2e-3)


def test_decode_knows_force_elapsed_time_and_latent(full: Bundle, model: PolicyModel) -> None:
    fast = {FAST_INPUT: np.full((1, 4, 6), 0.2, np.float32)}
    latents = np.stack([tiny_latent(full.spec), tiny_latent(full.spec) + 0.3])
    actions = model.decode(latents.astype(np.float32), fast, 0.04)
    off = actions - straight_chunk(full.spec, DOWN)
    np.testing.assert_allclose(off[:, :, 0], DECODE_FORCE_GAIN * 0.2, atol=1e-6)
    np.testing.assert_allclose(off[:, :, 1], DECODE_ELAPSED_GAIN * 0.04, atol=1e-6)
    np.testing.assert_allclose(off[:, :, 2], [[0.0] * 16, [0.3] * 16], atol=1e-6)
    each = model.decode(latents.astype(np.float32), fast, [0.0, 0.04])
    np.testing.assert_allclose(each[1], actions[1], atol=1e-6)


def test_corrections_stay_within_their_bound(full: Bundle, model: PolicyModel) -> None:
    base = np.zeros((3, full.spec.action_size), np.float32)
    for force in (0.15, 0.5, -2.0):
        fast = {FAST_INPUT: np.full((1, 4, 6), force, np.float32)}
        found = model.correct(base, fast)
        assert found.shape == base.shape
        np.testing.assert_allclose(found[:, 0], np.clip(RESIDUAL_GAIN * force, -0.2, 0.2))
        assert not found[:, 1:].any()


def test_critic_and_energy_judge_the_distance(full: Bundle, model: PolicyModel) -> None:
    condition = model.encode(golden_observation(full))
    clean = tiny_latent(full.spec).astype(np.float32)
    samples = np.stack([clean, clean + 1.0, clean + 2.0])
    value, energy = model.value(condition, samples), model.energy(condition, samples)
    np.testing.assert_allclose(value, [0.0, -1.0, -4.0], atol=1e-2)
    np.testing.assert_allclose(energy, [0.0, 1.0, 4.0], atol=1e-2)


def test_one_condition_and_one_time_serve_a_batch(full: Bundle, model: PolicyModel) -> None:
    condition = model.encode(golden_observation(full))
    noise = _noise(model, 4)
    together = model.denoise(noise, 0.3, condition)
    run = model.denoiser(condition)
    each = np.concatenate([run(noise[i : i + 1], [0.3]) for i in range(4)])
    np.testing.assert_allclose(together, each, atol=1e-6)
    both = model.denoise(noise[:2], np.array([0.3, 0.6]), np.concatenate([condition] * 2))
    np.testing.assert_allclose(both[0], together[0], atol=1e-6)
    assert np.abs(both[1] - together[1]).max() > 1e-3


@pytest.mark.parametrize("family", ["diffusion", "flow"])
def test_a_prefix_network_gets_a_time_for_each_token(tmp_path: Path, family: str) -> None:
    bundle = write_tiny_bundle(tmp_path / "prefix.takt", family, prefix=True)  # type: ignore[arg-type]
    model = PolicyModel(bundle.path, bundle.spec)
    condition, noise = model.encode(golden_observation(bundle)), _noise(model, 2)
    early, late = (5, 60) if family == "diffusion" else (0.9, 0.2)
    times = np.tile([early] * 4 + [late] * 12, (2, 1))
    mixed = model.denoise(noise, times, condition)
    np.testing.assert_allclose(mixed[:, :4], model.denoise(noise, early, condition)[:, :4])
    np.testing.assert_allclose(mixed[:, 4:], model.denoise(noise, late, condition)[:, 4:])


def test_graphs_that_are_not_there_are_named(tiny_bundle: Bundle) -> None:
    model = PolicyModel(tiny_bundle.path, tiny_bundle.spec)
    sample = np.zeros((1, *model.chunk), np.float32)
    condition = model.encode(golden_observation(tiny_bundle))
    for call in (
        lambda: model.predict({}),
        lambda: model.value(condition, sample),
        lambda: model.energy(condition, sample),
        lambda: model.correct(sample[:, 0], {}),
        lambda: model.decode(sample, {}, 0.0),
    ):
        with pytest.raises(PolicyError, match=r"has no \w+\.onnx; it has encode\.onnx, denoise"):
            call()


def _refused(bundle: Bundle) -> str:
    with pytest.raises(BundleError) as caught:
        PolicyModel(bundle.path, load_bundle(bundle.path).spec)
    return str(caught.value)


@pytest.mark.parametrize("prefix", [False, True])
def test_a_time_of_the_wrong_rank(tmp_path: Path, prefix: bool) -> None:
    bundle = write_tiny_bundle(tmp_path / "own.takt", prefix=prefix)
    other = tiny_spec(prefix=not prefix)
    onnx.save(denoise_graph(other, straight_chunk(other, DOWN)), bundle.path / "denoise.onnx")
    message = _refused(bundle)
    assert f"'sampler.prefix: {str(prefix).lower()}'" in message
    assert "t [batch]" in message
    assert "t [batch, length]" in message


def _with_whole_times(model: onnx.ModelProto) -> onnx.ModelProto:
    next(one for one in model.graph.input if one.name == "t").type.tensor_type.elem_type = INT64
    for node in model.graph.node:
        node.input[:] = ["t_float" if name == "t" else name for name in node.input]
    model.graph.node.insert(0, onnx.helper.make_node("Cast", ["t"], ["t_float"], to=FLOAT))
    return model


def test_whole_times_of_a_flow_need_a_scale(tmp_path: Path) -> None:
    for scale, fits in ((1.0, False), (1000.0, True)):
        spec = tiny_spec("flow", sampler=flow_sampler(5, time_scale=scale))
        bundle = write_tiny_bundle(tmp_path / f"{scale:g}.takt", spec=spec)
        graph = denoise_graph(spec, straight_chunk(spec, DOWN))
        onnx.save(_with_whole_times(graph), bundle.path / "denoise.onnx")
        if not fits:
            assert "t is int64, but with 'sampler.time_scale: 1'" in _refused(bundle)
            continue
        model = PolicyModel(bundle.path, spec)
        condition, noise = model.encode(golden_observation(bundle)), _noise(model, 1)
        # 0.3 * 1000 is a little less than 300.
        wanted, found = (model.denoise(noise, t, condition) for t in (300, np.nextafter(300.0, 0)))
        np.testing.assert_array_equal(found, wanted)


def test_a_decoder_of_another_latent(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "own.takt", decode=True)
    other = replace(bundle.spec, decode=DecodeSpec((5, 3)))
    model = decode_graph(other, straight_chunk(other, DOWN))
    onnx.save(model, bundle.path / "decode.onnx")
    message = _refused(bundle)
    for words in ("decode.onnx", "'latent'", "['batch', 5, 3]", "['batch', 4, 3]"):
        assert words in message


def test_a_residual_without_its_fast_input(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "own.takt", residual=True)
    model = residual_graph(bundle.spec)
    model.graph.input[1].name = "feeling"
    for node in model.graph.node:
        node.input[:] = ["feeling" if name == FAST_INPUT else name for name in node.input]
    onnx.save(model, bundle.path / "residual.onnx")
    assert f"no input {FAST_INPUT!r}; it has base, feeling" in _refused(bundle)
