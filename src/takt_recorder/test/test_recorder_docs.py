from __future__ import annotations

from pathlib import Path

from takt_core.parameters import reference_markdown
from takt_recorder.parameters import RecorderParameters
from takt_recorder.replay.guards import ReplayLimits

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "recording.md").read_text(encoding="utf-8")


def test_the_documented_parameters_are_the_declared_ones() -> None:
    assert TEXT.endswith(reference_markdown(RecorderParameters))


def test_the_documented_limits_of_a_replay_are_the_real_ones() -> None:
    limits = ReplayLimits()
    plain = " ".join(TEXT.split())
    assert f"within {1e3 * limits.start_m:.0f} mm and {limits.start_rad:g} rad" in plain
    assert f"every joint within {limits.start_joint_rad:g} rad" in plain
    assert f"below {limits.speed_m_s:g} m/s and {limits.speed_rad_s:g} rad/s" in plain
    assert f"joint speed below {limits.joint_speed_rad_s:g} rad/s" in plain
