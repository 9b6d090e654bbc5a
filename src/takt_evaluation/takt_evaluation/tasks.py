"""Which task a policy is for, where nobody says."""

from __future__ import annotations

from takt_core.errors import TaktError
from takt_policy.bundle import load_bundle
from takt_sim.tasks import TASK_NAMES


def task_of(bundle: str) -> str:
    """The task in which the policy was measured, else the one that its name begins with.

    Raises:
        TaktError: neither is known.
    """
    spec = load_bundle(bundle).spec
    measured = [one.task for one in spec.provenance.success]
    named = [task for task in TASK_NAMES if spec.name.startswith(task)]
    for task in [*measured, *named]:
        if task in TASK_NAMES:
            return task
    raise TaktError(
        f"{bundle}: which task it is for is not known; say it with --task (or `task` in the plan): "
        + ", ".join(TASK_NAMES)
    )
