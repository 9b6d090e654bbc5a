"""The servo models that hands are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """What the driver must know of a model.

    Attributes:
        number: as it answers a ping.
        current_unit_a: one unit of its current registers [A].
        torque_constant_nm_a: stall torque by stall current at the recommended voltage, from the
            e-manual [N m/A]; holds roughly, as friction in the gears is part of it.
        volt_range: supply that it is made for [V].
    """

    number: int
    name: str
    current_unit_a: float
    torque_constant_nm_a: float
    volt_range: tuple[float, float]


MODELS = {
    model.number: model
    for model in (
        Model(1190, "XL330-M077-T", 0.001, 0.146, (3.7, 6.0)),
        Model(1200, "XL330-M288-T", 0.001, 0.354, (3.7, 6.0)),
        Model(1210, "XC330-T181-T", 0.001, 0.95, (6.5, 12.0)),
        Model(1220, "XC330-T288-T", 0.001, 1.15, (6.5, 12.0)),
        Model(1230, "XC330-M181-T", 0.001, 0.333, (3.7, 6.0)),
        Model(1240, "XC330-M288-T", 0.001, 0.517, (3.7, 6.0)),
        Model(1020, "XM430-W350", 0.00269, 1.78, (10.0, 14.8)),
        Model(1030, "XM430-W210", 0.00269, 1.30, (10.0, 14.8)),
    )
}
BY_NAME = {model.name: model for model in MODELS.values()}


def model_name(number: int) -> str:
    """For messages."""
    return MODELS[number].name if number in MODELS else f"unknown model {number}"
