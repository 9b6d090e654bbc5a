"""Commands of `takt bag`."""
