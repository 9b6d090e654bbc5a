from __future__ import annotations

import numpy as np
from recorder_bags import (
    ARM,
    CHUNK,
    MODE,
    SECOND_NS,
    TASK,
    arm_state,
    header,
    make,
    received,
    stamp,
    topic,
)

from takt_recorder.facts import EpisodeFacts
from takt_recorder.topic import Received


def _facts() -> EpisodeFacts:
    facts = EpisodeFacts()
    for known in (ARM, CHUNK, MODE, TASK):
        facts.add_topic(known)
    return facts


def test_latencies_are_split_into_their_parts() -> None:
    facts = _facts()
    for i in range(10):
        t = i * SECOND_NS
        chunk = make(
            "takt_msgs/ActionChunk",
            header=header(t + 47_000_000),
            observed_newest=stamp(t),
            inference_start=stamp(t + 5_000_000),
            inference_end=stamp(t + 45_000_000),
            inference_wall_ns=40_000_000 + i * 1_000_000 // 10,
            policy="peg",
            policy_hash="abc",
        )
        facts.observe(received(CHUNK, chunk))
    values = facts.to_mapping(0)
    latency = values["latency_ms"]
    assert values["chunks"] == latency["end_to_end"]["count"] == 10
    assert latency["observation_age"]["p99"] == 5.0
    assert (latency["inference"]["p50"], latency["inference"]["max"]) == (40.45, 40.9)
    assert latency["end_to_end"]["max"] == 47.0
    assert values["policy"] == {"name": "peg", "hash": "abc"}


def test_interventions_are_spells_with_a_person() -> None:
    facts = _facts()
    for t, mode, reason in ((1, 1, "run"), (4, 2, "button"), (7, 0, "release"), (9, 2, "moved")):
        message = make(
            "takt_msgs/ControlMode",
            header=header(t * SECOND_NS),
            mode=mode,
            reason=reason,
            operator_id="kim",
        )
        facts.observe(received(MODE, message))
    values = facts.to_mapping(10 * SECOND_NS)
    assert [spell["duration_s"] for spell in values["interventions"]] == [3.0, 1.0]
    assert [spell["reason"] for spell in values["interventions"]] == ["button", "moved"]
    assert values["interventions"][0]["operator"] == "kim"
    assert [mode["mode"] for mode in values["modes"]] == ["POLICY", "HUMAN", "HOLD", "HUMAN"]


def test_counters_of_the_controller_are_those_of_the_episode() -> None:
    facts = _facts()
    for i, count in enumerate((5, 6, 8)):
        facts.observe(received(ARM, arm_state(i + 1, starvations=count, fault="")))
    (controller,) = facts.to_mapping(0)["controllers"].values()
    assert controller["starvations"] == 3
    assert controller["torque_violations"] == 0


def test_counters_that_were_reset_on_the_way_are_not_negative() -> None:
    facts = _facts()
    for i, count in enumerate((5, 0, 2)):
        facts.observe(received(ARM, arm_state(i + 1, starvations=count, fault="")))
    (controller,) = facts.to_mapping(0)["controllers"].values()
    assert controller["starvations"] == 2


def test_the_last_word_of_the_task_counts() -> None:
    facts = _facts()
    for state in (1, 2):
        message = make(
            "takt_msgs/TaskStatus",
            header=header(state),
            task="peg_insertion",
            state=state,
            seed=4,
            measure_names=["depth_m"],
            measures=np.array([0.027]),
        )
        facts.observe(received(TASK, message))
    status = facts.to_mapping(0)["task_status"]
    assert (status["state"], status["seed"], status["measures"]) == (
        "SUCCEEDED",
        4,
        {"depth_m": 0.027},
    )


def test_other_types_are_ignored_unread() -> None:
    facts = EpisodeFacts()
    facts.add_topic(topic("/x", "std_msgs/Header"))
    facts.observe(Received("/x", 0, 0, 0, b"not even a message"))
    assert facts.to_mapping(0)["chunks"] == 0


def test_without_chunks_there_are_no_numbers_made_up() -> None:
    latency = _facts().to_mapping(0)["latency_ms"]["inference"]
    assert latency == {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
