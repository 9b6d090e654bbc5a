from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from recorder_bags import ARM, MODE, arm_state, header, make, received, topic, write_bag
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader

from takt_core.errors import TaktError
from takt_recorder.bag_writer import BagWriter
from takt_recorder.definitions import Definition
from takt_recorder.reader import BagReader
from takt_recorder.topic import Received, Topic


def _small_bag(folder: Path) -> Path:
    mode = make("takt_msgs/ControlMode", header=header(5), mode=1, reason="said so")
    messages = [(MODE, received(MODE, mode, log_ns=90))]
    messages += [(ARM, received(ARM, arm_state(100 + i), sequence=i)) for i in range(4)]
    return write_bag(folder / "small", messages).bag


def test_rosbags_reads_and_decodes_it(tmp_path: Path) -> None:
    bag = _small_bag(tmp_path)
    with AnyReader([bag]) as reader:
        counts = {c.topic: c.msgcount for c in reader.connections}
        decoded = [
            (connection.topic, time_ns, reader.deserialize(data, connection.msgtype))
            for connection, time_ns, data in reader.messages()
        ]
    assert counts == {"/control/mode": 1, "/arm/state": 4}
    assert [time_ns for _, time_ns, _ in decoded] == [90, 100, 101, 102, 103]
    assert decoded[0][2].reason == "said so"
    assert decoded[1][2].tcp_pose.position.x == 0.5


def test_rosbags_finds_quality_of_service_hash_and_times(tmp_path: Path) -> None:
    with Reader(_small_bag(tmp_path)) as reader:
        mode = next(c for c in reader.connections if c.topic == "/control/mode")
        assert (reader.start_time, reader.duration, reader.message_count) == (90, 14, 5)
        assert reader.ros_distro
    (qos,) = mode.ext.offered_qos_profiles  # type: ignore[union-attr]
    assert (qos.depth, qos.durability.name, qos.reliability.name) == (
        1,
        "TRANSIENT_LOCAL",
        "RELIABLE",
    )
    assert mode.digest == MODE.definition.type_hash
    assert mode.digest.startswith("RIHS01_")


def test_mcap_reads_and_decodes_it(tmp_path: Path) -> None:
    bag = _small_bag(tmp_path)
    with (bag / "small_0.mcap").open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == "ros2"
        found = list(reader.iter_decoded_messages())
        summary = reader.get_summary()
    assert [item[2].publish_time for item in found] == [5, 100, 101, 102, 103]
    assert [item[2].sequence for item in found[1:]] == [0, 1, 2, 3]
    assert found[0][3].reason == "said so"
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == 5
    assert [record.name for record in summary.metadata_indexes] == ["rosbag2"]


def test_metadata_has_what_rosbag2_version_9_requires(tmp_path: Path) -> None:
    text = (_small_bag(tmp_path) / "metadata.yaml").read_text(encoding="utf-8")
    information = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert information["version"] == 9
    assert information["storage_identifier"] == "mcap"
    assert information["relative_file_paths"] == ["small_0.mcap"]
    assert information["files"][0]["message_count"] == 5
    assert information["starting_time"] == {"nanoseconds_since_epoch": 90}
    assert information["duration"] == {"nanoseconds": 13}
    profile = information["topics_with_message_count"][0]["topic_metadata"]["offered_qos_profiles"]
    assert profile[0]["deadline"] == {"sec": 9223372036, "nsec": 854775807}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["/a", "/b", "/ns/c"]),
            st.integers(0, 2**62),
            st.integers(0, 2**62),
            st.integers(0, 2**32 - 1),
            st.binary(min_size=4, max_size=300),
        ),
        max_size=30,
    ),
    st.sampled_from(["none", "lz4", "zstd"]),
    st.integers(64, 2000),
)
@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_written_is_read_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int, int, int, bytes]],
    compression: str,
    chunk_bytes: int,
) -> None:
    bag = tmp_path_factory.mktemp("bags") / "bag"
    writer = BagWriter(bag, compression, chunk_bytes)
    for name in ("/a", "/b", "/ns/c"):
        writer.add_topic(topic(name, "std_msgs/Header"))
    messages = [Received(*row) for row in rows]
    for message in messages:
        writer.write(message)
    writer.finish({}, sync=False)
    reader = BagReader(bag)
    assert not reader.cut
    assert [message for _, message in reader.raw_messages()] == messages
    by_log = sorted(message.log_ns for message in messages)
    assert [message.log_ns for message in reader.messages()] == by_log
    assert reader.content().message_count == len(messages)


def test_an_existing_bag_is_never_overwritten(tmp_path: Path) -> None:
    bag = _small_bag(tmp_path)
    before = (bag / "small_0.mcap").read_bytes()
    with pytest.raises(TaktError, match="exists already"):
        BagWriter(bag)
    assert (bag / "small_0.mcap").read_bytes() == before


def test_a_type_without_definition_is_kept_as_it_came(tmp_path: Path) -> None:
    strange = Topic("/strange", Definition("nobody/msg/Knows"))
    writer = BagWriter(tmp_path / "bag")
    writer.add_topic(strange)
    writer.write(Received("/strange", 1, 1, 1, b"\0\1\0\0abc"))
    writer.finish({}, sync=False)
    reader = BagReader(tmp_path / "bag")
    (message,) = reader.messages()
    assert (message.type_name, message.data) == ("nobody/msg/Knows", b"\0\1\0\0abc")
    with pytest.raises(TaktError, match="nobody/msg/Knows"):
        list(reader.decoded())


def test_an_unknown_compression_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match=r"'gzip'.*none, lz4, zstd"):
        BagWriter(tmp_path / "bag", compression="gzip")


def test_an_empty_bag_is_whole(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag")
    writer.finish({}, sync=False)
    with Reader(tmp_path / "bag") as reader:
        assert reader.message_count == 0
    assert BagReader(tmp_path / "bag").content().message_count == 0
