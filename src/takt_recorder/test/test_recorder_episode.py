from __future__ import annotations

from pathlib import Path

import pytest
from recorder_bags import ARM, MODE, SECOND_NS, arm_state, header, make, received
from rosbags.rosbag2 import Reader

from takt_core.errors import TaktError
from takt_recorder import episode
from takt_recorder.episode import EpisodeRequest
from takt_recorder.episode_recorder import EpisodeRecorder, RecordingOptions
from takt_recorder.inbox import Losses

REQUEST = EpisodeRequest("one", "peg", "insert", "kim", "keyboard", {"seed": "7"})


def _recorder(folder: Path, **options: int) -> EpisodeRecorder:
    recorder = EpisodeRecorder(RecordingOptions(folder, sync=False, **options))  # type: ignore[arg-type]
    recorder.add_topic(ARM)
    recorder.add_topic(MODE)
    return recorder


def _mode(time_ns: int) -> object:
    return make("takt_msgs/ControlMode", header=header(time_ns))


def test_an_episode_has_its_pre_roll_and_the_latched_state(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.receive(received(MODE, _mode(SECOND_NS)))
    for i in range(30):
        recorder.receive(received(ARM, arm_state(10 * SECOND_NS + i * SECOND_NS // 10)))
    now_ns = 13 * SECOND_NS
    bag = recorder.start(REQUEST, now_ns)
    recorder.receive(received(ARM, arm_state(now_ns)))
    assert recorder.finish("success", "fine", now_ns + SECOND_NS)[0] == bag
    with Reader(bag) as reader:
        rows = [(connection.topic, time_ns) for connection, time_ns, _ in reader.messages()]
        start_ns = reader.start_time
    assert ("/control/mode", start_ns) in rows
    assert start_ns > now_ns - SECOND_NS
    assert len(rows) == 1 + 9 + 1


def test_the_episode_file_says_what_was_asked_and_how_it_ended(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    bag = recorder.start(REQUEST, 5 * SECOND_NS)
    opening = episode.read(bag)
    assert opening is not None
    assert (opening["state"], opening["outcome"]) == ("recording", None)
    recorder.receive(received(ARM, arm_state(6 * SECOND_NS)))
    losses = Losses()
    losses.dropped["/arm/state"] += 2
    losses.missed["/arm/state"] += 1
    recorder.count_losses(losses)
    recorder.finish("failure", "peg fell", 8 * SECOND_NS)
    values = episode.read(bag)
    assert values is not None
    for name, value in (
        ("task", "peg"),
        ("goal", "insert"),
        ("operator", "kim"),
        ("device", "keyboard"),
        ("outcome", "failure"),
        ("note", "peg fell"),
        ("tags", {"seed": "7"}),
        ("cut", False),
        ("duration_s", 3.0),
    ):
        assert values[name] == value
    assert values["versions"]["takt"]
    assert values["audit"]["lost"] == 3
    assert values["audit"]["topics"]["/control/mode"]["written"] == 0
    arm = values["audit"]["topics"]["/arm/state"]
    assert (arm["received"], arm["written"], arm["lost_in_middleware"]) == (3, 1, 1)


def test_a_topic_that_appears_later_is_recorded(tmp_path: Path) -> None:
    recorder = EpisodeRecorder(RecordingOptions(tmp_path, sync=False))
    bag = recorder.start(REQUEST, 1)
    recorder.add_topic(ARM)
    recorder.receive(received(ARM, arm_state(2)))
    _, (report,) = recorder.finish("success", "", 3)
    assert (report.topic, report.written) == ("/arm/state", 1)
    with Reader(bag) as reader:
        assert reader.message_count == 1


def test_one_episode_at_a_time_and_none_without_a_start(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    with pytest.raises(TaktError, match="recorder/start"):
        recorder.finish("success", "", 0)
    recorder.start(REQUEST, 0)
    with pytest.raises(TaktError, match="'one' is being recorded"):
        recorder.start(EpisodeRequest("two"), 0)
    recorder.finish("success", "", 1)
    with pytest.raises(TaktError, match="exists already"):
        recorder.start(REQUEST, 2)
    assert recorder.bag is None
    assert recorder.start(EpisodeRequest("two"), 3).name == "two"
    recorder.abandon()


def test_a_discarded_episode_leaves_nothing(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    bag = recorder.start(REQUEST, 0)
    recorder.receive(received(ARM, arm_state(2)))
    recorder.flush()
    recorder.discard()
    assert not bag.exists()
    assert recorder.start(REQUEST, 3) == bag
    recorder.abandon()


def test_a_full_disk_refuses_a_new_episode_with_numbers(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path, minimum_free_bytes=2**60)
    with pytest.raises(TaktError, match=r"MB left.*minimum_free_mb"):
        recorder.start(REQUEST, 0)
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "-x", "a b", "x" * 200])
def test_names_that_are_no_folders_are_refused(name: str) -> None:
    with pytest.raises(TaktError, match="allowed are letters"):
        EpisodeRequest(name).resolved_name(0.0)


def test_without_a_name_the_time_gives_one() -> None:
    assert EpisodeRequest().resolved_name(0.0).startswith("episode_19700101_000000")


def test_a_broken_episode_file_is_named(tmp_path: Path) -> None:
    assert episode.read(tmp_path) is None
    (tmp_path / "episode.yaml").write_text("[1, 2", encoding="utf-8")
    with pytest.raises(TaktError, match="is not readable YAML"):
        episode.read(tmp_path)
    (tmp_path / "episode.yaml").write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(TaktError, match="a mapping is expected"):
        episode.read(tmp_path)


def test_a_start_that_the_disk_refuses_leaves_nothing(tmp_path: Path) -> None:
    def refuse(descriptor: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    recorder = EpisodeRecorder(RecordingOptions(tmp_path, sync=False), refuse)
    with pytest.raises(TaktError, match="No space left"):
        recorder.start(REQUEST, 0)
    assert list(tmp_path.iterdir()) == []
    assert recorder.bag is None
