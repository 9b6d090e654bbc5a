"""Commands of takt_policy, each a module with ``main(argv) -> int``."""
