"""Commands of takt_evaluation, each a module with ``main(argv) -> int``."""
