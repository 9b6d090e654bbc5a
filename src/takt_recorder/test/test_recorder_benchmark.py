from __future__ import annotations

from pathlib import Path

import pytest

from takt_recorder import benchmark


def test_it_measures_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "_SMALL_COUNT", 50)
    monkeypatch.setattr(benchmark, "_IMAGE_COUNT", 2)
    results = benchmark.run(tmp_path, node_s=0)
    assert set(results) == {
        "small_us_per_message",
        "small_messages_per_s",
        "image_mb_per_s",
        "plain_mb_per_s",
        "ratio_to_plain",
    }
    assert all(value > 0 for value in results.values())
    assert list(tmp_path.iterdir()) == []
