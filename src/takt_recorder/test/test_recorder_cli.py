from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorder_bags import ARM, CHUNK, MODE, SECOND_NS, arm_state, header, make, received, stamp

from takt_core.errors import TaktError
from takt_recorder.cli import info, recover, replay
from takt_recorder.episode import EpisodeRequest
from takt_recorder.episode_recorder import EpisodeRecorder, RecordingOptions


def _episode(folder: Path, finish: bool = True) -> Path:
    recorder = EpisodeRecorder(RecordingOptions(folder, sync=False))
    for topic in (ARM, CHUNK, MODE):
        recorder.add_topic(topic)
    start_ns = 100 * SECOND_NS
    bag = recorder.start(EpisodeRequest("one", "peg", operator="kim", tags={"seed": "7"}), start_ns)
    mode = make(
        "takt_msgs/ControlMode", header=header(start_ns + SECOND_NS), mode=2, reason="button"
    )
    recorder.receive(received(MODE, mode))
    chunk = make(
        "takt_msgs/ActionChunk",
        header=header(start_ns + 40_000_000),
        observed_newest=stamp(start_ns),
        inference_start=stamp(start_ns + 10_000_000),
        inference_end=stamp(start_ns + 39_000_000),
        policy="inserter",
    )
    recorder.receive(received(CHUNK, chunk))
    for i in range(10):
        recorder.receive(received(ARM, arm_state(start_ns + i * SECOND_NS // 10)))
    if finish:
        recorder.finish("failure", "slipped", start_ns + 2 * SECOND_NS)
    else:
        recorder.flush()
        recorder.abandon()
    return bag


def test_info_tells_a_person_what_matters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert info.main([str(_episode(tmp_path))]) == 0
    text = capsys.readouterr().out
    for part in (
        "outcome        failure (slipped)",
        "operator       kim",
        "tags           seed=7",
        "policy         inserter",
        "interventions  1, 1.0 s",
        "HUMAN at 1.0 s for 1.0 s: button",
        "observation_age          10.00",
        "end_to_end               40.00",
        "1.00 s from 100.000 s of simulated time",
        "12 messages",
        "/arm/state",
        "takt_msgs/msg/ActionChunk",
    ):
        assert part in text
    assert "CUT" not in text


def test_info_and_recover_of_a_cut_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = _episode(tmp_path, finish=False)
    assert info.main([str(bag)]) == 0
    text = capsys.readouterr().out
    assert f"takt bag recover {bag}" in text
    assert "12 messages" in text
    assert recover.main([str(tmp_path)]) == 0
    assert "recovered 12 messages" in capsys.readouterr().out
    info.main([str(bag)])
    text = capsys.readouterr().out
    assert "CUT: recovered" in text
    assert "outcome        unknown (recovered from a cut recording)" in text
    assert recover.main([str(tmp_path)]) == 0
    assert "no cut bag" in capsys.readouterr().out
    assert recover.main([str(bag)]) == 1
    assert "nothing to recover" in capsys.readouterr().out


def test_a_bag_that_is_none_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match="does not exist"):
        info.main([str(tmp_path / "no")])
    (tmp_path / "x.mcap").write_bytes(b"something else")
    with pytest.raises(TaktError, match="not an MCAP file"):
        info.main([str(tmp_path / "x.mcap")])


def test_the_report_of_a_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{kind}_{unit}" for unit in ("mm", "deg") for kind in ("max", "rms", "final")]
    difference = {name: 0.5 + i for i, name in enumerate(names)} | {"duration_s": 6.0}
    result = {"bag": "one", "problem": "", "difference": difference}
    assert replay.report(result, tmp_path / "r.json") == 0
    text = capsys.readouterr().out
    assert "position  [mm]  max 0.50  rms 1.50  final 2.50" in text
    assert "rotation  [deg]  max 3.50  rms 4.50  final 5.50" in text
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == result
    assert replay.report({"bag": "one", "problem": "refused"}) == 1
    assert "not completed: refused" in capsys.readouterr().out
