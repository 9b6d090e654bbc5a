"""Checkpoints in the layouts of LeRobot, diffusion_policy and act, to bundles that do the same."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from export_checkpoints import (  # noqa: E402
    ENVIRONMENT,
    STATE,
    statistics,
    write_act,
    write_diffusion_policy,
    write_lerobot_act,
    write_lerobot_diffusion,
)

from takt_core.errors import TaktError  # noqa: E402
from takt_export.act import ActOptions, read_act  # noqa: E402
from takt_export.diffusion_policy import read_diffusion_policy  # noqa: E402
from takt_export.export import export_checkpoint  # noqa: E402
from takt_export.lerobot import read_lerobot  # noqa: E402
from takt_export.mapping import mapping_template  # noqa: E402
from takt_export.mapping.parse import mapping_from  # noqa: E402
from takt_policy.model import PolicyModel  # noqa: E402
from takt_policy.samplers.schedule import NoiseSchedule  # noqa: E402

TOOL = {"stream": "arm/state", "type": "takt_msgs/msg/ArmState", "feature": "tcp_pose"}
WIDTH = {**TOOL, "feature": "gripper_width"}
WRENCH = {**TOOL, "feature": "wrench", "select": [2, 1, 0]}
ABSOLUTE = {"reference": "absolute"}
RAD = 0.017453292519943295
POSE = np.array([0.5, 0, 0.2, 1, 0, 0, 0, 1, 0], np.float32)


def joints(size, **more):
    return {
        "stream": "joint_states", "type": "sensor_msgs/msg/JointState",
        "feature": "joint_position", "size": size, **more,
    }  # fmt: skip


def mapping(observations, actions, **more):
    content = {"takt_mapping": 1, "name": "tiny", "step_s": 0.1, "tool": TOOL, **more}
    return mapping_from({**content, "observations": observations, "actions": actions}, "map.yaml")


def lerobot_mapping(**more):
    return mapping(
        {STATE: [joints(6, scale=1 / RAD), WIDTH], ENVIRONMENT: WRENCH},
        {
            "arm": {
                "kind": "joints",
                "reference": "absolute",
                "names": list("abcdef"),
                "scale": RAD,
            },
            "gripper": {"kind": "width", "reference": "absolute", "scale": 0.001, "offset": 0.01},
        },
        **more,
    )


def lerobot_arrays(history):
    rng = np.random.default_rng(0)
    q, width = rng.normal(0, 0.02, (1, history, 6)), rng.uniform(0, 1, (1, history, 1))
    wrench = rng.normal(0, 1, (1, history, 6))
    arrays = {"joint_position": q, "gripper_width": width, "wrench": wrench}
    raw_state = np.concatenate([q / RAD, width], axis=-1)
    arrays["tool_pose"] = np.tile(POSE, (1, 1, 1))
    arrays = {name: value.astype(np.float32) for name, value in arrays.items()}
    return arrays, raw_state, wrench[..., [2, 1, 0]]


@pytest.mark.parametrize("old", [False, True])
def test_lerobot_act(tmp_path, old):
    network = write_lerobot_act(tmp_path / "act", old)
    report = export_checkpoint(
        read_lerobot(tmp_path / "act"), lerobot_mapping(execute=3), tmp_path / "a.takt"
    )
    bundle = report.exported.bundle
    assert bundle.spec.horizons.execute == 3
    arrays, state, environment = lerobot_arrays(1)
    values = statistics({STATE: 7, ENVIRONMENT: 3, "action": 7})

    def normalised(name, raw):
        one = {key: value.double().numpy() for key, value in values[name].items()}
        return torch.from_numpy((raw[:, 0] - one["mean"]) / one["std"]).float()

    with torch.no_grad():
        wanted = network(normalised(STATE, state), normalised(ENVIRONMENT, environment), [])[0]
    wanted = (wanted * values["action"]["std"] + values["action"]["mean"]).numpy()
    wanted = np.concatenate([wanted[:, :6] * RAD, wanted[:, 6:] * 0.001 + 0.01], axis=1)
    found = PolicyModel(bundle.path, bundle.spec).predict(arrays)[0]
    found = bundle.normalizers["action"].denormalize(found)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("old", [False, True])
def test_lerobot_diffusion(tmp_path, old):
    network = write_lerobot_diffusion(tmp_path / "diffusion", old)
    chosen = {"kind": "ddpm", "inference_steps": 10}
    report = export_checkpoint(
        read_lerobot(tmp_path / "diffusion"), lerobot_mapping(sampler=chosen), tmp_path / "a.takt"
    )
    bundle = report.exported.bundle
    sampler = bundle.spec.sampler
    assert (sampler.kind, sampler.inference_steps, sampler.training_steps) == ("ddpm", 10, 20)
    assert bundle.spec.horizons.first == 1
    model = PolicyModel(bundle.path, bundle.spec)
    arrays, state, environment = lerobot_arrays(2)
    values = statistics({STATE: 7, ENVIRONMENT: 3, "action": 7})
    low, high = (values[STATE][key].numpy() for key in ("min", "max"))
    mean, std = (values[ENVIRONMENT][key].numpy() for key in ("mean", "std"))
    state = 2 * (state - low) / (high - low) - 1
    known = np.concatenate([state, (environment - mean) / std], axis=-1).reshape(1, -1)
    condition = model.encode(arrays)
    np.testing.assert_allclose(condition, known, atol=1e-4)
    x = np.random.default_rng(1).standard_normal((1, 8, 7), dtype=np.float32)
    with torch.no_grad():
        given = (torch.from_numpy(one) for one in (x, np.array([7]), condition))
        wanted = network(*given).numpy()
    np.testing.assert_allclose(model.denoise(x, 7, condition), wanted, atol=1e-5)


def test_lerobot_with_a_step_that_is_not_known(tmp_path):
    steps = [{"registry_name": "delta_action_processor", "config": {}}]
    write_lerobot_act(tmp_path / "act", steps=steps)
    with pytest.raises(TaktError, match="delta_action_processor"):
        read_lerobot(tmp_path / "act")


def test_lerobot_of_another_kind_or_incomplete(tmp_path):
    write_lerobot_act(tmp_path / "act")
    file = tmp_path / "act" / "config.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "dim_feedforward": 64}))
    with pytest.raises(TaktError, match=r"linear1.weight.*\[32, 16\].*\[64, 16\]"):
        read_lerobot(tmp_path / "act")
    file.write_text(json.dumps({**content, "n_encoder_layers": 2}))
    with pytest.raises(TaktError, match=r"lacks 'encoder\.layers\.1"):
        read_lerobot(tmp_path / "act")
    file.write_text(json.dumps({**content, "type": "pi0"}))
    with pytest.raises(TaktError, match="'pi0'; known are act and diffusion"):
        read_lerobot(tmp_path / "act")
    with pytest.raises(TaktError, match="pretrained_model"):
        read_lerobot(tmp_path)


def test_the_template_asks_for_each_feature(tmp_path):
    write_lerobot_diffusion(tmp_path / "diffusion")
    text = mapping_template(read_lerobot(tmp_path / "diffusion"))
    assert f"{STATE}:   # 7 numbers" in text
    assert f"{ENVIRONMENT}:   # 3 numbers" in text


@pytest.mark.parametrize(
    ("observations", "message"),
    [
        ({STATE: joints(7)}, f"lacks '{ENVIRONMENT}'"),
        ({STATE: joints(6), ENVIRONMENT: WRENCH}, "6 = 6 numbers"),
        ({STATE: joints(7), ENVIRONMENT: WRENCH, "more": WIDTH}, "has 'more'"),
    ],
)
def test_observations_must_fit_the_checkpoint(tmp_path, observations, message):
    write_lerobot_act(tmp_path / "act")
    actions = {"arm": {"kind": "joints", "reference": "absolute", "names": list("abcdefg")}}
    with pytest.raises(TaktError, match=message):
        export_checkpoint(
            read_lerobot(tmp_path / "act"), mapping(observations, actions), tmp_path / "a.takt"
        )


def plane(**more):
    return mapping(
        {"obs": [{**TOOL, "take": "position"}, WIDTH]},
        {"arm": {"kind": "position", "reference": "absolute", "fixed": {"z": 0.1}}},
        **more,
    )


def test_diffusion_policy_in_a_plane(tmp_path):
    network = write_diffusion_policy(tmp_path / "latest.ckpt")
    checkpoint = read_diffusion_policy(tmp_path / "latest.ckpt")
    bundle = export_checkpoint(checkpoint, plane(), tmp_path / "a.takt").exported.bundle
    model = PolicyModel(bundle.path, bundle.spec)
    assert bundle.spec.reference_pose == "tcp_pose"
    assert bundle.spec.horizons.first == 1
    pose = np.tile(POSE, (1, 2, 1))
    condition = model.encode({"tcp_pose": pose, "gripper_width": np.full((1, 2, 1), 0.04, "f4")})
    raw = np.concatenate([pose[..., :3], np.full((1, 2, 1), 0.04)], axis=-1)
    gain, shift = np.linspace(0.5, 2.0, 4), np.linspace(-0.3, 0.4, 4)
    np.testing.assert_allclose(condition, (raw * gain + shift).reshape(1, -1), atol=1e-5)
    x = np.random.default_rng(1).standard_normal((1, 8, 3), dtype=np.float32)
    found = model.denoise(x, 5, condition)
    with torch.no_grad():
        given = (torch.from_numpy(one) for one in (x[..., :2], np.array([5]), condition))
        wanted = network(*given).numpy()
    np.testing.assert_allclose(found[..., :2], wanted, atol=1e-5)
    # The height that the policy does not know: its clean estimate is 0 at every level.
    left = NoiseSchedule.of(bundle.spec.sampler).alpha_bar[5]
    clean = (x[..., 2] - np.sqrt(1 - left) * found[..., 2]) / np.sqrt(left)
    np.testing.assert_allclose(clean, 0.0, atol=1e-5)
    actions = bundle.normalizers["action"].denormalize(np.zeros((1, 3)))
    np.testing.assert_allclose(actions, [[-shift[0] / 0.5, -shift[3] / 2.0, 0.1]], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "first", "length"),
    [
        ({}, 1, 8),
        ({"oa_step_convention": False}, 2, 8),
        ({"pred_action_steps_only": True}, 0, 4),
    ],
)
def test_diffusion_policy_conventions_of_time(tmp_path, changes, first, length):
    write_diffusion_policy(tmp_path / "latest.ckpt", changes)
    checkpoint = read_diffusion_policy(tmp_path / "latest.ckpt")
    assert (checkpoint.first, checkpoint.prediction, checkpoint.execute) == (first, length, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_target_": "x.BETLowdimPolicy"}, "known are DiffusionUnetLowdimPolicy"),
        ({"obs_as_global_cond": False}, "obs_as_global_cond: false"),
        ({"horizon": "${nowhere}"}, "refers to"),
    ],
)
def test_diffusion_policy_that_is_not_known(tmp_path, changes, message):
    write_diffusion_policy(tmp_path / "latest.ckpt", changes)
    with pytest.raises(TaktError, match=message):
        read_diffusion_policy(tmp_path / "latest.ckpt")


def test_act_repository(tmp_path):
    network = write_act(tmp_path / "run")
    options = ActOptions(("top",), (32, 32), heads=2)
    checkpoint = read_act(tmp_path / "run" / "policy_best.ckpt", options)
    assert (checkpoint.prediction, checkpoint.action_size) == (5, 4)
    image = torch.rand(1, 1, 3, 32, 32)
    qpos = torch.rand(1, 1, 4)
    mean, std = torch.linspace(-1.0, 1.5, 4), torch.linspace(0.5, 1.5, 4)
    colours = (torch.tensor(one).reshape(3, 1, 1) for one in
               ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))  # fmt: skip
    middle, width = colours
    with torch.no_grad():
        found = checkpoint.networks["predict"](qpos, image)
        wanted = network((qpos[:, 0] - mean) / std, None, [(image[:, 0] - middle) / width])
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(checkpoint.actions.scale, std)


def test_act_repository_needs_its_statistics_and_heads(tmp_path):
    write_act(tmp_path / "run")
    file = tmp_path / "run" / "policy_best.ckpt"
    with pytest.raises(TaktError, match="3 attention heads do not divide"):
        read_act(file, ActOptions(("top",), (32, 32), heads=3))
    Path(file.with_name("dataset_stats.pkl")).unlink()
    with pytest.raises(TaktError, match=r"dataset_stats\.pkl does not exist"):
        read_act(file, ActOptions(("top",), (32, 32), heads=2))
