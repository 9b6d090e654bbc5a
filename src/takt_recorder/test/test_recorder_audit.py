from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_recorder.audit import Audit, rhythm
from takt_recorder.topic import Received


@given(
    st.integers(1_000_000, 100_000_000),
    st.lists(st.integers(1, 20), max_size=5),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=60)
def test_injected_gaps_are_found_and_counted(period_ns: int, holes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    intervals = [period_ns] * 60
    for index, hole in enumerate(holes):
        intervals.insert(5 + 10 * index, (hole + 1) * period_ns)
    # Jitter of the stamps must not hide or invent gaps.
    stamps = np.cumsum([10**9, *intervals]) + random.integers(
        -period_ns // 20, period_ns // 20 + 1, len(intervals) + 1
    )
    found = rhythm(stamps.astype(np.int64))
    assert found.gaps == len(holes)
    assert found.missing == sum(holes)
    assert found.period_s is not None
    assert abs(found.period_s - period_ns / 1e9) <= 0.11 * period_ns / 1e9
    assert found.disorder == 0


def test_what_is_published_on_change_has_no_gaps() -> None:
    stamps = np.cumsum([1, 5, 900, 20, 3000, 7, 7, 100, 4000, 2])
    found = rhythm(stamps.astype(np.int64))
    assert (found.period_s, found.gaps) == (None, 0)
    assert found.largest_gap_s == 4000 / 1e9


def test_stamps_out_of_order_are_counted() -> None:
    stamps = np.arange(20, dtype=np.int64) * 100
    stamps[[10, 11]] = stamps[[11, 10]]
    assert rhythm(stamps).disorder == 1


def test_losses_and_counts_add_up() -> None:
    audit = Audit({"/a": "x/msg/A", "/silent": "x/msg/B"})
    for i in range(11):
        audit.wrote(Received("/a", 0, i * 100_000_000, i, b""))
    audit.dropped("/a", 3)
    audit.missed("/a", 2)
    first, silent = audit.reports()
    assert (first.received, first.written, first.lost) == (14, 11, 5)
    assert first.lost_in_middleware == 2
    assert abs(first.rate_hz - 10.0) < 1e-9
    assert (silent.topic, silent.received, silent.rate_hz) == ("/silent", 0, 0.0)
    assert audit.lost == 5
