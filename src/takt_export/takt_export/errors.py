"""Errors of the export, for the person who has a checkpoint."""

from takt_core.errors import TaktError


class ExportError(TaktError):
    """A checkpoint cannot be exported; the message says what was found and what would do."""
