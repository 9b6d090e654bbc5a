"""Objects of the peg task: the fixture with its chamfered hole, and the peg.

Everything is a box: MuJoCo's box against box gives up to eight contact points, which a
flat face needs to lie still.
"""

from __future__ import annotations

import mujoco
import numpy as np

from takt_sim.surroundings import HELD_BIT, ROBOT_BIT, SURROUNDINGS_BIT

PEG_WIDTH_M = 0.020
PEG_LENGTH_M = 0.060
PEG_MASS_KG = 0.050
HOLE_WIDTH_M = 0.021
HOLE_DEPTH_M = 0.030
CHAMFER_M = 0.004
FIXTURE_HALF_WIDTH_M = 0.034
PLATE_THICKNESS_M = 0.001
FLOOR_THICKNESS_M = 0.005
RIM_HEIGHT_M = HOLE_DEPTH_M + FLOOR_THICKNESS_M

FIXTURE = "fixture"
PEG = "peg"
GRASP = "grasp"
FIXTURE_RGB = (0.16, 0.45, 0.62)

# Stiff against the default: a heavy arm leans on these contacts.
CONTACT_SOLREF = [0.004, 1.0]
CONTACT_SOLIMP = [0.95, 0.99, 0.0005, 0.5, 2.0]
FRICTION = [0.25, 0.002, 0.0001]


def add_fixture(spec: mujoco.MjSpec) -> None:
    """A block with a square hole. Its origin is the centre of the rim, z up out of the hole."""
    body = spec.worldbody.add_body(name=FIXTURE, mocap=True)
    for name, colour in (
        (FIXTURE, [*FIXTURE_RGB, 1.0]),
        ("fixture_chamfer", [0.97, 0.80, 0.32, 1.0]),
        ("fixture_wall", [0.09, 0.24, 0.34, 1.0]),
        ("fixture_floor", [0.04, 0.07, 0.10, 1.0]),
    ):
        spec.add_material(name=name, rgba=colour, specular=0.1)
    width = FIXTURE_HALF_WIDTH_M
    floor = -HOLE_DEPTH_M - FLOOR_THICKNESS_M / 2
    _fixture_box(body, [0, 0, floor], [width, width, FLOOR_THICKNESS_M / 2], 0.0, "fixture_floor")
    for quarter in range(4):
        _add_side(body, quarter * np.pi / 2)


def _add_side(body: mujoco.MjsBody, yaw: float) -> None:
    """One of four sides: the wall below the chamfer, the block beside it, the chamfer itself.

    Neighbouring sides overlap at the corners; the union of their solids is the mitre.
    """
    inner, outer = HOLE_WIDTH_M / 2, FIXTURE_HALF_WIDTH_M
    wall_top = -CHAMFER_M
    wall_height = HOLE_DEPTH_M + FLOOR_THICKNESS_M - CHAMFER_M
    wall = [(outer - inner) / 2, outer, wall_height / 2]
    _fixture_box(
        body, [(outer + inner) / 2, 0, wall_top - wall_height / 2], wall, yaw, "fixture_wall"
    )
    rim = inner + CHAMFER_M
    top = [(outer - rim) / 2, outer, CHAMFER_M / 2]
    _fixture_box(body, [(outer + rim) / 2, 0, -CHAMFER_M / 2], top, yaw, "fixture")
    # A plank whose upper face is the chamfer: from (inner, -CHAMFER) to (rim, 0) in x and z.
    half_width, half_thickness = CHAMFER_M / np.sqrt(2.0), 0.0015
    middle_x, middle_z = inner + CHAMFER_M / 2, -CHAMFER_M / 2
    sink = half_thickness / np.sqrt(2.0)
    _fixture_box(
        body,
        [middle_x + sink, 0, middle_z - sink],
        [half_width, rim, half_thickness],
        yaw,
        "fixture_chamfer",
        pitch=-np.pi / 4,
    )


def add_plate(spec: mujoco.MjSpec, lead_in_m: float) -> None:
    """A clear plate, flush with the rim, that covers the chamfer but for its innermost part.

    It cannot be seen, so cameras see the same fixture with any plate.
    """
    inner, outer = HOLE_WIDTH_M / 2 + lead_in_m, HOLE_WIDTH_M / 2 + CHAMFER_M
    body = spec.body(FIXTURE)
    for quarter in range(4):
        half_size = [(outer - inner) / 2, outer, PLATE_THICKNESS_M / 2]
        position = [(outer + inner) / 2, 0.0, -PLATE_THICKNESS_M / 2]
        yaw = quarter * np.pi / 2
        box = _fixture_box(body, position, half_size, yaw, FIXTURE)
        box.material, box.rgba = "", [0.0, 0.0, 0.0, 0.0]


def _fixture_box(
    body: mujoco.MjsBody,
    position: list[float],
    half_size: list[float],
    yaw: float,
    material: str,
    pitch: float = 0.0,
) -> mujoco.MjsGeom:
    cos, sin = np.cos(yaw), np.sin(yaw)
    x, y, z = position
    turn, tilt, quaternion = np.zeros(4), np.zeros(4), np.zeros(4)
    mujoco.mju_axisAngle2Quat(turn, np.array([0.0, 0.0, 1.0]), yaw)
    mujoco.mju_axisAngle2Quat(tilt, np.array([0.0, 1.0, 0.0]), pitch)
    mujoco.mju_mulQuat(quaternion, turn, tilt)
    return body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=[cos * x - sin * y, sin * x + cos * y, z],
        quat=quaternion,
        size=half_size,
        material=material,
        contype=SURROUNDINGS_BIT,
        conaffinity=ROBOT_BIT | HELD_BIT,
        friction=FRICTION,
        solref=CONTACT_SOLREF,
        solimp=CONTACT_SOLIMP,
    )


def add_peg(spec: mujoco.MjSpec, held_by: str) -> None:
    """The peg, free, and the weld that stands for a firm grasp of it. Its z points to the tip."""
    spec.add_material(name="peg", rgba=[0.90, 0.36, 0.20, 1.0], specular=0.2)
    spec.add_material(name="peg_tip", rgba=[0.98, 0.93, 0.86, 1.0], specular=0.2)
    body = spec.worldbody.add_body(name=PEG, pos=[0.45, 0.0, 0.5])
    body.add_freejoint(name=PEG)
    half = PEG_WIDTH_M / 2
    body.add_geom(
        name=PEG,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half, half, PEG_LENGTH_M / 2],
        mass=PEG_MASS_KG,
        material="peg",
        contype=HELD_BIT,
        conaffinity=SURROUNDINGS_BIT | ROBOT_BIT,
        friction=FRICTION,
        solref=CONTACT_SOLREF,
        solimp=CONTACT_SOLIMP,
    )
    # A light band shows how deep the tip is; it is paint, not a shape.
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half + 0.0001, half + 0.0001, 0.004],
        pos=[0.0, 0.0, PEG_LENGTH_M / 2 - 0.0039],
        material="peg_tip",
        contype=0,
        conaffinity=0,
        density=0,
    )
    spec.add_equality(
        name=GRASP,
        type=mujoco.mjtEq.mjEQ_WELD,
        name1=held_by,
        name2=PEG,
        objtype=mujoco.mjtObj.mjOBJ_BODY,
        # Firm, with the slight give of rubber pads: about 0.05 mm at 10 N.
        solref=[0.004, 1.0],
        solimp=[0.98, 0.995, 0.001, 0.5, 2.0],
    )
