"""Closed-loop experiments with the controller on the simulated arm, measured and drawn.

The tests hold them to what the controller promises; `python -m takt_sim.experiments` draws the
pictures of docs/control.md.
"""
