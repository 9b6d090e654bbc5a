"""The bundle's action vector from what the mapping says of the checkpoint's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from takt_export.assembly import ActionLayout
from takt_export.checkpoint import Checkpoint
from takt_export.errors import ExportError
from takt_export.mapping.schema import ActionPlan
from takt_policy.bundle import Normalizer
from takt_policy.bundle.schema import ActionGroup, NormalizerKind


def lay_out(
    plans: tuple[ActionPlan, ...], checkpoint: Checkpoint
) -> tuple[ActionLayout, Normalizer, tuple[ActionGroup, ...]]:
    """The bundle's action vector: places in the checkpoint's, normaliser, groups.

    Raises:
        ExportError: the groups have another number of dimensions than the checkpoint's actions.
    """
    counts = [plan.given for plan in plans]
    if sum(counts) != checkpoint.action_size:
        raise ExportError(
            f"the mapping's 'actions' have {' + '.join(map(str, counts))} = {sum(counts)} "
            f"numbers; {checkpoint.framework} predicts {checkpoint.action_size}. All of them must "
            "be given a meaning; of a position, 'fixed' names coordinates that it does not predict"
        )
    scale = checkpoint.actions.scale.double().tolist()
    offset = checkpoint.actions.offset.double().tolist()
    places: list[int | None] = []
    signs: list[float] = []
    values: list[tuple[float, float]] = []
    groups = []
    source = 0
    for plan in plans:
        fixed = dict(plan.fixed)
        group = plan.group
        for index in range(group.size):
            sign = -1.0 if group.kind == "open" and plan.opens == "below" else 1.0
            signs.append(sign)
            if index in fixed:
                places.append(None)
                values.append((1.0, fixed[index]))
                continue
            if group.kind == "open":
                threshold = sign * (plan.threshold - offset[source]) / scale[source]
                group = replace(group, threshold=threshold)
            places.append(source)
            shift = offset[source] * plan.scale + plan.offset
            values.append((sign * scale[source] * plan.scale, shift))
            source += 1
        groups.append(group)
    kind: NormalizerKind = checkpoint.actions.kind
    if kind == "identity" and any(one != (1.0, 0.0) for one in values):
        kind = "meanstd"
    if kind == "identity":
        return ActionLayout(places, signs), Normalizer.identity(), tuple(groups)
    scales, offsets = (np.asarray(column, np.float32) for column in zip(*values, strict=True))
    return ActionLayout(places, signs), Normalizer(kind, offsets, scales), tuple(groups)
