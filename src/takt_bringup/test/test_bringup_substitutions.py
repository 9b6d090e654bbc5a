"""`$(...)`: the grammar and each function."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_bringup.launcher.context import Context, Scope
from takt_bringup.launcher.errors import LaunchError, Where
from takt_bringup.launcher.substitutions import Call, Template, Text, parse_template

_WHERE = Where(Path("/launch/some.launch.yaml"), 7)


@dataclass
class _Recorder:
    """Expands calls to what they look like."""

    calls: list[str] = field(default_factory=list)

    def substitute(self, call: Call) -> str:
        arguments = [argument.expand(self) for argument in call.arguments]
        self.calls.append(call.name)
        return f"<{call.name}|{'|'.join(arguments)}>"


def _expand(text: str) -> str:
    return parse_template(text, _WHERE).expand(_Recorder())


def _context(tmp_path: Path, **configurations: str) -> Context:
    prefix = tmp_path / "prefix"
    index = prefix / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    (index / "some_package").touch()
    program = prefix / "lib/some_package/some_node"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    environment = {"AMENT_PREFIX_PATH": f"/nowhere:{prefix}", "PATH": "/bin:/usr/bin", "SET": "yes"}
    return Context(
        _WHERE.file, Scope(dict(configurations), environment), tmp_path / "scratch", environment
    )


def _in(context: Context, text: str) -> str:
    return context.expand(parse_template(text, _WHERE))


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("", ""),
        ("plain $ text", "plain $ text"),
        (r"a\$b \$(var x)", "a$b $(var x)"),
        ("$(var x)", "<var|x>"),
        ("a$(var x)b$(dirname)c", "a<var|x>b<dirname|>c"),
        ("$(env A 'b c')", "<env|A|b c>"),
        ('$(env A "b $(var d) c")', "<env|A|b <var|d> c>"),
        ('$(eval \'"$(var a)" == "b"\')', '<eval|"<var|a>" == "b">'),
        ("$(var $(var name))", "<var|<var|name>>"),
        ("$(env A x$(var b)y)", "<env|A|x<var|b>y>"),
        (r"$(env A \(b\))", "<env|A|(b)>"),
        ("$(env A '')", "<env|A|>"),
    ],
)
def test_grammar(text: str, expanded: str) -> None:
    assert _expand(text) == expanded


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$(var x", "has to end with"),
        ("$()", "begin with its name"),
        ("$(env  A)", "an argument is missing"),
        ("$(env 'A)", "is not closed"),
        ("$(env (A))", "bracket"),
    ],
)
def test_errors_name_file_and_line(text: str, problem: str) -> None:
    with pytest.raises(LaunchError, match=r"some\.launch\.yaml:7: .*" + problem):
        parse_template(text, _WHERE)


@given(st.text(alphabet=st.characters(exclude_characters="\\$"), max_size=40))
@settings(max_examples=50, deadline=None)
def test_text_without_dollar_or_backslash_is_left_alone(text: str) -> None:
    template = parse_template(text, _WHERE)
    assert template.is_literal
    assert template.literal == text


def test_a_template_keeps_how_it_was_written() -> None:
    assert parse_template("a$(var b)", _WHERE).source == "a$(var b)"
    assert not Template((Text("a"), Call("var", (), _WHERE))).is_literal


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(var robot)", "left"),
        ("$(var none 'a default')", "a default"),
        ("$(env SET)", "yes"),
        ("$(env UNSET $(var robot))", "left"),
        ("$(dirname)|$(filename)", "/launch|/launch/some.launch.yaml"),
        ("$(eval '1 + 2 * 3')", "7"),
        ('$(eval \'"$(var robot)" == "left"\')', "True"),
        ("$(not $(var on))", "false"),
        ("$(and true $(var on)) $(or false 0)", "true false"),
        ("$(equals 1.0 1) $(equals true 1) $(not-equals a b)", "true true true"),
        ("$(if $(var on) yes no)$(if false yes)", "yes"),
        ("$(command 'echo two words')", "two words\n"),
        ("$(command \"sh -c 'echo a; echo b >&2'\" ignore)", "a\n"),
        ("$(command \"sh -c 'echo a; echo b >&2'\" warn)", "a\n"),
        ("$(command \"sh -c 'echo a; echo b >&2'\" capture)", "a\nb\n"),
    ],
)
def test_functions(tmp_path: Path, text: str, expanded: str) -> None:
    assert _in(_context(tmp_path, robot="left", on="true"), text) == expanded


def test_packages_are_found_in_the_ament_index(tmp_path: Path) -> None:
    context = _context(tmp_path)
    prefix = tmp_path / "prefix"
    assert _in(context, "$(find-pkg-prefix some_package)") == str(prefix)
    assert _in(context, "$(find-pkg-share some_package)") == str(prefix / "share/some_package")
    executable = _in(context, "$(exec-in-pkg some_node some_package)")
    assert executable == str(prefix / "lib/some_package/some_node")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$(banana x)", r"does not know the substitution `\$\(banana"),
        ("$(var missing)", "named `missing`.*there are: on, robot"),
        ("$(env UNSET)", "UNSET is not set"),
        ("$(find-pkg-share takt_other)", "`takt_other` is not installed.*make setup"),
        ("$(find-pkg-share other)", "`other` is not installed.*an installation of ROS 2"),
        ("$(exec-in-pkg none some_package)", "no executable `none`.*it has some_node"),
        ("$(var)", "takes 1 to 2 arguments; 0 are given"),
        ("$(not maybe)", "`maybe` is neither true nor false"),
        ("$(command false)", "ended with 1"),
        ("$(command 'ls --help /nowhere' shout)", "`shout`; allowed are fail, ignore, warn"),
        ("$(command \"sh -c 'echo a; echo b >&2'\")", "wrote to standard error: b"),
        ("$(command /no/such/program)", "cannot be run"),
        ("$(eval '__import__(\"os\")')", "not allowed"),
        ("$(find-exec no-such-program)", "no-such-program"),
    ],
)
def test_failures_say_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(LaunchError, match=r"some\.launch\.yaml:7: .*" + problem):
        _in(_context(tmp_path, robot="left", on="true"), text)
