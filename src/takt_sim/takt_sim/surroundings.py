"""The table, the light and the sky around every robot, and who collides with whom."""

from __future__ import annotations

import mujoco

# Collision bits. The robot and what it holds meet the surroundings; the fingers also
# meet what they hold. Links of the arm never meet each other: the task keeps them apart,
# and testing the pairs would cost a tenth of the step.
ROBOT_BIT = 1
SURROUNDINGS_BIT = 2
HELD_BIT = 4

# How MuJoCo's contacts give way where the soft skin of a hand is one side of them.
RUBBER_SOLREF = (0.02, 1.0)
RUBBER_SOLIMP = (0.9, 0.95, 0.002, 0.5, 2.0)

LIGHT_DIFFUSE = (0.62, 0.61, 0.58)
LIGHT_DIRECTION = (-0.45, -0.55, -1.0)


def add_surroundings(spec: mujoco.MjSpec) -> None:
    """Sky, table top at z = 0, and the key light."""
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.80, 0.85, 0.90],
        rgb2=[0.55, 0.62, 0.70],
        width=64,
        height=384,
    )
    spec.add_texture(
        name="table_pattern",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        mark=mujoco.mjtMark.mjMARK_EDGE,
        rgb1=[0.33, 0.36, 0.40],
        rgb2=[0.35, 0.38, 0.42],
        markrgb=[0.42, 0.45, 0.49],
        width=256,
        height=256,
    )
    table = spec.add_material(name="table", texrepeat=[8, 8], texuniform=False, specular=0.1)
    table.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "table_pattern"
    spec.worldbody.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.60, 0.70, 0.02],
        pos=[0.40, 0.0, -0.02],
        material="table",
        contype=SURROUNDINGS_BIT,
        conaffinity=ROBOT_BIT | HELD_BIT,
        friction=[0.4, 0.005, 0.0001],
    )
    spec.worldbody.add_light(
        name="key",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=[1.0, 1.0, 2.0],
        dir=list(LIGHT_DIRECTION),
        diffuse=list(LIGHT_DIFFUSE),
        specular=[0.12, 0.12, 0.12],
        castshadow=False,
    )
