"""The state in which a launch file is evaluated: arguments, namespace, environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from takt_bringup.launcher.errors import LaunchError
from takt_bringup.launcher.functions import FUNCTIONS, FunctionError
from takt_bringup.launcher.plan import ProcessPlan
from takt_bringup.launcher.substitutions import Call, Template


@dataclass
class Scope:
    """What a scoped group saves and restores.

    Attributes:
        configurations: launch arguments and `let` values by name.
        environment: environment variables for what is started.
        namespace: the pushed ROS namespace, absolute, or None.
        parameters: words that `set_parameter` and `set_parameters_from_file` add to nodes.
        remaps: what `set_remap` adds to nodes, as (from, to).
    """

    configurations: dict[str, str]
    environment: dict[str, str]
    namespace: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    remaps: tuple[tuple[str, str], ...] = ()

    def copy(self) -> Scope:
        return replace(
            self, configurations=dict(self.configurations), environment=dict(self.environment)
        )


@dataclass
class Context:
    """Evaluates the actions of a launch file one after another.

    Attributes:
        file: the launch file that is being evaluated.
        scratch: a folder for the parameter files that nodes are given.
    """

    file: Path
    scope: Scope
    scratch: Path
    initial_environment: Mapping[str, str]
    processes: list[ProcessPlan] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    include_stack: tuple[Path, ...] = ()

    def substitute(self, call: Call) -> str:
        """Perform one substitution (the `Expander` of templates)."""
        function = FUNCTIONS.get(call.name)
        if function is None:
            raise LaunchError(
                call.where,
                f"takt's launcher does not know the substitution `$({call.name} ...)`; it knows "
                + ", ".join(sorted(FUNCTIONS)),
            )
        try:
            return function(self, call.arguments)
        except FunctionError as error:
            raise LaunchError(call.where, f"`$({call.name} ...)`: {error}") from error

    # What the functions may look at.

    def expand(self, template: Template) -> str:
        return template.expand(self)

    def say(self, message: str) -> None:
        """Add a message to the plan."""
        self.messages.append(message)

    @property
    def configurations(self) -> Mapping[str, str]:
        return self.scope.configurations

    @property
    def environment(self) -> Mapping[str, str]:
        return self.scope.environment

    @contextmanager
    def scoped(self, forwarding: bool, keep: Mapping[str, str]) -> Iterator[None]:
        """Restore the scope afterwards; without forwarding begin with nothing but `keep`."""
        saved = self.scope
        if forwarding:
            self.scope = saved.copy()
        else:
            self.scope = Scope({}, dict(self.initial_environment))
        self.scope.configurations.update(keep)
        try:
            yield
        finally:
            self.scope = saved

    @contextmanager
    def inside(self, file: Path) -> Iterator[None]:
        """Evaluate another file, which `$(dirname)` then refers to."""
        outer, stack = self.file, self.include_stack
        self.file, self.include_stack = file, (*stack, file)
        try:
            yield
        finally:
            self.file, self.include_stack = outer, stack

    def scratch_file(self, content: str) -> Path:
        """Write a parameter file for a node."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        path = self.scratch / f"launch_params_{len(list(self.scratch.iterdir())):03d}.yaml"
        path.write_text(content, encoding="utf-8")
        return path
