"""Subcommands of `takt`."""
