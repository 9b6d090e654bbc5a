"""Whole launch files: what each construct comes down to.

The expected command lines are those of ROS 2 launch for the same files.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from takt_bringup.launcher.errors import LaunchError
from takt_bringup.launcher.evaluate import arguments_of, evaluate_launch_file
from takt_bringup.launcher.plan import Plan
from takt_core.errors import TaktError

Evaluate = Callable[..., Plan]


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An installation with one package and one executable."""
    root = tmp_path / "prefix"
    index = root / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    (index / "pkg").touch()
    program = root / "lib/pkg/talker"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return root


@pytest.fixture
def evaluate(tmp_path: Path, prefix: Path) -> Evaluate:
    """Evaluate the text of a launch file."""

    def function(text: str, files: Mapping[str, str] | None = None, **arguments: str) -> Plan:
        for name, content in (files or {}).items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        file = tmp_path / "main.launch.yaml"
        file.write_text(text, encoding="utf-8")
        environment = {"AMENT_PREFIX_PATH": str(prefix), "PATH": "/usr/bin:/bin", "HOME": "/home"}
        return evaluate_launch_file(file, arguments, tmp_path / "scratch", environment)

    return function


def _words(plan: Plan) -> list[list[str]]:
    return [list(process.command[1:]) for process in plan.processes]


def _parameters(command: tuple[str, ...]) -> list[dict[str, Any]]:
    files = [b for a, b in itertools.pairwise(command) if a == "--params-file"]
    return [yaml.safe_load(Path(file).read_text(encoding="utf-8")) for file in files]


def test_arguments_and_let(evaluate: Evaluate) -> None:
    text = """
launch:
  - arg: {name: robot, default: "left", choice: [{value: "left"}, {value: "right"}]}
  - arg: {name: speed, default: "$(var robot)_speed"}
  - let: {name: both, value: "$(var robot) $(var speed)"}
  - executable: {cmd: "echo $(var both) --x=$(var speed)/y 'a b'"}
"""
    assert _words(evaluate(text)) == [["left left_speed", "--x=left_speed/y", "a b"]]
    assert _words(evaluate(text, speed="2")) == [["left 2", "--x=2/y", "a b"]]
    with pytest.raises(LaunchError, match=r"main\.launch\.yaml:3: .*`up`; allowed are left, right"):
        evaluate(text, robot="up")
    with pytest.raises(TaktError, match=r"no argument sped; it has robot, speed"):
        evaluate(text, sped="2")


def test_an_argument_without_default_must_be_given(evaluate: Evaluate) -> None:
    text = 'launch:\n  - arg: {name: bundle, description: "the folder"}\n'
    with pytest.raises(LaunchError, match=r"yaml:2: .*`bundle` \(the folder\).*bundle:=value"):
        evaluate(text)
    assert evaluate(text, bundle="x").declared == ("bundle",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", ["if"]), ("1", ["if"]), ("False", ["unless"]), ("0", ["unless"])],
)
def test_conditions(evaluate: Evaluate, value: str, expected: list[str]) -> None:
    plan = evaluate(
        """
launch:
  - arg: {name: flag}
  - executable: {cmd: "echo if", if: "$(var flag)"}
  - executable: {cmd: "echo unless", unless: "$(var flag)"}
""",
        flag=value,
    )
    assert _words(plan) == [[word] for word in expected]


def test_a_condition_that_is_neither_is_an_error(evaluate: Evaluate) -> None:
    with pytest.raises(LaunchError, match="condition is `yes`"):
        evaluate('launch:\n  - executable: {cmd: "echo", if: "yes"}\n')
    with pytest.raises(LaunchError, match="exclude each other"):
        evaluate('launch:\n  - executable: {cmd: "echo", if: "1", unless: "0"}\n')


def test_groups_scope_values_namespace_and_environment(evaluate: Evaluate) -> None:
    plan = evaluate(
        """
launch:
  - let: {name: x, value: "outer"}
  - set_env: {name: E, value: "one"}
  - group:
      - push_ros_namespace: {namespace: "left"}
      - let: {name: x, value: "inner"}
      - set_env: {name: E, value: "two"}
      - append_env: {name: E, value: "three"}
      - unset_env: {name: HOME}
      - node: {pkg: pkg, exec: talker, name: n}
      - group:
          - push_ros_namespace: {namespace: "arm"}
          - node: {pkg: pkg, exec: talker, name: n, namespace: "deep"}
          - node: {pkg: pkg, exec: talker, name: n, namespace: "/absolute"}
      - executable: {cmd: "echo $(var x)"}
  - executable: {cmd: "echo $(var x)"}
  - node: {pkg: pkg, exec: talker}
"""
    )
    inner, deep, absolute, said, outside, bare = plan.processes
    assert inner.command[1:] == ("--ros-args", "-r", "__node:=n", "-r", "__ns:=/left")
    assert deep.command[-1] == "__ns:=/left/arm/deep"
    assert absolute.command[-1] == "__ns:=/absolute"
    assert said.command[1] == "inner"
    assert inner.environment["E"] == "two:three"
    assert "HOME" not in inner.environment
    assert outside.command[1] == "outer"
    assert outside.environment["E"] == "one"
    assert outside.environment["HOME"] == "/home"
    assert bare.command[1:] == ("--ros-args",)
    assert [p.label for p in plan.processes[:3]] == ["left/n", "left/arm/deep/n", "absolute/n"]


def test_groups_without_scope_or_forwarding(evaluate: Evaluate) -> None:
    plan = evaluate(
        """
launch:
  - let: {name: x, value: "outer"}
  - set_env: {name: E, value: "one"}
  - group:
      scoped: false
      children:
        - let: {name: y, value: "leaks"}
  - group:
      forwarding: false
      keep: [{name: kept, value: "$(var x)"}]
      children:
        - executable: {cmd: "echo $(var kept) $(var x gone) $(env E gone)"}
  - executable: {cmd: "echo $(var y)"}
"""
    )
    assert _words(plan) == [["outer", "gone", "gone"], ["leaks"]]


def test_an_empty_namespace_is_none(evaluate: Evaluate) -> None:
    plan = evaluate(
        """
launch:
  - push_ros_namespace: {namespace: ""}
  - node: {pkg: pkg, exec: talker, namespace: "x"}
"""
    )
    assert plan.processes[0].command[-1] == "__ns:=/x"


def test_includes_share_the_scope_of_where_they_are(evaluate: Evaluate) -> None:
    child = """
launch:
  - arg: {name: robot}
  - let: {name: from_child, value: "$(var robot)!"}
  - executable: {cmd: "echo $(var robot) $(filename)"}
"""
    plan = evaluate(
        """
launch:
  - include: {file: "$(dirname)/child.launch.yaml", arg: [{name: robot, value: "a"}]}
  - executable: {cmd: "echo $(var from_child)"}
  - group:
      - include: {file: "$(dirname)/child.launch.yaml", arg: [{name: robot, value: "b"}]}
  - executable: {cmd: "echo $(var robot)"}
""",
        {"child.launch.yaml": child},
    )
    said = _words(plan)
    assert [words[0] for words in said] == ["a", "a!", "b", "a"]
    assert said[0][1].endswith("/child.launch.yaml")


def test_an_error_in_an_include_names_its_own_line(evaluate: Evaluate) -> None:
    main = 'launch:\n  - include: {file: "$(dirname)/child.launch.yaml"}\n'
    with pytest.raises(LaunchError, match=r"child\.launch\.yaml:3: .*`banana`"):
        evaluate(main, {"child.launch.yaml": "launch:\n\n  - banana: {}\n"})
    with pytest.raises(LaunchError, match=r"main\.launch\.yaml:2: .*other.*does not exist"):
        evaluate('launch:\n  - include: {file: "/other.launch.yaml"}\n')
    with pytest.raises(LaunchError, match="more than 20 deep"):
        evaluate('launch:\n  - include: {file: "$(filename)"}\n')


def test_node_command_line_in_full(evaluate: Evaluate, prefix: Path, tmp_path: Path) -> None:
    plan = evaluate(
        """
launch:
  - arg: {name: v, default: "3"}
  - set_parameter: {name: use_sim_time, value: "true"}
  - set_remap: {from: "x", to: "y"}
  - node:
      pkg: pkg
      exec: talker
      name: talk
      namespace: arm
      args: "--flag $(var v) 'two words'"
      ros_args: "--log-level debug"
      param:
        - {from: "$(dirname)/rate.yaml"}
        - {name: seed, value: "$(var v)"}
      remap: [{from: a, to: "b_$(var v)"}]
      env: [{name: Q, value: "$(var v)"}]
""",
        {"rate.yaml": "/**: {ros__parameters: {rate: 10.0}}"},
    )
    (process,) = plan.processes
    words = list(process.command)
    assert words[:11] == [
        str(prefix / "lib/pkg/talker"),
        *("--flag", "3", "two words"),
        *("--ros-args", "--log-level", "debug"),
        *("--ros-args", "-r", "__node:=talk", "-r"),
    ]
    assert words[11:15] == ["__ns:=/arm", "-p", "use_sim_time:=True", "--params-file"]
    assert words[15] == str(tmp_path / "rate.yaml")
    assert words[-4:] == ["-r", "x:=y", "-r", "a:=b_3"]
    assert _parameters(process.command)[1] == {"/arm/talk": {"ros__parameters": {"seed": 3}}}
    assert process.environment["Q"] == "3"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ('{name: p, value: "text"}', {"p": "text"}),
        ('{name: p, value: "5"}', {"p": "5"}),
        ("{name: p, value: 5}", {"p": 5}),
        ("{name: p, value: yes}", {"p": True}),
        ("{name: p, value: [1, 2]}", {"p": [1, 2]}),
        ('{name: p, value: ["a", "$(var text)"]}', {"p": ["a", "word"]}),
        ('{name: p, value: "$(var number)"}', {"p": 3}),
        ('{name: p, value: "$(var number)", type: float}', {"p": 3.0}),
        ('{name: p, value: "$(var number)", type: str}', {"p": "3"}),
        ('{name: p, value: "[1.5, $(var number).0]"}', {"p": [1.5, 3.0]}),
        ('{name: "p_$(var text)", value: "$(var text)"}', {"p_word": "word"}),
        (
            "{name: a, param: [{name: b, value: 1}, {name: c, param: [{name: d, value: 2}]}]}",
            {"a.b": 1, "a.c.d": 2},
        ),
    ],
)
def test_parameter_values(evaluate: Evaluate, item: str, expected: dict[str, Any]) -> None:
    plan = evaluate(
        f"""
launch:
  - let: {{name: number, value: "3"}}
  - let: {{name: text, value: "word"}}
  - node: {{pkg: pkg, exec: talker, param: [{item}]}}
"""
    )
    assert _parameters(plan.processes[0].command) == [{"/**": {"ros__parameters": expected}}]


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ("{name: p}", "either `value` or nested `param`"),
        ("{value: 1}", "`name` is missing"),
        ('{name: p, from: "x"}', "exclude each other"),
        ("{name: p, value: [1, 2.5]}", "must be of one type"),
        ('{name: p, value: "5", type: int}', "not of type `int`"),
        ("{name: p, value: 5, type: banana}", "allowed are bool, int"),
        ('{name: p, value: "$(eval 1):\t{"}', "not a YAML value"),
        ('{from: "/no/such.yaml"}', "does not exist"),
        ("{name: p, value: {a: 1}}", "scalar"),
    ],
)
def test_parameter_errors(evaluate: Evaluate, item: str, problem: str) -> None:
    with pytest.raises(LaunchError, match=r"main\.launch\.yaml:\d+: .*" + problem):
        evaluate(f"launch:\n  - node: {{pkg: pkg, exec: talker, param: [{item}]}}\n")


def test_parameter_files_with_substitutions(evaluate: Evaluate) -> None:
    plan = evaluate(
        """
launch:
  - let: {name: rate, value: "20.0"}
  - node:
      pkg: pkg
      exec: talker
      param: [{from: "$(dirname)/p.yaml", allow_substs: true}]
""",
        {"p.yaml": "/**: {ros__parameters: {rate: $(var rate)}}"},
    )
    (parameters,) = _parameters(plan.processes[0].command)
    assert parameters == {"/**": {"ros__parameters": {"rate": 20.0}}}


def test_process_options(evaluate: Evaluate) -> None:
    plan = evaluate(
        """
launch:
  - executable:
      cmd: "echo x"
      name: "echoer"
      cwd: "/tmp"
      output: "screen"
      launch-prefix: "nice -n 5"
      respawn: "true"
      respawn_delay: 2.5
      respawn_max_retries: 3
      on_exit: "shutdown"
      sigterm_timeout: 1.0
      sigkill_timeout: 2.0
  - executable: {cmd: "echo y", name: "echoer"}
  - log: {message: "hello $(env HOME)"}
"""
    )
    first, second = plan.processes
    assert first.command == ("nice", "-n", "5", "echo", "x")
    assert (first.label, second.label) == ("echoer", "echoer-2")
    assert first.directory == Path("/tmp")
    assert (first.output, first.respawn, first.required) == ("screen", True, True)
    assert (first.respawn_delay_s, first.respawn_limit) == (2.5, 3)
    assert (first.sigterm_timeout_s, first.sigkill_timeout_s) == (1.0, 2.0)
    assert (second.output, second.respawn, second.required) == ("log", False, False)
    assert plan.messages == ("hello /home",)


@pytest.mark.parametrize(
    ("entity", "problem"),
    [
        ("bananas: {}", "does not know `bananas`"),
        ('executable: {cmd: "x", banana: "y"}', "does not know `banana` here"),
        ("executable: {cmd: 5}", r"`cmd` is 5 \(int\) and must be a string"),
        ('executable: {cmd: ""}', "`cmd` is empty"),
        ('executable: {cmd: "a", cmd: "b"}', "there twice"),
        ("executable: text", "is missing"),
        ("executable: {cmd: \"'a $(env HOME)'\"}", "quotes cannot go around"),
        ("node: {pkg: pkg, exec: talker, respawn: true}", "`respawn` is True .* in quotes"),
        ("node: {pkg: pkg, exec: talker, respawn_delay: 2}", "decimal point"),
        ("node: {pkg: pkg, exec: talker, respawn_delay: -2.0}", "must not be negative"),
        ('node: {pkg: pkg, exec: talker, output: "banana"}', "allowed are screen, log, both"),
        ('node: {pkg: pkg, exec: talker, on_exit: "x"}', "allowed is `shutdown`"),
        ('node: {pkg: pkg, exec: talker, name: "1x"}', "node name `1x`"),
        ('node: {pkg: pkg, exec: talker, namespace: "a b"}', "namespace `/a b`"),
        ("node: {pkg: pkg, exec: talker, remap: {from: a}}", "list of mappings"),
        ("node: {pkg: none, exec: talker}", "`none` is not installed"),
        ("node: {pkg: pkg, exec: none}", "no executable `none`"),
        ("arg: {name: a, default: true}", "put it in quotes"),
        ("group: {scoped: false}", "list of entities"),
        ('let: [{name: a, value: "b"}]', "is missing"),
    ],
)
def test_what_is_not_known_is_an_error_with_its_line(
    evaluate: Evaluate, entity: str, problem: str
) -> None:
    with pytest.raises(LaunchError, match=r"main\.launch\.yaml:3: .*" + problem):
        evaluate(f"launch:\n\n  - {entity}\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a", "one key, `launch`"),
        ("start: []", "it is `start`"),
        ("launch: 5", "list of entities"),
        ("launch:\n  - [", "is not YAML"),
        ("launch:\n  - {a: 1, b: 2}", "yaml:2: an entity is a mapping with one key"),
    ],
)
def test_files_that_are_not_launch_files(evaluate: Evaluate, text: str, problem: str) -> None:
    with pytest.raises(LaunchError, match=problem):
        evaluate(text)


def test_started_processes_get_the_defaults_of_takt(evaluate: Evaluate) -> None:
    (process,) = evaluate('launch:\n  - executable: {cmd: "env"}\n').processes
    assert process.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert process.environment["ROS_DOMAIN_ID"] == "0"


def test_listing_arguments_includes_those_of_includes(evaluate: Evaluate, tmp_path: Path) -> None:
    evaluate(
        """
launch:
  - arg: {name: mine, default: "$(env HOME)", description: "about it"}
  - include: {file: "$(dirname)/child.launch.yaml", arg: [{name: given, value: "1"}]}
""",
        {
            "child.launch.yaml": "launch:\n"
            '  - arg: {name: given}\n  - arg: {name: free, default: "x"}\n'
        },
    )
    infos = arguments_of(tmp_path / "main.launch.yaml")
    assert [(info.name, info.default) for info in infos] == [
        ("mine", "$(env HOME)"),
        ("free", "x"),
    ]
