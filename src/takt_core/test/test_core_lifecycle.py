"""A node as a process: starts itself, refuses bad parameters, holds at the end."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

NODE = textwrap.dedent(
    """
    import sys
    from dataclasses import dataclass
    from takt_core.nodes.lifecycle import ManagedNode, run_node
    from takt_core.parameters import parameter


    @dataclass(frozen=True)
    class Parameters:
        rate_hz: float = parameter(10.0, unit="Hz", minimum=1.0, maximum=100.0, description="rate")


    class Probe(ManagedNode):
        def __init__(self):
            super().__init__("probe", Parameters)
            print("made", flush=True)

        def on_takt_activate(self):
            print("active", self.parameters.rate_hz, flush=True)

        def on_takt_deactivate(self):
            print("holding", self.context.ok(), flush=True)

        def on_takt_cleanup(self):
            print("clean", flush=True)


    sys.exit(run_node(Probe))
    """
)


LISTENER = textwrap.dedent(
    """
    import sys
    from dataclasses import dataclass
    from geometry_msgs.msg import Quaternion
    from takt_core.errors import TaktError
    from takt_core.nodes.lifecycle import ManagedNode, run_node
    from takt_core.nodes.qos import STEPS


    @dataclass(frozen=True)
    class Parameters:
        pass


    class Listener(ManagedNode):
        def __init__(self):
            super().__init__("listener", Parameters)
            self.create_subscription(Quaternion, "turn", self._on_turn, STEPS)
            self._turns = self.create_publisher(Quaternion, "turn", STEPS)
            self.create_timer(0.02, self._publish)

        def _publish(self):
            self._turns.publish(Quaternion(w=0.0))
            self._turns.publish(Quaternion(w=1.0))

        def _on_turn(self, message):
            if message.w == 0.0:
                raise TaktError("a quaternion of zeros")
            print("turned", flush=True)


    sys.exit(run_node(Listener))
    """
)


def start(domain: int, *arguments: str, node: str = NODE) -> subprocess.Popen:
    environment = os.environ | {"ROS_DOMAIN_ID": str(domain)}
    command = [sys.executable, "-c", node, "--ros-args", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_deactivates_while_publishing_still_works(ros_domain: int, stop: int) -> None:
    process = start(ros_domain, "-p", "rate_hz:=20")
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    assert process.stdout.readline().split() == ["active", "20.0"]
    process.send_signal(stop)
    out, _ = process.communicate(timeout=60)
    assert out.splitlines() == ["holding True", "clean"]
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("rate_hz:=1000.0", "'rate_hz' is 1000.0; allowed is a number from 1 to 100 [Hz]"),
        ("rate_hz:=often", "'rate_hz' is 'often'"),
        ("rat_hz:=10.0", "unknown parameter 'rat_hz'; did you mean 'rate_hz'?"),
    ],
)
def test_a_bad_parameter_ends_the_process_with_a_message(
    ros_domain: int, argument: str, words: str
) -> None:
    out, err = start(ros_domain, "-p", argument).communicate(timeout=60)
    assert words in err
    assert "Traceback" not in err
    assert "active" not in out


def test_autostart_can_be_left_to_somebody_else(ros_domain: int) -> None:
    process = start(ros_domain, "-p", "autostart:=false")
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert "active" not in out
    assert process.returncode == 0


def test_a_message_that_a_callback_refuses_is_said_and_ends_nothing(ros_domain: int) -> None:
    process = start(ros_domain, node=LISTENER)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)] == ["turned\n"] * 3
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err.count("turn: ignored: a quaternion of zeros") == 1


# Whoever takes the lock of a condition in this thread gets a second signal right then.
INTERRUPTED = NODE.replace(
    "class Probe(ManagedNode):",
    """import signal, threading
    take = threading.Condition.__enter__


    def interrupted(condition):
        result = take(condition)
        if threading.current_thread() is threading.main_thread():
            threading.Condition.__enter__ = take
            signal.raise_signal(signal.SIGTERM)
        return result


    threading.Condition.__enter__ = interrupted


    class Probe(ManagedNode):""".replace("\n    ", "\n"),
)


def test_signals_that_interrupt_each_other_still_end_it(ros_domain: int) -> None:
    """A terminal's ctrl-C and the launcher's SIGINT arrive together."""
    process = start(ros_domain, node=INTERRUPTED)
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    process.send_signal(signal.SIGINT)
    try:
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert out.splitlines()[-1] == "clean"
