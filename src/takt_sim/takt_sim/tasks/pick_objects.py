"""Objects of the pick-and-place task: the cube, and the pad that it is to lie on."""

from __future__ import annotations

import mujoco

from takt_sim.surroundings import HELD_BIT, ROBOT_BIT, SURROUNDINGS_BIT

CUBE = "cube"
PAD = "pad"
CUBE_SIDE_M = 0.040
CUBE_MASS_KG = 0.050
CUBE_RGB = (0.82, 0.26, 0.20)
PAD_RGB = (0.20, 0.62, 0.42)
PAD_RADIUS_M = 0.038

# Fingers have friction 1 of their own and MuJoCo takes the greater: they hold it without a weld.
_FRICTION = [0.4, 0.005, 0.0001]
_SOLREF = [0.004, 1.0]
_SOLIMP = [0.95, 0.99, 0.0005, 0.5, 2.0]


def add_cube(spec: mujoco.MjSpec) -> None:
    """A free cube; its origin is its centre."""
    spec.add_material(name=CUBE, rgba=[*CUBE_RGB, 1.0], specular=0.2)
    spec.add_material(name="cube_top", rgba=[0.95, 0.90, 0.80, 1.0], specular=0.2)
    body = spec.worldbody.add_body(name=CUBE, pos=[0.5, 0.0, CUBE_SIDE_M / 2])
    body.add_freejoint(name=CUBE)
    half = CUBE_SIDE_M / 2
    body.add_geom(
        name=CUBE,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half, half, half],
        mass=CUBE_MASS_KG,
        material=CUBE,
        contype=HELD_BIT,
        conaffinity=SURROUNDINGS_BIT | ROBOT_BIT,
        friction=_FRICTION,
        solref=_SOLREF,
        solimp=_SOLIMP,
    )
    # Light squares in the middle of all faces: paint that shows how the cube is turned.
    for axis in range(3):
        size = [0.011, 0.011, 0.011]
        size[axis] = half + 0.0002
        _paint(body, mujoco.mjtGeom.mjGEOM_BOX, size, [0.0, 0.0, 0.0], "cube_top")


def add_pad(spec: mujoco.MjSpec) -> None:
    """A round mark on the table; its origin lies on the table top. It is paint, not a shape."""
    spec.add_material(name=PAD, rgba=[*PAD_RGB, 1.0], specular=0.1)
    spec.add_material(name="pad_ring", rgba=[0.93, 0.94, 0.90, 1.0], specular=0.1)
    body = spec.worldbody.add_body(name=PAD, mocap=True)
    cylinder = mujoco.mjtGeom.mjGEOM_CYLINDER
    _paint(body, cylinder, [PAD_RADIUS_M, 0.0004, 0.0], [0.0, 0.0, 0.0004], "pad_ring")
    _paint(body, cylinder, [PAD_RADIUS_M - 0.007, 0.0006, 0.0], [0.0, 0.0, 0.0006], PAD)


def _paint(
    body: mujoco.MjsBody,
    shape: mujoco.mjtGeom,
    size: list[float],
    position_m: list[float],
    material: str,
) -> None:
    body.add_geom(
        type=shape, size=size, pos=position_m, material=material,
        contype=0, conaffinity=0, density=0,
    )  # fmt: skip
