"""Keep-outs come from text; what is none is refused with what is allowed."""

import pytest

from takt_core.errors import TaktError
from takt_sim.keep_outs import keep_outs_from_yaml


def test_each_shape_is_where_the_text_says() -> None:
    sphere, box, half_space = keep_outs_from_yaml(
        "[{sphere: [0.5, 0, 0.1, 0.05]}, {box: [0.4, 0.2, 0.1, 0.1, 0.2, 0.3]}, "
        "{half_space: [0, 0, 0.05, 0, 0, 2]}]"
    )
    assert sphere.distance([0.5, 0.0, 0.25]) == pytest.approx(0.10)
    assert box.distance([0.6, 0.2, 0.1]) == pytest.approx(0.10)
    assert half_space.distance([0.3, 0.3, 0.15]) == pytest.approx(0.10)
    assert half_space.distance([0.3, 0.3, 0.0]) == pytest.approx(-0.05)


def test_nothing_is_nothing() -> None:
    assert keep_outs_from_yaml("") == keep_outs_from_yaml("[]") == ()


@pytest.mark.parametrize(
    "text",
    [
        "sphere",
        "{sphere: [0, 0, 0, 1]}",
        "[{sphere: [0, 0, 0]}]",
        "[{cone: [0, 0, 0, 1]}]",
        "[{sphere: [0, 0, 0, .nan]}]",
        "[{box: [0, 0, 0, 1, 1, one]}]",
        "[3]",
        "[{sphere: [0, 0, 0, 1], box: [0, 0, 0, 1, 1, 1]}]",
        "[unclosed",
    ],
)
def test_refusals_say_what_is_allowed(text: str) -> None:
    with pytest.raises(TaktError, match=r"keep_outs .* allowed is a YAML list"):
        keep_outs_from_yaml(text)
