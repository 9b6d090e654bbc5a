"""Real arms: their configuration, its rehearsal on a model, and the checks before motion."""
