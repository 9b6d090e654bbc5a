"""What of the robot touches itself or its surroundings at given joint angles.

Shapes are those of the URDF's <collision> elements and of the scene, distances are Coal's. Two
shapes are compared only if joints of the arm move one against the other, and not if a single
joint of the arm lies between them: neighbours overlap by design.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import coal
import numpy as np
import pinocchio

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_motion.scene import Obstacle


class CollisionModel:
    """The robot among its obstacles.

    Args:
        urdf_xml: text of the URDF; its root stands where the base frame is.
        joint_names: the arm's joints in the order of all joint vectors here.
        margin_m: what comes nearer than this counts as touching [m].
        allowed: pairs "a - b" of links or obstacles that may touch.
        package_folders: where ``package://`` addresses of meshes are looked up.

    Raises:
        TaktError: a joint, frame or pair that does not exist.
    """

    def __init__(
        self,
        urdf_xml: str,
        joint_names: Sequence[str],
        obstacles: Sequence[Obstacle] = (),
        *,
        margin_m: float = 0.01,
        allowed: Sequence[str] = (),
        package_folders: Sequence[str] = (),
    ) -> None:
        self.margin_m = margin_m
        self._model = pinocchio.buildModelFromXML(urdf_xml)
        missing = [name for name in joint_names if not self._model.existJointName(name)]
        if missing:
            raise TaktError(f"joints {missing} are not in the URDF: {list(self._model.names)[1:]}")
        joints = [self._model.joints[self._model.getJointId(name)] for name in joint_names]
        self._index_q = np.array([joint.idx_q for joint in joints])
        self._continuous = np.array([joint.nq == 2 for joint in joints])
        self._arm = frozenset(joint.id for joint in joints)
        folders = {"package_dirs": list(package_folders)} if package_folders else {}
        self._geometry = pinocchio.buildGeomFromUrdfString(
            self._model, urdf_xml, pinocchio.GeometryType.COLLISION, **folders
        )
        frames = self._model.frames
        self._names = [frames[item.parentFrame].name for item in self._geometry.geometryObjects]
        self._links = len(self._names)
        for obstacle in obstacles:
            self._add(obstacle)
            self._names.append(obstacle.name)
        self._add_pairs(allowed)
        self._data = self._model.createData()
        self._pairs = self._geometry.createData()
        for request in self._pairs.collisionRequests:
            request.security_margin = margin_m
        self._q: Array = pinocchio.neutral(self._model)
        self.reach_m = np.array([self._reach(joint.id) for joint in joints])

    def set_others(self, positions: Mapping[str, float]) -> None:
        """Where joints that are not the arm's stand [rad, m]; unknown names are ignored.

        So are positions that are not finite, as a joint has that was never measured: Coal remembers
        where shapes were, and would be wrong ever after.
        """
        for name, value in positions.items():
            if self._model.existJointName(name) and np.isfinite(value):
                joint = self._model.joints[self._model.getJointId(name)]
                if joint.id not in self._arm and joint.nq == 1:
                    self._q[joint.idx_q] = value

    def is_free(self, q: Array) -> bool:
        """Whether nothing is nearer than the margin at joint angles ``q`` (n,)."""
        self._place(q)
        return not pinocchio.computeCollisions(self._geometry, self._pairs, True)

    def touching(self, q: Array) -> dict[str, float]:
        """What is nearer than the margin, as "a - b", with its distance [m]; negative: they
        overlap."""
        self._place(q)
        pinocchio.computeCollisions(self._geometry, self._pairs, False)
        results = self._pairs.collisionResults
        found: dict[str, float] = {}
        for pair in range(len(results)):
            if results[pair].isCollision():
                distance = pinocchio.computeDistance(self._geometry, self._pairs, pair).min_distance
                name = self._pair_name(pair)
                found[name] = min(float(distance), found.get(name, np.inf))
        return found

    def _pair_name(self, pair: int) -> str:
        numbers = self._geometry.collisionPairs[pair]
        return f"{self._names[numbers.first]} - {self._names[numbers.second]}"

    def _place(self, q: Array) -> None:
        self._q[self._index_q] = np.where(self._continuous, np.cos(q), q)
        self._q[self._index_q[self._continuous] + 1] = np.sin(q[self._continuous])
        pinocchio.updateGeometryPlacements(
            self._model, self._data, self._geometry, self._pairs, self._q
        )

    def _add(self, obstacle: Obstacle) -> None:
        joint, placement = 0, pinocchio.SE3(obstacle.frame_from_obstacle)
        if obstacle.frame:
            if not self._model.existFrame(obstacle.frame):
                frames = [frame.name for frame in self._model.frames]
                raise TaktError(
                    f"obstacle {obstacle.name!r} is fixed to {obstacle.frame!r}; "
                    f"the URDF has {frames}"
                )
            frame = self._model.frames[self._model.getFrameId(obstacle.frame)]
            joint, placement = frame.parentJoint, frame.placement * placement
        item = pinocchio.GeometryObject(obstacle.name, joint, placement, _shape(obstacle))
        self._geometry.addGeometryObject(item)

    def _add_pairs(self, allowed: Sequence[str]) -> None:
        known = set(self._names)
        may_touch = set()
        for text in allowed:
            names = frozenset(part.strip() for part in text.split(" - "))
            if len(names) != 2 or not names <= known:
                raise TaktError(
                    f"allowed pair {text!r}; allowed is 'a - b' with two of {sorted(known)}. "
                    "Change allowed_collisions"
                )
            may_touch.add(names)
        items = self._geometry.geometryObjects
        supports = [self._arm & set(self._model.supports[item.parentJoint]) for item in items]
        for i, j in itertools.combinations(range(len(items)), 2):
            between = len(supports[i] ^ supports[j])
            # The first link is no neighbour of an obstacle: it may well reach it.
            are_neighbours = between == 1 and (i < self._links) == (j < self._links)
            exempt = frozenset((self._names[i], self._names[j])) in may_touch
            if between > 0 and not are_neighbours and not exempt:
                self._geometry.addCollisionPair(pinocchio.CollisionPair(i, j))
        if not len(self._geometry.collisionPairs):
            raise TaktError("no link of the arm has a <collision> in the URDF; nothing is checked")

    def _reach(self, joint: int) -> float:
        """The most that any point behind a joint moves when it turns by 1 rad (or 1 m) [m]."""
        if self._model.joints[joint].shortname().startswith("JointModelP"):
            return 1.0
        reach = 0.0
        for item in self._geometry.geometryObjects:
            support = list(self._model.supports[item.parentJoint])
            if joint not in support:
                continue
            item.geometry.computeLocalAABB()
            centre = item.placement.act(np.array(item.geometry.aabb_center))
            way = float(np.linalg.norm(centre)) + float(item.geometry.aabb_radius)
            for later in support[support.index(joint) + 1 :]:
                way += float(np.linalg.norm(self._model.jointPlacements[later].translation))
                way += self._slide(later)
            reach = max(reach, way)
        return reach

    def _slide(self, joint: int) -> float:
        """How far a prismatic joint carries what is behind it [m]."""
        item = self._model.joints[joint]
        if not item.shortname().startswith("JointModelP"):
            return 0.0
        limits = (
            self._model.lowerPositionLimit[item.idx_q],
            self._model.upperPositionLimit[item.idx_q],
        )
        return float(np.abs(limits).max())


def _shape(obstacle: Obstacle) -> coal.CollisionGeometry:
    size = obstacle.size.tolist()
    if obstacle.shape == "box":
        return coal.Box(*size)
    if obstacle.shape == "sphere":
        return coal.Sphere(*size)
    if obstacle.shape == "cylinder":
        return coal.Cylinder(*size)
    return coal.Halfspace(obstacle.size, 0.0)
