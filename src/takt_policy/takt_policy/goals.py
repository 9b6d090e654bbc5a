"""Goals: what a policy is asked to achieve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_policy.bundle.schema import GOAL_STREAM
from takt_policy.errors import PolicyError

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Goal:
    """One of the four; nothing at all is no goal.

    Attributes:
        text: a sentence.
        pose: base_from_goal, where the tool is to be.
        point_m: (3,) in the base frame [m].
        image: (height, width, 3) uint8 RGB, what it is to look like.
    """

    text: str | None = None
    pose: Pose | None = None
    point_m: npt.NDArray[np.float64] | None = None
    image: npt.NDArray[np.uint8] | None = None

    @property
    def kind(self) -> str:
        """``text``, ``pose``, ``point``, ``image``, or empty for no goal."""
        return next(iter(self.features()), "")

    @property
    def words(self) -> str:
        """For messages."""
        return {"text": f"the text {self.text!r}", "": "nothing", "image": "an image"}.get(
            self.kind, f"a {self.kind}"
        )

    def features(self) -> dict[str, Array]:
        """As a sample of the stream ``goal`` has them; text as UTF-8 bytes."""
        if self.text is not None:
            return {"text": np.frombuffer(self.text.encode(), np.uint8)}
        if self.pose is not None:
            return {"pose": self.pose.array7()}
        if self.point_m is not None:
            return {"point": np.asarray(self.point_m, np.float64)}
        return {} if self.image is None else {"image": self.image}

    def sample(self, stamp_ns: int) -> Sample:
        """What ``ObservationBuilder.push`` takes."""
        return Sample(GOAL_STREAM, stamp_ns, self.features())

    @staticmethod
    def from_sample(sample: Sample) -> Goal:
        """The inverse of ``sample``.

        Raises:
            PolicyError: the text is not UTF-8.
            TaktError: the pose is none.
        """
        features = sample.features
        if "text" in features:
            try:
                return Goal(text=bytes(features["text"]).decode())
            except UnicodeDecodeError:
                raise PolicyError("the text of the goal is not UTF-8; send it as such") from None
        if "pose" in features:
            return Goal(pose=Pose.from_array7(features["pose"]))
        if "point" in features:
            return Goal(point_m=np.asarray(features["point"], np.float64).reshape(3))
        return Goal(image=features.get("image"))
