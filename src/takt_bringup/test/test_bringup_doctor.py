"""The checks of `takt doctor`, with the machine replaced where it matters."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest

from takt_bringup.cli import doctor
from takt_bringup.doctor import devices, machine, network, software
from takt_bringup.doctor.finding import Finding, Level, fail, ok, warn
from takt_bringup.doctor.probe import ProbeError, run_probe


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 9), Level.FAIL), ((3, 10), Level.OK), ((3, 13), Level.OK), ((3, 14), Level.FAIL)],
)
def test_python(version: tuple[int, int], level: Level) -> None:
    assert software.check_python(version).level is level


def test_a_missing_compiler_is_named() -> None:
    finding = software.check_compiler({"CXX": "no-such-compiler", "PATH": "/nowhere"})
    assert finding.level is Level.FAIL
    assert "no-such-compiler" in finding.found
    assert "g++" in finding.advice


def test_packages_that_are_not_built_are_named(tmp_path: Path) -> None:
    index = tmp_path / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    (index / "takt_core").touch()
    environment = {"AMENT_PREFIX_PATH": str(tmp_path)}
    assert software.check_packages(environment, ["takt_core"]).level is Level.OK
    finding = software.check_packages(environment, ["takt_core", "takt_sim"])
    assert finding.level is Level.FAIL
    assert finding.found.endswith("takt_sim")


def test_inference_lists_the_providers() -> None:
    finding = software.check_inference()
    assert finding.level is not Level.FAIL
    assert "CPU" in finding.found


def test_realtime_is_fine_only_with_everything() -> None:
    infinity = resource.RLIM_INFINITY
    assert machine.check_realtime(99, infinity, "#1 SMP PREEMPT_RT").level is Level.OK
    without_limits = machine.check_realtime(0, 8 * 2**20, "#1 SMP PREEMPT_RT")
    assert without_limits.level is Level.WARN
    assert "rtprio" in without_limits.advice
    ordinary = machine.check_realtime(99, infinity, "#1 SMP PREEMPT_DYNAMIC")
    assert "PREEMPT_RT kernel" in ordinary.advice


def test_shared_memory_and_disk_look_at_the_folder(tmp_path: Path) -> None:
    (tmp_path / "fastdds_1234").touch()
    assert "1 Fast DDS files" in machine.check_shared_memory(tmp_path).found
    assert machine.check_shared_memory(tmp_path / "none").level is Level.FAIL
    assert str(tmp_path) in machine.check_disk(tmp_path).found


def test_video_devices(tmp_path: Path) -> None:
    assert "no " in devices.check_video_devices(tmp_path).found
    (tmp_path / "video0").touch()
    assert devices.check_video_devices(tmp_path).found == "video0"


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({"ROS_DOMAIN_ID": "3", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, Level.OK),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, Level.WARN),
        ({}, Level.WARN),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "banana"}, Level.FAIL),
        ({"ROS_DOMAIN_ID": "banana"}, Level.FAIL),
        ({"ROS_DOMAIN_ID": "200"}, Level.FAIL),
    ],
)
def test_discovery(environment: dict[str, str], level: Level) -> None:
    assert network.check_discovery(environment).level is level


def test_profile(tmp_path: Path) -> None:
    profile = tmp_path / "fastdds.xml"
    environment = {"FASTDDS_DEFAULT_PROFILES_FILE": str(profile)}
    assert network.check_profile(environment).level is Level.WARN
    profile.touch()
    assert network.check_profile(environment).level is Level.OK
    assert network.check_profile({}).level is Level.WARN


def test_a_failing_probe_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(module: str, environment: object) -> dict[str, object]:
        raise ProbeError("no display")

    monkeypatch.setattr(devices, "run_probe", failing)
    monkeypatch.setattr(network, "run_probe", failing)
    render = devices.check_render({})
    assert render.level is Level.FAIL
    assert "no display" in render.found
    assert network.check_loopback({}).level is Level.FAIL


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ({"sent": 30, "received": 30, "median_ms": 2.0}, Level.OK),
        ({"sent": 30, "received": 29, "median_ms": 2.0}, Level.WARN),
        ({"sent": 30, "received": 30, "median_ms": 99.0}, Level.WARN),
        ({"sent": 30, "received": 0, "median_ms": None}, Level.FAIL),
    ],
)
def test_loopback_levels(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, object], level: Level
) -> None:
    monkeypatch.setattr(network, "run_probe", lambda module, environment: answer)
    assert network.check_loopback({}).level is level


def test_probes_report_what_they_said_last() -> None:
    with pytest.raises(ProbeError, match="No module named"):
        run_probe("no_such_module_of_takt", os.environ)


@pytest.mark.ros
def test_the_real_loopback_arrives(ros_domain: int) -> None:
    finding = network.check_loopback(os.environ)
    assert finding.level is not Level.FAIL, finding.found


def test_report_and_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings: list[Finding] = [ok("a", "fine"), warn("b", "so so", "mend it")]
    monkeypatch.setattr(doctor, "_GROUPS", (lambda: findings,))
    assert doctor.main([]) == 0
    said = capsys.readouterr().out
    assert "warn  b" in said
    assert "-> mend it" in said
    assert said.endswith("takt runs here; 1 warnings\n")
    findings.append(fail("c", "broken", "replace it"))
    assert doctor.main(["--json"]) == 1
    assert [item["level"] for item in json.loads(capsys.readouterr().out)] == ["ok", "warn", "fail"]
