"""Real processes: order of start and stop, escalation, respawn, signals, output."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from takt_bringup.launcher.errors import LaunchError, Where
from takt_bringup.launcher.output import Console
from takt_bringup.launcher.plan import Plan, ProcessPlan
from takt_bringup.launcher.processes import State, describe_exit
from takt_bringup.launcher.supervisor import Supervisor, supervise

_PATIENCE_S = 60.0

# Says its name in a file when it starts and when SIGINT comes; `stubborn` ignores signals.
_CHILD = """
import os, signal, sys, time
name, journal, ignored = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
def note(text):
    with open(journal, "a") as file:
        file.write(f"{text} {name}\\n")
def on_interrupt(number, frame):
    note("interrupted")
    if "SIGINT" not in ignored:
        sys.exit(0)
signal.signal(signal.SIGINT, on_interrupt)
if "SIGTERM" in ignored:
    signal.signal(signal.SIGTERM, lambda number, frame: note("terminated"))
note("started")
print("hello from", name, flush=True)
while True:
    time.sleep(0.02)
"""


class _Rig:
    """Makes plans of small processes that write into one journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.screen = io.StringIO()
        self.console = Console(folder / "launch.log", self.screen)

    @property
    def journal(self) -> list[str]:
        path = self.folder / "journal"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def child(self, name: str, ignored: str = "", **options: object) -> ProcessPlan:
        command = (sys.executable, "-c", _CHILD, name, str(self.folder / "journal"), ignored)
        return self.process(name, command, **options)

    def process(self, name: str, command: tuple[str, ...], **options: object) -> ProcessPlan:
        return ProcessPlan(
            name, command, dict(os.environ), Where(Path("a.launch.yaml"), 1), **options
        )

    def supervisor(self, *processes: ProcessPlan) -> Supervisor:
        return Supervisor(Plan(processes, (), ()), self.console)


@pytest.fixture
def rig(tmp_path: Path) -> _Rig:
    return _Rig(tmp_path)


def _until(condition: Callable[[], object], poll: Callable[[], object] = lambda: None) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        poll()
        time.sleep(0.01)


def test_starts_in_order_and_stops_in_reverse(rig: _Rig) -> None:
    with rig.supervisor(rig.child("a"), rig.child("b"), rig.child("c")) as system:
        _until(lambda: len(rig.journal) == 3, system.poll)
        assert all(system.process(name).state is State.RUNNING for name in "abc")
    interrupted = [line for line in rig.journal if line.startswith("interrupted")]
    assert interrupted == ["interrupted c", "interrupted b", "interrupted a"]
    assert [system.process(name).exit_code for name in "abc"] == [0, 0, 0]


def test_sigterm_and_then_sigkill_follow(rig: _Rig) -> None:
    quick = {"sigterm_timeout_s": 0.2, "sigkill_timeout_s": 0.2}
    stubborn = rig.child("stubborn", "SIGINT,SIGTERM", **quick)
    deaf = rig.child("deaf", "SIGINT", **quick)
    with rig.supervisor(stubborn, deaf) as system:
        _until(lambda: len(rig.journal) == 2, system.poll)
    assert system.process("deaf").exit_code == -signal.SIGTERM
    assert system.process("stubborn").exit_code == -signal.SIGKILL
    assert "terminated stubborn" in rig.journal
    assert "stubborn has not stopped: SIGTERM" in rig.screen.getvalue()


def test_respawn_until_the_limit(rig: _Rig) -> None:
    failing = rig.process(
        "failing", (sys.executable, "-c", "raise SystemExit(3)"), respawn=True, respawn_limit=2
    )
    assert rig.supervisor(failing).run() == 0, "nothing was started yet"
    system = rig.supervisor(failing)
    system.start()
    assert system.run() == 1
    assert system.process("failing").starts == 3
    assert "failing failed with exit code 3" in rig.screen.getvalue()


def test_a_killed_process_is_started_again(rig: _Rig) -> None:
    with rig.supervisor(rig.child("node", respawn=True, respawn_delay_s=0.1)) as system:
        _until(lambda: rig.journal.count("started node") == 1, system.poll)
        system.process("node").signal(signal.SIGKILL)
        _until(lambda: rig.journal.count("started node") == 2, system.poll)
        assert system.process("node").state is State.RUNNING


def test_the_end_of_a_required_process_ends_everything(rig: _Rig) -> None:
    required = rig.process("required", (sys.executable, "-c", "pass"), required=True)
    system = rig.supervisor(rig.child("other"), required)
    system.start()
    assert system.run() == 0
    assert system.process("other").state is State.ENDED
    assert "required is required: stopping everything" in rig.screen.getvalue()


def test_what_a_process_started_ends_with_it(rig: _Rig) -> None:
    code = (
        "import subprocess, sys, pathlib; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid))"
    )
    pid_file = rig.folder / "pid"
    system = rig.supervisor(rig.process("parent", (sys.executable, "-c", code, str(pid_file))))
    system.start()
    system.run()
    grandchild = int(pid_file.read_text(encoding="utf-8"))
    _until(lambda: not _runs(grandchild))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_command_that_cannot_be_started_stops_the_others(rig: _Rig) -> None:
    system = rig.supervisor(rig.child("first"), rig.process("broken", ("/no/such/program",)))
    with pytest.raises(LaunchError, match=r"\[broken\] .*cannot be started"):
        system.start()
    assert not system.process("first").alive


def test_output_goes_to_the_log_and_where_it_is_asked_for(rig: _Rig) -> None:
    code = "import sys; print('said'); print('complained', file=sys.stderr)"
    quiet = rig.process("quiet", (sys.executable, "-c", code))
    loud = rig.process("loud", (sys.executable, "-c", code), output="screen")
    system = rig.supervisor(quiet, loud)
    system.start()
    system.run()
    screen = rig.screen.getvalue()
    assert "[quiet] said" not in screen
    assert "[quiet] complained" in screen
    assert "[loud] said" in screen
    log = (rig.folder / "launch.log").read_text(encoding="utf-8")
    assert "[quiet] said" in log
    assert "[loud] complained" in log


def test_unknown_labels_are_refused_with_those_there_are(rig: _Rig) -> None:
    with pytest.raises(KeyError, match="no process `x`; there are a"):
        rig.supervisor(rig.child("a")).process("x")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "ended"),
        (2, "failed with exit code 2"),
        (-9, "was killed by SIGKILL"),
        (-99, "was killed by signal 99"),
    ],
)
def test_exits_are_described(code: int, text: str) -> None:
    assert describe_exit(code) == text


_LAUNCH = """
launch:
  - executable: {{cmd: "{python} -c 'import time; print(\\"up\\", flush=True); time.sleep(600)'",
                 name: "sleeper", output: "screen"}}
"""


def test_supervise_removes_its_parameter_files(tmp_path: Path) -> None:
    file = tmp_path / "a.launch.yaml"
    file.write_text("launch:\n  - bananas: {}\n", encoding="utf-8")
    console = Console(screen=io.StringIO())
    with pytest.raises(LaunchError, match="bananas"):
        supervise(file, {}, console)
    file.write_text('launch:\n  - executable: {cmd: "true"}\n', encoding="utf-8")
    system = supervise(file, {}, console)
    scratch = system.scratch
    assert scratch is not None
    assert scratch.is_dir()
    system.start()
    assert system.run() == 0
    assert not scratch.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_takt_up_stops_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "sleep.launch.yaml"
    file.write_text(_LAUNCH.format(python=sys.executable), encoding="utf-8")
    launcher = subprocess.Popen(
        [sys.executable, "-m", "takt_bringup.cli.main", "up", str(file)],
        env={**os.environ, "ROS_LOG_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert launcher.stdout is not None
    said = []
    for line in launcher.stdout:
        said.append(line)
        if "[sleeper] up" in line:
            launcher.send_signal(number)
    assert launcher.wait(_PATIENCE_S) == 0
    assert f"[takt] {number.name}: stopping\n" in said
    assert said[-1] == "[takt] everything has stopped\n"
