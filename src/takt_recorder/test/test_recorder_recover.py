from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorder_bags import ARM, MODE, arm_state, header, make, received, write_bag
from rosbags.rosbag2 import Reader

from takt_core.errors import TaktError
from takt_recorder import episode, recover
from takt_recorder.bag_writer import McapFile
from takt_recorder.reader import BagReader

OPENING = {"format": 1, "episode": "cut", "start_ns": 50, "task": "peg", "tags": {"seed": "3"}}


def _cut_bag(folder: Path, count: int = 12) -> tuple[Path, list[bytes]]:
    """A bag whose recorder died: flushed after every second message, not finished."""
    mode = make("takt_msgs/ControlMode", header=header(5), mode=1)
    messages = [(MODE, received(MODE, mode, log_ns=90))]
    messages += [(ARM, received(ARM, arm_state(100 + 10 * i))) for i in range(count - 1)]
    writer = write_bag(folder / "cut", messages, finish=False)
    writer.abandon()
    episode.write(writer.bag, OPENING)
    return writer.bag, [message.data for _, message in messages]


def test_a_cut_bag_becomes_whole(tmp_path: Path) -> None:
    bag, data = _cut_bag(tmp_path)
    assert recover.cut_bags(tmp_path) == [bag]
    assert BagReader(bag).cut
    done = recover.recover(bag)
    assert done.messages == len(data)
    with Reader(bag) as reader:
        assert [message for *_, message in reader.messages()] == data
    values = episode.read(bag)
    assert values is not None
    assert (values["cut"], values["outcome"], values["task"]) == (True, None, "peg")
    assert values["tags"] == {"seed": "3"}
    assert values["audit"]["topics"]["/arm/state"]["written"] == len(data) - 1
    assert values["modes"][0]["mode"] == "POLICY"
    assert recover.cut_bags(tmp_path) == []


def _records(content: bytes) -> list[tuple[int, int]]:
    """Opcode and end of every record of an MCAP file without footer."""
    found, position = [], 8
    while position < len(content):
        opcode, length = struct.unpack_from("<BQ", content, position)
        position += 9 + length
        found.append((opcode, position))
    return found


@given(st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=20)
def test_wherever_it_was_torn_all_complete_chunks_are_kept(
    tmp_path_factory: pytest.TempPathFactory, fraction: float
) -> None:
    bag, data = _cut_bag(tmp_path_factory.mktemp("bags"))
    path = bag / "cut_0.mcap"
    whole = path.read_bytes()
    chunk_ends = [end for opcode, end in _records(whole) if opcode == 0x06]
    size = int(fraction * len(whole))
    path.write_bytes(whole[:size])
    if size < 8:
        with pytest.raises(TaktError, match="not an MCAP file"):
            recover.recover(bag)
        return
    done = recover.recover(bag)
    with Reader(bag) as reader:
        kept = [message for *_, message in reader.messages()]
    # Every chunk holds two messages.
    assert kept == data[: 2 * sum(end <= size for end in chunk_ends)]
    assert done.torn_bytes == size - max([8] + [e for _, e in _records(whole) if e <= size])


@pytest.mark.parametrize(("damaged", "kept"), [(4, [0, 1, 2, 3, *range(6, 12)]), (0, [])])
def test_a_damaged_chunk_is_left_out_and_the_rest_kept(
    tmp_path: Path, damaged: int, kept: list[int]
) -> None:
    """In the first chunk are the schemas: without it nothing can be understood."""
    bag, data = _cut_bag(tmp_path)
    path = bag / "cut_0.mcap"
    content = bytearray(path.read_bytes())
    place = content.index(data[damaged])
    content[place + 20] ^= 0xFF
    path.write_bytes(content)
    recover.recover(bag)
    with Reader(bag) as reader:
        found = [message for *_, message in reader.messages()]
    assert found == [data[index] for index in kept]


def test_pages_of_zeros_end_it(tmp_path: Path) -> None:
    bag, data = _cut_bag(tmp_path)
    path = bag / "cut_0.mcap"
    path.write_bytes(path.read_bytes() + bytes(5000))
    done = recover.recover(bag)
    assert (done.messages, done.torn_bytes) == (len(data), 5000)


def test_the_old_file_stays_if_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag, data = _cut_bag(tmp_path)
    before = (bag / "cut_0.mcap").read_bytes()

    def refuse(self: McapFile, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(McapFile, "finish", refuse)
        with pytest.raises(TaktError, match="No space left"):
            recover.recover(bag)
    assert (bag / "cut_0.mcap").read_bytes() == before
    assert sorted(path.name for path in bag.iterdir()) == ["cut_0.mcap", "episode.yaml"]
    assert recover.recover(bag).messages == len(data)


def test_an_interrupted_repair_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag, data = _cut_bag(tmp_path)
    with monkeypatch.context() as patch:
        # As if the process died right after the new file took the old one's place.
        patch.setattr(episode, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            recover.recover(bag)
    assert recover.needs_recovery(bag)
    assert recover.recover(bag).messages == len(data)


def test_a_whole_bag_is_left_alone(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "whole", [(ARM, received(ARM, arm_state(1)))]).bag
    with pytest.raises(TaktError, match="nothing to recover"):
        recover.recover(bag)


def test_a_bag_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    writer = write_bag(tmp_path / "live", [(ARM, received(ARM, arm_state(1)))], finish=False)
    assert recover.cut_bags(tmp_path) == []
    with pytest.raises(TaktError, match="being recorded now"):
        recover.recover(writer.bag)
    writer.abandon()


def test_a_bag_without_its_episode_file_is_recovered_too(tmp_path: Path) -> None:
    bag, _ = _cut_bag(tmp_path)
    (bag / episode.FILE_NAME).unlink()
    (result,) = recover.recover_all(tmp_path)
    assert not isinstance(result, TaktError)
    values = episode.read(bag)
    assert values is not None
    assert (values["episode"], values["start_ns"], values["cut"]) == ("cut", 90, True)


def test_what_is_no_bag_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match="does not exist"):
        recover.recover(tmp_path / "nothing")
    with pytest.raises(TaktError, match="0 MCAP files"):
        recover.recover(tmp_path)
