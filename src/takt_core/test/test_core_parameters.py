"""Parameters are declared once and refused with everything a user needs to know."""

from dataclasses import dataclass

import numpy as np
import pytest

from takt_core.errors import TaktError
from takt_core.parameters import declarations, from_mapping, parameter, reference_markdown


@dataclass(frozen=True)
class Example:
    rate_hz: float = parameter(10.0, unit="Hz", minimum=1.0, maximum=100.0, description="rate")
    count: int = parameter(3, minimum=0, description="number of things")
    name: str = parameter("a", choices=("a", "b"), description="which one")
    enabled: bool = parameter(True, description="whether")
    gains: tuple[float, ...] = parameter((1.0, 2.0), length=2, minimum=0.0, description="gains")


def test_values_are_taken_in_their_declared_type() -> None:
    example = from_mapping(Example, {"rate_hz": 5, "gains": np.array([3.0, 4.0])}, "test")
    assert example == Example(rate_hz=5.0, gains=(3.0, 4.0))
    assert isinstance(example.rate_hz, float)
    assert from_mapping(Example, {}, "test") == Example()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rate_hz": 1000.0}, ["'rate_hz' is 1000.0", "from 1 to 100 [Hz]"]),
        ({"rate_hz": "fast"}, ["'rate_hz' is 'fast'", "a number"]),
        ({"rate_hz": float("nan")}, ["'rate_hz' is nan"]),
        ({"rate_hz": True}, ["'rate_hz' is True"]),
        ({"count": 1.5}, ["'count' is 1.5", "a whole number"]),
        ({"count": -1}, ["'count' is -1", "from 0 to inf"]),
        ({"name": "c"}, ["'name' is 'c'", "'a', 'b'"]),
        ({"enabled": 1}, ["'enabled' is 1", "true or false"]),
        ({"gains": [1.0]}, ["'gains' is [1.0]", "a list of 2 values"]),
        ({"gains": [1.0, -1.0]}, ["'gains' is [1.0, -1.0]"]),
        ({"gains": "12"}, ["'gains' is '12'"]),
        ({"rate": 1.0}, ["unknown parameter 'rate'", "did you mean 'rate_hz'", "count"]),
    ],
)
def test_a_refusal_names_parameter_value_allowed_and_source(values, words) -> None:
    with pytest.raises(TaktError) as refusal:
        from_mapping(Example, values, "robot.yaml")
    for word in [*words, "robot.yaml"]:
        assert word in str(refusal.value)


def test_a_field_that_is_not_declared_is_a_mistake_of_the_programmer() -> None:
    @dataclass(frozen=True)
    class Wrong:
        value: complex = parameter(1j, description="no ROS parameter")

    with pytest.raises(TypeError, match=r"Wrong\.value"):
        declarations(Wrong)


def test_reference_has_a_row_for_each_parameter() -> None:
    text = reference_markdown(Example)
    for name in ("rate_hz", "count", "name", "enabled", "gains"):
        assert f"| `{name}` |" in text
