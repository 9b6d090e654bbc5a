from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from recorder_bags import topic

from takt_recorder.pre_roll import PreRoll
from takt_recorder.topic import Received

TOPICS = {
    "/plain": topic("/plain", "std_msgs/Header"),
    "/latched": topic("/latched", "std_msgs/Header", latched=True),
}


def _message(name: str, time_ns: int, size: int = 10) -> Received:
    return Received(name, time_ns, time_ns, 0, bytes(size))


@given(
    st.lists(st.tuples(st.sampled_from(list(TOPICS)), st.integers(0, 30)), max_size=60),
    st.integers(0, 100),
)
@settings(deadline=None, max_examples=80)
def test_it_holds_the_window_and_the_latest_latched(
    steps: list[tuple[str, int]], window_ns: int
) -> None:
    ring = PreRoll(window_ns, 10**9, TOPICS)
    time_ns, messages = 1000, []
    for name, wait_ns in steps:
        time_ns += wait_ns
        messages.append(_message(name, time_ns))
        ring.add(messages[-1])
    taken = list(ring.take(time_ns))
    inside = [message for message in messages if message.log_ns > time_ns - window_ns]
    before = [m for m in messages if m.log_ns <= time_ns - window_ns and m.topic == "/latched"]
    assert taken[len(taken) - len(inside) :] == inside
    kept = taken[: len(taken) - len(inside)]
    assert [message.publish_ns for message in kept] == [m.publish_ns for m in before[-1:]]
    assert all(message.log_ns >= time_ns - window_ns for message in taken)
    # The latched state still holds for the next episode, the rest is gone.
    again = list(ring.take(time_ns))
    assert [message.publish_ns for message in again] == [m.publish_ns for m in before[-1:]]


def test_it_is_bounded_in_bytes_and_the_oldest_leave() -> None:
    ring = PreRoll(10**9, 1000, TOPICS)
    for i in range(100):
        ring.add(_message("/plain", i, size=300))
    assert [message.log_ns for message in ring.take(100)] == [97, 98, 99]


def test_a_clock_that_is_set_back_empties_it() -> None:
    ring = PreRoll(10**10, 10**9, TOPICS)
    ring.add(_message("/plain", 5 * 10**9))
    ring.add(_message("/latched", 5 * 10**9))
    ring.add(_message("/plain", 10**9))
    taken = list(ring.take(10**9))
    assert [(m.topic, m.publish_ns) for m in taken] == [
        ("/latched", 5 * 10**9),
        ("/plain", 10**9),
    ]


def test_one_latched_message_is_kept_per_publisher() -> None:
    two = topic("/latched", "std_msgs/Header", latched=True)
    ring = PreRoll(0, 10**9, {"/latched": type(two)(two.name, two.definition, two.qos * 2)})
    for i in range(5):
        ring.add(_message("/latched", i + 1))
    assert [message.publish_ns for message in ring.take(10)] == [4, 5]
