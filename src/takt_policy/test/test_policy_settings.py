"""The documented parameters are those of the node."""

from __future__ import annotations

from pathlib import Path

from takt_core.parameters import from_mapping, reference_markdown
from takt_policy.describe_execution import execution_in_words
from takt_policy.execution import Execution
from takt_policy.settings import PolicyParameters

DOCUMENT = Path(__file__).parents[3] / "docs" / "policy.md"


def test_the_document_lists_the_parameters() -> None:
    assert reference_markdown(PolicyParameters) in DOCUMENT.read_text(encoding="utf-8")


def test_the_execution_is_that_of_the_parameters() -> None:
    values = {"schedule": "rtc", "margin_s": 0.03, "candidates": 4, "threads": 2}
    parameters = from_mapping(PolicyParameters, values, "test")
    assert parameters.execution() == Execution(schedule="rtc", margin_s=0.03, candidates=4)


def test_an_execution_in_words_says_what_is_not_the_bundles_own() -> None:
    assert execution_in_words(Execution()) == "asynchronous"
    how = Execution(schedule="rtc", sampler_steps=4, compose=("a", "b"), reserve=2, reflex=False)
    assert execution_in_words(how) == "rtc; sampler_steps 4; compose a, b"
    assert execution_in_words(how, has_fast=True).startswith("rtc; no reflex; sampler_steps")
    assert execution_in_words(Execution(residual=True), has_fast=True) == (
        "asynchronous; reflex; residual"
    )
