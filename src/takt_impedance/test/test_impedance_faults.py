"""Whatever comes in: limits hold, and a fault is named, latched and harmless."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_support import MS, Rig, posture, random_arm, unlimited

from takt_impedance import Fault, Parameters, TickOutput

SEED = 2


def start(parameters: Parameters | None = None) -> Rig:
    return Rig.start(random_arm(SEED), parameters or Parameters(7), posture(SEED, 7))


anything = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-10, 10))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_limits_hold_under_any_input(data: st.DataObject) -> None:
    p = Parameters(7)
    p.torque_limit_nm = [40, 40, 30, 30, 12, 12, 8]
    rig = start(p)
    last = np.array(rig.tick().torque)
    terms = rig.arm.terms(rig.q, rig.dq)
    names = ["q", "dq", "tau", "jacobian", "mass", "bias", "position", "rotation", "dt", "now"]
    for _ in range(5):
        rig.now_ns += MS
        inputs = {
            "q": rig.q.copy(), "dq": rig.dq.copy(), "tau": np.zeros(7),
            "jacobian": terms.jacobian.copy(), "mass": terms.mass.copy(),
            "bias": terms.bias.copy(), "position": terms.position.copy(),
            "rotation": terms.rotation.copy(), "dt": np.array(1e-3), "now": np.array(0.0),
        }  # fmt: skip
        for name in data.draw(st.lists(st.sampled_from(names), max_size=3)):
            array = inputs[name]
            array.flat[data.draw(st.integers(0, array.size - 1))] = data.draw(anything)
        dt = float(inputs["dt"])
        shift = float(inputs["now"])
        shift = int(np.clip(shift, -1e17, 1e17)) if np.isfinite(shift) else 0
        output = rig.controller.tick(
            rig.now_ns + shift, dt, inputs["q"], inputs["dq"], inputs["tau"], inputs["jacobian"],
            inputs["mass"], inputs["bias"], inputs["position"], inputs["rotation"],
        )  # fmt: skip
        assert np.isfinite(output.torque).all()
        assert (np.abs(output.torque) <= p.torque_limit_nm).all()
        gap = abs(dt) if np.isfinite(dt) else 0.0
        step = p.torque_rate_limit_nm_s * (gap + p.dt_max_s)
        assert (np.abs(output.torque - last) <= step + 1e-9).all()
        last = np.array(output.torque)


FAULTS = [
    ("q", Fault.NONFINITE_POSITION),
    ("dq", Fault.NONFINITE_VELOCITY),
    ("jacobian", Fault.NONFINITE_JACOBIAN),
    ("mass", Fault.NONFINITE_MASS),
    ("bias", Fault.NONFINITE_BIAS),
    ("position", Fault.NONFINITE_POSE),
    ("rotation", Fault.NONFINITE_POSE),
    ("dt", Fault.NONFINITE_DT),
]


def tick_with(rig: Rig, **changes: object) -> TickOutput:
    """A tick in which some inputs are replaced."""
    rig.now_ns += MS
    terms = rig.arm.terms(rig.q, rig.dq)
    inputs = {
        "dt": 1e-3, "q": rig.q, "dq": rig.dq, "tau": None, **terms._asdict(), **changes
    }  # fmt: skip
    return rig.controller.tick(
        rig.now_ns, inputs["dt"], inputs["q"], inputs["dq"], inputs["tau"], inputs["jacobian"],
        inputs["mass"], inputs["bias"], inputs["position"], inputs["rotation"],
    )  # fmt: skip


def spoilt(rig: Rig, name: str) -> object:
    if name == "dt":
        return np.nan
    values = {"q": rig.q, "dq": rig.dq, **rig.arm.terms(rig.q, rig.dq)._asdict()}
    array = np.array(values[name])
    array.flat[1] = np.nan
    return array


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_fault_falls_back_to_gravity_and_damping(name: str, fault: Fault) -> None:
    rig = start(unlimited(7))
    rig.tick()
    rig.q = rig.q + 0.1  # the law now pulls hard
    pulling = np.array(rig.tick().torque)
    output = tick_with(rig, **{name: spoilt(rig, name)})
    bias = rig.arm.terms(rig.q, rig.dq).bias
    assert output.fault == fault
    assert output.fault_name == fault.name.lower()
    np.testing.assert_allclose(output.torque, bias, atol=1e-9)
    assert np.abs(pulling - bias).max() > 1.0  # so that was not the last torque again
    rig.dq = np.full(7, 0.5)
    output = tick_with(rig)  # healthy again, but the fault is latched
    assert output.fault == fault
    damping = (output.torque - rig.arm.terms(rig.q, rig.dq).bias) / rig.dq
    assert (damping < 0).all()
    result = rig.controller.set_trajectory(
        [rig.now_ns + 100 * MS], [np.array(output.target_pose)], rig.now_ns
    )
    assert not result.accepted
    assert fault.name.lower() in result.reason


def test_not_a_rotation_and_not_a_mass_are_faults() -> None:
    rig = start()
    rig.tick()
    assert tick_with(rig, rotation=1.1 * np.eye(3)).fault == Fault.INVALID_ROTATION
    rig = start()
    rig.tick()
    assert tick_with(rig, mass=-np.eye(7)).fault == Fault.SINGULAR_MASS
    rig = start()
    rig.tick()
    assert tick_with(rig, jacobian=np.full((6, 7), 1e200)).fault == Fault.NONFINITE_OUTPUT


def test_reset_after_a_fault_has_no_bump() -> None:
    rig = start()
    rig.tick()
    tick_with(rig, q=np.full(7, np.nan))
    rig.q = rig.q + 0.05
    last = np.array(tick_with(rig).torque)
    terms = rig.arm.terms(rig.q, rig.dq)
    rig.controller.reset_fault(rig.now_ns, rig.q, terms.position, terms.rotation)
    output = rig.tick()
    assert output.fault == Fault.NONE
    np.testing.assert_allclose(output.torque, last, atol=1e-9)
    np.testing.assert_allclose(output.target_pose[:3], terms.position, atol=1e-12)
    assert rig.controller.counters.faults == 1


def test_a_fault_in_the_first_tick_keeps_the_torque_found_at_activation() -> None:
    arm, q = random_arm(SEED), posture(SEED, 7)
    terms = arm.terms(q, np.zeros(7))
    rig = Rig.start(arm, Parameters(7), q, tau=terms.bias)
    nan = np.full(7, np.nan)
    for _ in range(200):
        rig.now_ns += MS
        output = rig.controller.tick(
            rig.now_ns, 1e-3, nan, np.zeros(7), None, terms.jacobian, terms.mass, nan,
            terms.position, terms.rotation,
        )  # fmt: skip
    assert output.fault == Fault.NONFINITE_POSITION
    np.testing.assert_allclose(output.torque, terms.bias, atol=1e-9)
