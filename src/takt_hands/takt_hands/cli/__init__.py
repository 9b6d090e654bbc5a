"""The `takt hand` commands."""
