"""Bringing takt up: the launcher, the `takt` command, the demo and the benchmarks."""
