from __future__ import annotations

from pathlib import Path

from takt_recorder.definitions import SEPARATOR, find_definition


def _package(prefix: Path, name: str, text: str) -> None:
    package, short = name.split("/")
    path = prefix / "share" / package / "msg" / f"{short}.msg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_nested_types_follow_once_each() -> None:
    text = find_definition("takt_msgs/msg/ArmState").text
    parts = text.split(f"{SEPARATOR}\n")
    names = [part.splitlines()[0] for part in parts[1:]]
    assert len(names) == len(set(names))
    assert {"MSG: std_msgs/Header", "MSG: builtin_interfaces/Time", "MSG: geometry_msgs/Point"} <= {
        *names
    }


def test_the_hash_is_that_of_the_type_support() -> None:
    found = find_definition("builtin_interfaces/msg/Time").type_hash
    # Published for builtin_interfaces/Time since Iron: the type has not changed since.
    assert found == "RIHS01_b106235e25a4c5ed35098aa0a61a3ee9c9b18d197f398b0e4206cea9acf9c197"


def test_stamped_is_a_leading_time_however_deep() -> None:
    assert find_definition("takt_msgs/msg/ArmState").stamped
    assert find_definition("rosgraph_msgs/msg/Clock").stamped
    assert not find_definition("geometry_msgs/msg/Pose").stamped
    assert not find_definition("std_msgs/msg/Empty").stamped


def test_fields_of_all_forms_are_understood(tmp_path: Path) -> None:
    _package(tmp_path, "a/Leaf", "uint8 X=1  # constant\nfloat64[<=3] values\n")
    _package(tmp_path, "b/Other", "string<=10 name\n")
    _package(
        tmp_path,
        "a/Root",
        "# Comment with Fake words\nLeaf[] leaves\nb/Other other   # nested\n"
        "a/Leaf[2] two\nint32 count 5\n",
    )
    text = find_definition("a/msg/Root", [tmp_path]).text
    assert text.count("MSG: ") == 2
    assert "MSG: a/Leaf" in text
    assert "MSG: b/Other" in text


def test_an_overlay_wins(tmp_path: Path) -> None:
    over, under = tmp_path / "over", tmp_path / "under"
    _package(over, "a/Root", "int32 new\n")
    _package(under, "a/Root", "int32 old\n")
    assert find_definition("a/msg/Root", [over, under]).text == "int32 new\n"


def test_a_type_that_is_not_installed_has_no_text(tmp_path: Path) -> None:
    assert find_definition("nobody/msg/Knows", [tmp_path]).text == ""
    _package(tmp_path, "a/Root", "missing/Part part\n")
    assert find_definition("a/msg/Root", [tmp_path]).text == ""
