"""Faults that can be injected into a running simulation."""

from __future__ import annotations

from collections.abc import Iterable


class Faults:
    """What is broken at present. Changes take effect at the next tick; a reset heals all."""

    def __init__(self, cameras: Iterable[str]) -> None:
        self._cameras = frozenset(cameras)
        self._frozen: set[str] = set()
        self._drops: dict[str, int] = {}
        self._nan_ticks = 0
        self._stall_ticks = 0

    def clear(self) -> None:
        self._frozen.clear()
        self._drops.clear()
        self._nan_ticks = 0
        self._stall_ticks = 0

    def freeze_camera(self, name: str) -> None:
        """From now on the camera delivers its last image again and again, with new stamps."""
        self._frozen.add(self._known(name))

    def drop_frames(self, name: str, count: int) -> None:
        """The next `count` frames of a camera get lost."""
        self._drops[self._known(name)] = count

    def nan_joints(self, ticks: int) -> None:
        """The controller reads NaN for the joint positions during `ticks` control ticks."""
        self._nan_ticks = ticks

    def stall_controller(self, ticks: int) -> None:
        """The controller is not called for `ticks` control ticks; the last torques stay on."""
        self._stall_ticks = ticks

    def is_frozen(self, name: str) -> bool:
        return name in self._frozen

    def take_drop(self, name: str) -> bool:
        """Whether the frame that is due now gets lost."""
        left = self._drops.get(name, 0)
        self._drops[name] = max(left - 1, 0)
        return left > 0

    def take_nan(self) -> bool:
        """Whether this control tick reads NaN."""
        left = self._nan_ticks
        self._nan_ticks = max(left - 1, 0)
        return left > 0

    def take_stall(self) -> bool:
        """Whether this control tick is left out."""
        left = self._stall_ticks
        self._stall_ticks = max(left - 1, 0)
        return left > 0

    def _known(self, name: str) -> str:
        if name not in self._cameras:
            raise ValueError(f"no camera {name!r}; there are {', '.join(sorted(self._cameras))}")
        return name
