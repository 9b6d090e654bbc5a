"""The demo: the course of its episodes, its report, its picture and its words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("takt_msgs.msg", exc_type=ImportError)

from demo_bag import END_MS, LAST_MS, MS, POLICY_MS, write_demo_bag

from takt_bringup.demo import command
from takt_bringup.demo.bag_data import Episode, read_episode, read_images
from takt_bringup.demo.episodes import (
    EpisodeResult,
    Recording,
    RunResult,
    TopicCount,
    run_episodes,
)
from takt_bringup.demo.figure import chunk_changes, draw_episode
from takt_bringup.demo.report import build_report, problems, write_report
from takt_bringup.demo.table import closing_table, progress_line
from takt_core.errors import TaktError

REPORT_KEYS = {
    "episodes",
    "successes",
    "chunk_latency_ms",
    "late_actions",
    "starvations",
    "torque_violations",
    "recorder",
    "bags",
    "machine",
}


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Episode:
    return read_episode(write_demo_bag(tmp_path_factory.mktemp("bags") / "demo"))


def result(index: int = 0, outcome: str = "succeeded", lost: int = 0) -> EpisodeResult:
    counts = {"/arm/state": TopicCount(100 + lost, 100, lost), "/policy/chunk": TopicCount(4, 4, 0)}
    run = RunResult(outcome, "because", 2.5, 4)
    return EpisodeResult(index, 1000 + index, run, Recording(f"bag{index}", counts))


class FakeOperator:
    """Notes what it is asked to do; every second run times out."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def reset_task(self, seed: int) -> None:
        self.calls.append(("reset", seed))

    def start_recording(self, name: str, task: str, tags: dict[str, str]) -> None:
        self.calls.append(("start", name, task, tags["seed"]))

    def run_policy(self, time_limit_s: float) -> RunResult:
        self.calls.append(("run", time_limit_s))
        runs = sum(call[0] == "run" for call in self.calls)
        return RunResult("succeeded" if runs % 2 else "timed_out", "words", 1.0, 3)

    def finish_recording(self, outcome: str, note: str) -> Recording:
        self.calls.append(("finish", outcome, note))
        return Recording("bag")


def test_each_episode_is_reset_recorded_run_and_finished() -> None:
    operator, seen = FakeOperator(), []
    results = run_episodes(
        operator,
        "pick_place",
        [7, 8],
        20.0,
        lambda *what: seen.append(what),
        lambda r: seen.append(r),
    )
    assert operator.calls == [
        ("reset", 7),
        ("start", "demo_00_seed_7", "pick_place", "7"),
        ("run", 20.0),
        ("finish", "success", "words"),
        ("reset", 8),
        ("start", "demo_01_seed_8", "pick_place", "8"),
        ("run", 20.0),
        ("finish", "failure", "words"),
    ]
    assert [r.success for r in results] == [True, False]
    assert seen == [(0, 7), results[0], (1, 8), results[1]]


def test_a_bag_becomes_arrays(episode: Episode) -> None:
    assert (episode.start_ns, episode.end_ns) == (POLICY_MS * MS, END_MS * MS)
    assert episode.tcp_m.shape == (len(episode.time_ns), 3)
    assert len(episode.chunks) == 4
    assert episode.counts == {
        "starvations": 1,
        "torque_violations": 0,
        "dropped_waypoints": 2,
    }
    assert episode.late_actions == 3 + 4 * 1 + 2


def test_a_short_loss_of_the_policy_does_not_end_the_run(tmp_path: Path) -> None:
    lost = ((POLICY_MS, 1), (POLICY_MS + 500, 0), (POLICY_MS + 500, 1))
    for name, modes, end_ms in (
        ("ended", (*lost, (END_MS, 0)), END_MS),
        ("cut", lost, LAST_MS),
        ("ended_late", (*lost, (LAST_MS + 5, 0)), LAST_MS),
        ("never", (), LAST_MS),
    ):
        episode = read_episode(write_demo_bag(tmp_path / name, modes))
        assert episode.end_ns == end_ms * MS, name


def test_images_are_those_nearest_in_time(episode: Episode) -> None:
    images = read_images(episode.bag, "/overview_camera/image_raw", [6_020 * MS, 7_990 * MS])
    assert [stamp_ns // MS for stamp_ns, _ in images] == [6_000, 8_000]
    assert images[0][1].shape == (24, 32, 3)
    assert images[0][1][0, 0, 0] == 6_000 // 50
    assert read_images(episode.bag, "/wrist_camera/image_raw", [0]) == []


def test_the_report_has_the_agreed_keys_and_the_numbers_of_the_bags(
    episode: Episode, tmp_path: Path
) -> None:
    report = build_report([result(0), result(1)], [episode, episode])
    write_report(report, tmp_path / "new" / "report.json")
    read = json.loads((tmp_path / "new" / "report.json").read_text())
    assert set(read) == REPORT_KEYS
    latency = read["chunk_latency_ms"]
    assert set(latency) == {"observation_age", "inference", "publishing", "end_to_end"}
    assert all(set(part) == {"p50", "p95", "p99"} for part in latency.values())
    assert latency["observation_age"]["p50"] == 30.0
    assert latency["inference"]["p50"] == 37.5
    assert latency["end_to_end"]["p99"] == 70.0
    assert read["late_actions"] == 18
    assert read["starvations"] == 2
    assert read["recorder"]["/arm/state"] == {"received": 200, "written": 200, "lost": 0}
    assert read["bags"] == ["bag0", "bag1"]
    assert problems(report) == []


def test_every_shortcoming_is_named(episode: Episode) -> None:
    violated = replace(episode, counts={**episode.counts, "torque_violations": 5})
    results = [result(0), result(1, "timed_out", lost=2)]
    found = problems(build_report(results, [violated, episode]))
    assert len(found) == 3
    assert "1 of 2" in found[0]
    assert "/arm/state: received 202, written 200, lost 2" in found[1]
    assert "5 ticks" in found[2]
    assert problems(build_report([], []))


def test_without_chunks_the_report_is_still_json(episode: Episode, tmp_path: Path) -> None:
    report = build_report([result()], [replace(episode, chunks=())])
    write_report(report, tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["chunk_latency_ms"]["inference"] == {
        "p50": None,
        "p95": None,
        "p99": None,
    }
    assert "inference          p50 -" in closing_table([result()], [episode], report)


def test_the_words_on_the_screen(episode: Episode) -> None:
    assert progress_line(result(2), 10).startswith("episode  3/10  seed 1002  succeeded")
    assert "timed_out: because" in progress_line(result(0, "timed_out"), 10)
    table = closing_table([result()], [episode], build_report([result()], [episode]))
    row = table.splitlines()[2]
    assert row.split() == ["1", "1000", "succeeded", "2.50", "s", "4", "9", "1", "10.0", "N"]
    assert "late actions       9" in table


def test_chunk_boundaries_are_where_the_arm_changes_over(episode: Episode) -> None:
    changes = chunk_changes(episode, slice(None))
    times_ms = episode.time_ns[changes] // MS
    np.testing.assert_array_equal(times_ms - POLICY_MS, [60, 560, 1060, 1560])


def test_the_picture_is_drawn(episode: Episode, tmp_path: Path) -> None:
    import matplotlib.image

    draw_episode(episode, tmp_path / "figures" / "insertion.png", "seed 7")
    pixels = matplotlib.image.imread(tmp_path / "figures" / "insertion.png")
    assert pixels.shape[1] > 1200
    assert pixels[..., :3].std() > 0.05


def test_an_empty_bag_still_gives_a_picture(episode: Episode, tmp_path: Path) -> None:
    empty = np.zeros((0, 3))
    nothing = replace(
        episode,
        time_ns=np.zeros(0, np.int64),
        tcp_m=empty,
        target_m=empty,
        force_n=empty,
        chunk_id=np.zeros(0, np.int64),
    )
    draw_episode(nothing, tmp_path / "empty.png", "nothing")
    assert (tmp_path / "empty.png").is_file()


def test_the_command_refuses_no_episodes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["--episodes", "0"])
    assert end.value.code == 2
    assert "--episodes is 0" in capsys.readouterr().err


def test_a_bag_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaktError):
        read_episode(tmp_path / "none")


def test_the_command_names_what_shows_a_task_without_a_policy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        command.main(["--task", "grasp_cylinder"])
    assert "takt film grasp_cylinder" in capsys.readouterr().err
