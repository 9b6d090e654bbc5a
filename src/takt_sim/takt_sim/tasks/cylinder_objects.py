"""Objects of the grasping task: a standing cylinder, such as a can or a bottle."""

from __future__ import annotations

import mujoco

from takt_sim.surroundings import ROBOT_BIT, RUBBER_SOLIMP, RUBBER_SOLREF, SURROUNDINGS_BIT

CYLINDER = "cylinder"
CYLINDER_RADIUS_M = 0.030
CYLINDER_HEIGHT_M = 0.130
CYLINDER_MASS_KG = 0.120
CYLINDER_RGB = (0.16, 0.45, 0.66)
BAND_RGB = (0.95, 0.90, 0.80)

_BAND_HEIGHT_M = 0.030
_SOLREF = [0.004, 1.0]
_SOLIMP = [0.95, 0.99, 0.0005, 0.5, 2.0]


def add_cylinder(spec: mujoco.MjSpec) -> None:
    """A free cylinder; its origin is its centre, z along its axis."""
    # What fingers hold by friction creeps in a pyramidal cone; and with the few iterations that do
    # for a gripper, many fingers on one body chatter.
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    spec.option.iterations = 60
    spec.option.ls_iterations = 30
    spec.add_material(name=CYLINDER, rgba=[*CYLINDER_RGB, 1.0], specular=0.3)
    spec.add_material(name="band", rgba=[*BAND_RGB, 1.0], specular=0.2)
    half = CYLINDER_HEIGHT_M / 2
    body = spec.worldbody.add_body(name=CYLINDER, pos=[0.5, 0.0, half])
    body.add_freejoint(name=CYLINDER)
    body.add_geom(
        name=CYLINDER,
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[CYLINDER_RADIUS_M, half, 0.0],
        mass=CYLINDER_MASS_KG,
        material=CYLINDER,
        contype=0,
        conaffinity=SURROUNDINGS_BIT,
        friction=[0.4, 0.005, 0.0001],
        solref=_SOLREF,
        solimp=_SOLIMP,
    )
    # The hand meets a capsule of the same radius: MuJoCo finds where two capsules touch exactly,
    # while its contacts of capsule and cylinder flicker. On the mantle it makes no difference.
    body.add_geom(
        name="cylinder_mantle",
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        size=[CYLINDER_RADIUS_M, half - CYLINDER_RADIUS_M, 0.0],
        density=0,
        group=3,
        contype=0,
        conaffinity=ROBOT_BIT,
        friction=[0.4, 0.005, 0.0001],
        solref=RUBBER_SOLREF,
        solimp=RUBBER_SOLIMP,
    )
    # A painted band shows how it stands; a painted lid shows where its middle is.
    for radius_m, half_m, height_m in (
        (CYLINDER_RADIUS_M + 0.0003, _BAND_HEIGHT_M / 2, -0.025),
        (0.6 * CYLINDER_RADIUS_M, 0.0004, half),
    ):
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=[radius_m, half_m, 0.0],
            pos=[0.0, 0.0, height_m],
            material="band",
            contype=0,
            conaffinity=0,
            density=0,
        )
