"""Errors of policies, for the person who exported or runs one."""

from takt_core.errors import TaktError


class PolicyError(TaktError):
    """A policy cannot be used or has failed; the message names the thing and what to change."""


class BundleError(PolicyError):
    """A bundle is not what its own description says."""
