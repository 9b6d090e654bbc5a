"""Two arms in one world: they set out together, or neither does."""

from dataclasses import dataclass

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from takt_description import ARM_JOINTS, FINGER_JOINTS, TOOL_FRAME, robot_description
from takt_impedance import ArmGroup, Controller, GroupResult, Mode, Parameters
from takt_impedance.kinematics import ArmModel
from takt_sim.robot import HOME_RAD

Float = NDArray[np.float64]
MS = 1_000_000
PREFIXES = ("left_", "right_")
FINGER_M = 0.02
FINGER_STIFFNESS_N_M, FINGER_DAMPING_N_S_M = 1000.0, 30.0


def two_arm_model() -> mujoco.MjModel:
    """Both arms of the URDF, a metre apart, without table and contacts."""
    spec = mujoco.MjSpec()
    spec.option.timestep = 5e-4
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
    extension = '<mujoco><compiler fusestatic="false" strippath="false"/></mujoco><link'
    urdf = robot_description().replace("<link", extension, 1)
    for prefix, y in zip(PREFIXES, (0.5, -0.5), strict=True):
        place = spec.worldbody.add_frame(pos=[0.0, y, 0.0])
        spec.attach(mujoco.MjSpec.from_string(urdf), prefix=prefix, frame=place)
    return spec.compile()


@dataclass
class Arm:
    """One of the two: its model for the controller, and where it is in the world's arrays."""

    kinematics: ArmModel
    controller: Controller
    joints: list[int]  # indices of its joints in qpos and qvel


class World:
    """Both arms and their controllers, which one loop ticks."""

    def __init__(self) -> None:
        self.model = two_arm_model()
        self.data = mujoco.MjData(self.model)
        self.now_ns = 1000 * MS
        self.arms = [self._arm(prefix) for prefix in PREFIXES]
        # Every joint has one degree of freedom: the same index in qpos and qvel.
        self.fingers = [
            self.model.joint(prefix + name).dofadr[0]
            for prefix in PREFIXES
            for name in FINGER_JOINTS
        ]
        self.data.qpos[self.fingers] = FINGER_M
        for arm in self.arms:
            self.data.qpos[arm.joints] = HOME_RAD
            terms = arm.kinematics.terms(np.array(HOME_RAD), np.zeros(7))
            arm.controller.activate(self.now_ns, HOME_RAD, terms.position, terms.rotation)
        self.targets: list[list[Float]] = [[], []]
        self.tools: list[list[Float]] = [[], []]
        self.run(20)
        self.group = ArmGroup([arm.controller for arm in self.arms])

    def _arm(self, prefix: str) -> Arm:
        locked = {prefix + name: FINGER_M for name in FINGER_JOINTS}
        names = [prefix + name for name in ARM_JOINTS]
        kinematics = ArmModel(robot_description(prefix), prefix + TOOL_FRAME, names, locked)
        parameters = Parameters(7)
        parameters.stiffness = [900, 900, 900, 45, 45, 45]
        parameters.torque_limit_nm = kinematics.torque_limit_nm
        joints = [self.model.joint(name).dofadr[0] for name in names]
        return Arm(kinematics, Controller(parameters), joints)

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now_ns += MS
            for i, arm in enumerate(self.arms):
                self._tick(i, arm)
            pull = FINGER_STIFFNESS_N_M * (FINGER_M - self.data.qpos[self.fingers])
            pull -= FINGER_DAMPING_N_S_M * self.data.qvel[self.fingers]
            self.data.qfrc_applied[self.fingers] = pull
            mujoco.mj_step(self.model, self.data, 2)

    def _tick(self, i: int, arm: Arm) -> None:
        q, dq = self.data.qpos[arm.joints], self.data.qvel[arm.joints]
        terms = arm.kinematics.terms(q, dq)
        output = arm.controller.tick(
            self.now_ns, 1e-3, q, dq, None, terms.jacobian, terms.mass, terms.bias,
            terms.position, terms.rotation,
        )  # fmt: skip
        self.data.qfrc_applied[arm.joints] = output.torque
        self.targets[i].append(np.array(output.target_pose[:3]))
        self.tools[i].append(np.array(terms.position))

    def send(self, shift_m: Float, start_s: float) -> GroupResult:
        """Both tools by `shift_m` within 0.6 s from the start, together."""
        times = [self.now_ns + round((start_s + t) * 1e9) for t in (0.3, 0.6)]
        poses = []
        for arm in self.arms:
            here = np.array(arm.controller.output.target_pose)
            both = np.array([here, here])
            both[:, :3] += np.outer([0.5, 1.0], shift_m)
            poses.append(both)
        rest = np.array([[np.nan] * 6, [0.0] * 6])
        start_ns = self.now_ns + round(start_s * 1e9)
        return self.group.set_trajectory(
            [times, times], poses, self.now_ns, twists=[rest, rest], start_ns=start_ns
        )


def first_motion(path: list[Float], begin: int, distance_m: float) -> int:
    """Tick in which a point is farther than that from where it was at `begin`; -1 if never."""
    away = np.linalg.norm(np.array(path[begin:]) - path[begin], axis=1) > distance_m
    return begin + int(np.argmax(away)) if away.any() else -1


@pytest.mark.parametrize("start_s", [0.0, 0.1])
def test_arms_set_out_in_the_same_tick_and_stay_together(start_s: float) -> None:
    world = World()
    shift = np.array([0.04, 0.0, 0.05])
    begin = len(world.targets[0]) - 1
    assert world.send(shift, start_s).accepted
    world.run(1000)
    starts = [first_motion(targets, begin, 0.0) for targets in world.targets]
    assert starts[0] == starts[1] == begin + max(1, round(start_s * 1e3))
    tools = [first_motion(tool, begin, 2e-4) for tool in world.tools]
    assert abs(tools[0] - tools[1]) <= 1
    left, right = (np.array(tool[begin:]) for tool in world.tools)
    # What both would carry is not bent: the same arms feel the same load.
    np.testing.assert_allclose(left - left[0], right - right[0], atol=1e-5)
    np.testing.assert_allclose(left[-1] - left[0], shift, atol=2e-3)


@pytest.mark.parametrize(("start_s", "later"), [(0.0, False), (0.1, False), (0.1, True)])
def test_neither_moves_if_one_refuses(start_s: float, later: bool) -> None:
    """When it is sent, or when the start has come."""
    world = World()
    begin = len(world.targets[0]) - 1
    refusing = world.arms[1].controller
    if not later:
        refusing.set_mode(Mode.HOLD)
    result = world.send(np.array([0.05, 0.0, 0.0]), start_s)
    assert result.accepted == later
    if later:
        refusing.set_mode(Mode.HOLD)
    world.run(400)
    for targets, tools in zip(world.targets, world.tools, strict=True):
        assert first_motion(targets, begin, 0.0) == -1
        assert first_motion(tools, begin, 1e-4) == -1
