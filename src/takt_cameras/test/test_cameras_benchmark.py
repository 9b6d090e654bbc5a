"""The image benchmark runs and counts; its figures depend on the machine and are not tested."""

from pathlib import Path

import pytest

from takt_cameras import benchmark
from takt_core.errors import TaktError

PROFILE = Path(__file__).parents[3] / "config" / "fastdds.xml"


@pytest.mark.ros
def test_both_ends_count_every_image(ros_domain):
    pytest.importorskip("rclpy")
    ways = tuple(way for way in benchmark.WAYS if way.tuned)
    report = benchmark.run(duration_s=0.5, profile=PROFILE, ways=ways)
    for way in ways:
        result = report[way.name]
        assert result["sent"] == 45
        assert result["received"] + result["lost"] == 45
        assert result["latency_ms"]["count"] >= result["received"] > 0
        assert result["latency_ms"]["p50"] > 0
        assert result["publishing_ms"]["count"] == 45
    text = benchmark.table(report)
    assert "profile, serialized" in text
    assert "default" not in text


def test_a_missing_profile_is_named(monkeypatch):
    monkeypatch.delenv("FASTDDS_DEFAULT_PROFILES_FILE", raising=False)
    with pytest.raises(TaktError, match=r"source scripts/env\.sh"):
        benchmark.run()
    with pytest.raises(TaktError, match=r"missing\.xml"):
        benchmark.run(profile=Path("missing.xml"))
