"""Any PyTorch modules to bundles."""

import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from takt_export.errors import ExportError  # noqa: E402
from takt_export.modules import export_modules  # noqa: E402
from takt_policy.bundle import Normalizer  # noqa: E402
from takt_policy.bundle.schema import (  # noqa: E402
    ActionGroup,
    GoldenSpec,
    Horizons,
    InputSpec,
    PolicySpec,
    Preprocess,
    SamplerSpec,
    flow_sampler,
)
from takt_policy.model import PolicyModel  # noqa: E402


def specification(family="direct", sampler=None, **changes):
    tcp = InputSpec(
        "tcp", "arm/state", "takt_msgs/msg/ArmState", "tcp_pose", Preprocess("pose"),
        (9,), "float32", 2, 0.1, "pose", 0.1,
    )  # fmt: skip
    unused = InputSpec(
        "joints", "joint_states", "sensor_msgs/msg/JointState", "joint_position",
        Preprocess("vector"), (7,), "float32", 2, 0.1, "linear", 0.1,
    )  # fmt: skip
    values = {
        "name": "tiny", "description": "", "family": family, "reference_pose": "tcp",
        "inputs": (tcp, unused), "actions": (ActionGroup("arm", "position"),),
        "horizons": Horizons(2, 4, 2, 0.1), "sampler": sampler,
        "normalizer": {"tcp": "identity", "joints": "identity", "action": "identity"},
        **changes,
    }  # fmt: skip
    return PolicySpec(**values)


NORMALIZERS = {name: Normalizer.identity() for name in ("tcp", "joints", "action")}
OBSERVATION = {
    "tcp": np.tile(np.array([0.5, 0, 0.2, 1, 0, 0, 0, 1, 0], np.float32), (1, 2, 1)),
    "joints": np.zeros((1, 2, 7), np.float32),
}


ROOT = Path(__file__).parents[3]


def predict(tcp, joints):
    return torch.sin(tcp[:, -1:, :3] * torch.arange(1, 5)[:, None])


def test_a_function_becomes_a_bundle_that_predicts_the_same(tmp_path):
    exported = export_modules(
        tmp_path / "a.takt", specification(), NORMALIZERS, OBSERVATION, {"predict": predict}
    )
    model = PolicyModel(exported.bundle.path, exported.bundle.spec)
    wanted = predict(*(torch.from_numpy(OBSERVATION[name]) for name in ("tcp", "joints"))).numpy()
    np.testing.assert_allclose(model.predict(OBSERVATION), wanted, atol=1e-6)
    np.testing.assert_array_equal(exported.bundle.golden["predict.out.actions"], wanted)
    assert exported.parity["predict"] <= 1e-5


@pytest.mark.parametrize(
    ("family", "sampler", "dtype"),
    [
        ("diffusion", SamplerSpec("ddim", 10, 5), torch.int64),
        ("flow", flow_sampler(3), torch.float32),
        ("flow", flow_sampler(3, prefix=True), torch.float32),
    ],
)
def test_families_that_sample(tmp_path, family, sampler, dtype):
    def encode(tcp, joints):
        return tcp.flatten(1) @ torch.ones(18, 6)

    seen = []

    def denoise(x, t, condition):
        seen.append((t.dtype, t.dim()))
        level = t if t.dim() == 2 else t[:, None]
        return x * condition.mean(1)[:, None, None] + level[..., None] * 0.01

    exported = export_modules(
        tmp_path / "a.takt", specification(family, sampler), NORMALIZERS, OBSERVATION,
        {"encode": encode, "denoise": denoise},
    )  # fmt: skip
    assert set(exported.parity) == {"encode", "denoise"}
    assert set(seen) == {(dtype, 2 if sampler.prefix else 1)}


def test_a_batch_that_was_fixed_in_tracing_is_refused(tmp_path):
    def fixed(tcp, joints):
        return tcp[:, -1:, :3].reshape(2, 1, 3).expand(2, 4, 3)

    with pytest.raises(Exception, match=r"batch|shape|Reshape"):
        export_modules(
            tmp_path / "a.takt", specification(), NORMALIZERS, OBSERVATION, {"predict": fixed}
        )
    assert not (tmp_path / "a.takt").exists()


def test_what_traces_differently_is_refused(tmp_path):
    def branching(tcp, joints):
        result = tcp[:, -1:, :3].expand(-1, 4, -1)
        return result + 1.0 if len(tcp) == 5 else result * 1.0

    with pytest.raises(ExportError, match="differs from PyTorch by 1"):
        export_modules(
            tmp_path / "a.takt", specification(), NORMALIZERS, OBSERVATION, {"predict": branching}
        )


def test_an_original_that_computes_something_else_is_refused(tmp_path):
    with pytest.raises(ExportError, match="allowed are 1e-05"):
        export_modules(
            tmp_path / "a.takt", specification(), NORMALIZERS, OBSERVATION, {"predict": predict},
            originals={"predict": lambda tcp, joints: predict(tcp, joints) + 1e-4},
        )  # fmt: skip
    looser = specification(golden=GoldenSpec(export_tolerance=1e-3, graph_tolerance=1e-3))
    export_modules(
        tmp_path / "a.takt", looser, NORMALIZERS, OBSERVATION, {"predict": predict},
        originals={"predict": lambda tcp, joints: predict(tcp, joints) + 1e-4},
    )  # fmt: skip


def test_the_graphs_must_be_those_of_the_specification(tmp_path):
    with pytest.raises(ExportError, match="needs predict"):
        export_modules(
            tmp_path / "a", specification(), NORMALIZERS, OBSERVATION, {"encode": predict}
        )


def test_a_method_of_a_network(tmp_path):
    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(9, 12)

        def act(self, tcp, joints):
            return self.linear(tcp[:, -1]).unflatten(-1, (4, 3))

    exported = export_modules(
        tmp_path / "a.takt", specification(), NORMALIZERS, OBSERVATION, {"predict": Network().act}
    )
    assert exported.parity["predict"] <= 1e-5


class Policy:
    """A network of somebody's, in an object that is no module, with dropout left on."""

    def __init__(self):
        self.network = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(18, 12), torch.nn.Dropout()
        )

    def __call__(self, tcp, joints):
        return self.network(tcp).reshape(-1, 4, 3)


def test_functions_may_use_networks_around_them(tmp_path):
    policy = Policy()
    network = policy.network.train()
    functions = {
        "closure": lambda tcp, joints: network(tcp).reshape(-1, 4, 3),
        "method": policy.__call__,
        "object": policy,
    }
    for name, function in functions.items():
        network.train()
        path = tmp_path / f"{name}.takt"
        exported = export_modules(
            path, specification(), NORMALIZERS, OBSERVATION, {"predict": function}
        )
        assert exported.parity["predict"] <= 1e-5, name
        assert not network.training


def wrong(tcp, joints):
    return tcp @ joints


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (wrong, r"'predict' failed in .*test_export_modules.py, line \d+, called with tcp "
                r"\[2, 2, 9\] float32, joints \[2, 2, 7\] float32: RuntimeError"),
        (lambda tcp, joints: tcp, r"gave the shape \[2, 2, 9\]; it must give \[2, 4, 3\]"),
        (lambda tcp, joints: (tcp, 1), "gave tuple; it must give one tensor of float32"),
        (lambda tcp, joints: tcp.double(), "gave torch.float64; it must give one tensor"),
    ],
)  # fmt: skip
def test_a_function_that_does_not_fit_is_named_with_its_shapes(tmp_path, function, message):
    with pytest.raises(ExportError, match=message):
        export_modules(
            tmp_path / "a.takt", specification(), NORMALIZERS, OBSERVATION, {"predict": function}
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tcp": None}, "observation lacks 'tcp'; give one example for each of tcp, joints"),
        ({"tcp": np.zeros((2, 9), np.float32)}, r"has shape \[2, 9\]; .* says \[1, 2, 9\]"),
        ({"joints": np.zeros((1, 2, 7))}, r"\['joints'\] is float64; .* says float32"),
    ],
)
def test_examples_that_do_not_fit_are_named(tmp_path, change, message):
    given = {**OBSERVATION, **change}
    observation = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(ExportError, match=message):
        export_modules(
            tmp_path / "a.takt", specification(), NORMALIZERS, observation, {"predict": predict}
        )


def test_the_example_of_the_documentation(tmp_path, monkeypatch):
    page = (ROOT / "docs/export.md").read_text(encoding="utf-8")
    section = page[page.index("## Any PyTorch module") :]
    specification_text = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(specification_text[1], encoding="utf-8")
    names: dict[str, object] = {}
    exec(compile(code[1], "docs/export.md", "exec"), names)
    torch.save(names["Network"]().state_dict(), "best.pt")
    rng = np.random.default_rng(0)
    np.savez("data.npz", tcp=rng.normal(size=(9, 9)), actions=rng.uniform(-0.1, 0.1, (9, 3)))
    parts = names["parts"]()
    exported = export_modules(
        "mine.takt", parts.spec, parts.normalizers, parts.observation, parts.modules
    )
    assert exported.bundle.spec.name == "mine"
