"""Actions: from a policy's vectors to poses, gripper widths and joints, and back."""

from takt_policy.actions.codec import ActionCodec, Actions, Arm, fit_action_normalizer

__all__ = ["ActionCodec", "Actions", "Arm", "fit_action_normalizer"]
