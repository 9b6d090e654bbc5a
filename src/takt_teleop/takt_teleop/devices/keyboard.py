"""The keyboard as a teleoperation device: keys in, a velocity and buttons out."""

from __future__ import annotations

import numpy as np

from takt_teleop.devices.key_motion import KeyboardParameters, KeyMotion
from takt_teleop.devices.keymap import ACTIONS, AXES, HELP, Action, split_keys
from takt_teleop.devices.terminal import KeyTerminal
from takt_teleop.inputs import Button, DeviceCommand

_BUTTONS = {
    Action.TAKE_OVER: Button.TAKE_OVER,
    Action.RELEASE: Button.RELEASE,
    Action.STOP: Button.STOP,
}


class KeyboardDevice:
    """Reads a terminal; ``poll`` as often as commands are wanted.

    Attributes:
        quit: the operator wants to end, or the terminal has gone away.
    """

    def __init__(self, terminal: KeyTerminal, parameters: KeyboardParameters) -> None:
        self._terminal = terminal
        self._parameters = parameters
        self._motion = KeyMotion(parameters)
        self._rest = ""
        self._in_tool_frame = False
        self._gripper_m: float | None = None
        self._wants_reset = False
        self.quit = False

    def open(self) -> None:
        """Take the terminal and show the keys."""
        self._terminal.open()
        self._terminal.say(HELP)

    def close(self) -> None:
        self._terminal.close()

    def poll(self, steady_ns: int, stamp_ns: int) -> list[DeviceCommand]:
        """What the operator asks for now: one command, and one more per further button.

        Args:
            steady_ns: a clock that runs with the operator's fingers [ns].
            stamp_ns: ROS time of this reading [ns].
        """
        text = self._terminal.read()
        if text is None:
            self.quit = True
            text = ""
        keys, self._rest = split_keys(self._rest + text)
        buttons = [button for key in keys if (button := self._press(key, steady_ns))]
        return [
            DeviceCommand(
                stamp_ns=stamp_ns,
                twist=self._motion.twist(steady_ns),
                device="keyboard",
                in_tool_frame=self._in_tool_frame,
                gripper_width_m=self._gripper_m,
                button=button,
                operator_id=self._parameters.operator_id,
            )
            for button in buttons or [Button.NONE]
        ]

    def take_reset(self) -> bool:
        """Whether the operator asked to leave STOPPED since the last call."""
        wanted, self._wants_reset = self._wants_reset, False
        return wanted

    def say(self, text: str) -> None:
        """A line that stays."""
        self._terminal.say(text)

    def show(self, mode: str, reason: str, steady_ns: int) -> None:
        """The live status line."""
        p = self._parameters
        speed_mm_s = 1e3 * p.speed_m_s * self._motion.scale
        speed_deg_s = np.degrees(p.speed_rad_s * self._motion.scale)
        axes = "tool" if self._in_tool_frame else "base"
        twist = self._motion.twist(steady_ns)
        moving = "moving" if np.any(twist) else "still"
        self._terminal.show(
            f"[{mode:7}] {axes} axes, {speed_mm_s:.0f} mm/s {speed_deg_s:.0f} deg/s, "
            f"{moving:6} | {reason}"
        )

    def _press(self, key: str, now_ns: int) -> Button:
        axis = AXES.get(key)
        if axis is not None:
            self._motion.press(axis, now_ns)
            return Button.NONE
        action = ACTIONS.get(key)
        if action in _BUTTONS:
            self._motion.stop()
            return _BUTTONS[action]
        self._act(action)
        return Button.NONE

    def _act(self, action: Action | None) -> None:
        p = self._parameters
        if action is Action.FASTER:
            self._motion.faster()
        elif action is Action.SLOWER:
            self._motion.slower()
        elif action is Action.FRAME:
            self._motion.stop()
            self._in_tool_frame = not self._in_tool_frame
        elif action is Action.CLOSE:
            self._gripper_m = p.gripper_closed_m
        elif action is Action.OPEN:
            self._gripper_m = p.gripper_open_m
        elif action is Action.RESET:
            self._wants_reset = True
        elif action is Action.HELP:
            self._terminal.say(HELP)
        elif action is Action.QUIT:
            self.quit = True
