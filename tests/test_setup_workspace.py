"""The parts of set-up that can be tested without installing anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_SCRIPTS = Path(__file__).resolve().parents[1] / "scripts" / "workspace"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set-up is a program of several files, not an installed package."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(_SCRIPTS))
    yield
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "") and _SCRIPTS.as_posix() in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


def test_an_excerpt_shows_the_first_error_and_the_end() -> None:
    from stages import excerpt

    quiet = [f"line {n}" for n in range(100)]
    assert excerpt(quiet) == quiet[-10:]
    loud = [*quiet, "ninja: error: no build", "CMake Error at x", "because of y", *quiet]
    shown = excerpt(loud)
    assert shown[:2] == ["CMake Error at x", "because of y"]
    assert shown[-1] == "line 99"
    assert "..." in shown
    assert excerpt(["a", "error: b", "c"]) == ["a", "error: b", "c"]


def test_a_failed_command_is_explained(tmp_path: Path) -> None:
    from stages import Log, SetupError

    log = Log(tmp_path / "setup.log")
    log.run([sys.executable, "-c", "print('fine')"])
    code = "print('error: it is broken'); raise SystemExit(3)"
    with pytest.raises(SetupError, match=r"(?s)status 3.*it is broken.*setup\.log.*do this"):
        log.run([sys.executable, "-c", code], on_failure="do this")
    assert "fine" in log.path.read_text(encoding="utf-8")


def test_stamps_follow_contents_and_names(tmp_path: Path) -> None:
    from stamps import Stamp, fingerprint

    file = tmp_path / "a"
    file.write_text("1", encoding="utf-8")
    first = fingerprint([file], ["x"])
    assert fingerprint([file], ["x"]) == first
    assert fingerprint([file], ["y"]) != first
    file.write_text("2", encoding="utf-8")
    assert fingerprint([file], ["x"]) != first
    stamp = Stamp(tmp_path / "deep" / "stamp")
    assert not stamp.matches(first)
    stamp.write(first)
    assert stamp.matches(first)
    stamp.clear()
    assert not stamp.matches(first)


def test_requirements_and_versions_with_and_without_ros(tmp_path: Path) -> None:
    from environment import RosSource, constraints, requirements

    (tmp_path / "requirements.txt").write_text(
        "# --- ROS 2 ---\nros-rclpy\n\n# --- runtime ---\nnumpy\n", encoding="utf-8"
    )
    (tmp_path / "constraints.txt").write_text(
        '# all\nnumpy==2.0; python_version >= "3.11"\nnumpy==1.9\nscipy==1.0\n', encoding="utf-8"
    )
    (tmp_path / "constraints-ros.txt").write_text("numpy==1.5\n", encoding="utf-8")
    assert requirements(tmp_path, RosSource(None)) == ["ros-rclpy", "numpy"]
    assert requirements(tmp_path, RosSource("kilted")) == ["numpy"]
    assert len(constraints(tmp_path, RosSource(None))) == 3
    assert constraints(tmp_path, RosSource("kilted")) == ["scipy==1.0", "numpy==1.5"]


@pytest.mark.parametrize(
    ("variables", "distribution"),
    [
        ({}, None),
        ({"AMENT_PREFIX_PATH": "/somewhere"}, None),
        ({"ROS_DISTRO": "kilted", "AMENT_PREFIX_PATH": "/opt/ros/kilted"}, "kilted"),
    ],
)
def test_a_sourced_ros_is_noticed(
    variables: dict[str, str], distribution: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from environment import RosSource

    for name in ("ROS_DISTRO", "AMENT_PREFIX_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert RosSource.detect().distribution == distribution


def test_foreign_directories_in_the_wheels_are_rewritten(tmp_path: Path) -> None:
    from wheels import rewrite_foreign_directories

    folder = tmp_path / "share" / "some_msgs" / "cmake"
    folder.mkdir(parents=True)
    file = folder / "export.cmake"
    foreign = "/opt/python/cp311-cp311"
    file.write_text(
        f"{foreign}/include/python3.11;{foreign}/lib/python3.11/site-packages/numpy/include;/usr",
        encoding="utf-8",
    )
    assert rewrite_foreign_directories(tmp_path) == 1
    text = file.read_text(encoding="utf-8")
    assert "/opt/python" not in text
    assert text.endswith("/numpy/include;/usr")
    assert rewrite_foreign_directories(tmp_path) == 0


def test_what_a_package_is_rebuilt_for(tmp_path: Path) -> None:
    from colcon_build import package_value, packages
    from environment import Environment, RosSource

    source = tmp_path / "src" / "takt_x"
    (source / "takt_x").mkdir(parents=True)
    (source / "package.xml").write_text("<name>takt_x</name>", encoding="utf-8")
    (source / "setup.py").write_text("'../../launch'", encoding="utf-8")
    (source / "takt_x" / "module.py").write_text("1", encoding="utf-8")
    for name in ("requirements.txt", "constraints.txt", "colcon.meta"):
        (tmp_path / name).write_text("", encoding="utf-8")
    environment = Environment(tmp_path, RosSource(None))
    assert packages(tmp_path) == {"takt_x": source}

    def value() -> str:
        return package_value(tmp_path, source, environment)

    first = value()
    (source / "takt_x" / "module.py").write_text("2", encoding="utf-8")
    assert value() == first, "Python modules are linked"
    (tmp_path / "launch").mkdir()
    (tmp_path / "launch" / "a.launch.yaml").write_text("", encoding="utf-8")
    with_launch_file = value()
    assert with_launch_file != first
    (source / "package.xml").write_text("<name>takt_x</name> ", encoding="utf-8")
    assert value() != with_launch_file
