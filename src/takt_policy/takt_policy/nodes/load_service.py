"""The services policy/load and policy/unload. Bundles are opened in a thread of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from takt_core.errors import TaktError
from takt_msgs.srv import LoadPolicy, UnloadPolicy
from takt_policy.bundle import load_bundle
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.kinematics import arm_of
from takt_policy.runtime import PolicyRuntime
from takt_policy.settings import PolicyParameters
from takt_policy.worker import Worker


@dataclass(frozen=True, eq=False)
class Opened:
    """An engine that is ready to be used.

    Attributes:
        warm: whether it was warmed up.
    """

    engine: PolicyEngine
    warm: bool


def open_engine(path: str, parameters: PolicyParameters, warm_up: bool) -> Opened:
    """A bundle, loaded, checked, and by choice warmed up, with the node's settings.

    Raises:
        PolicyError: the bundle or a setting is not allowed.
    """
    p = parameters
    bundle = load_bundle(Path(path).expanduser())
    arm = arm_of(bundle.spec, _urdf(p.robot_description), p.tcp_frame)
    engine = PolicyEngine(bundle, p.execution(), p.providers, p.seed, p.threads, arm)
    if warm_up:
        engine.warm_up()
    return Opened(engine, warm_up)


def _urdf(text_or_file: str) -> str:
    if not text_or_file or text_or_file.lstrip().startswith("<"):
        return text_or_file
    try:
        return Path(text_or_file).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(
            f"robot_description is neither a URDF nor the file of one: {error}"
        ) from None


class LoadService:
    """Serves policy/load and policy/unload, also while a policy runs.

    Args:
        use: takes an opened policy; whether it becomes the selected one.
        changed: called when a policy was unloaded.
    """

    def __init__(
        self,
        node: Node,
        parameters: PolicyParameters,
        runtime: Callable[[], PolicyRuntime | None],
        use: Callable[[Opened, bool], None],
        changed: Callable[[], None],
    ) -> None:
        self._node = node
        self._parameters = parameters
        self._runtime = runtime
        self._use = use
        self._changed = changed
        self._waiting: deque[Future] = deque()
        self._worker: Worker[Opened | str] = Worker(self._wake, "loading")
        self._services = [
            node.create_service(LoadPolicy, "policy/load", self._on_load),
            node.create_service(UnloadPolicy, "policy/unload", self._on_unload),
        ]

    def destroy(self) -> None:
        # Nobody is there any more to be answered, nor a runtime that these engines were opened
        # for; the next one has other parameters.
        self._waiting.clear()
        for service in self._services:
            self._node.destroy_service(service)
        self._worker.close()

    async def _on_load(self, request: Any, response: Any) -> Any:
        done = Future()
        self._waiting.append(done)
        self._worker.submit(lambda: self._open(request.path, request.warm_up))
        opened = await done
        try:
            if isinstance(opened, str):
                raise TaktError(opened)
            self._require_runtime()
            self._use(opened, request.select)
        except TaktError as error:
            response.success, response.message = False, str(error)
            return response
        bundle = opened.engine.bundle
        response.success, response.message = True, "loaded"
        response.policy, response.policy_hash = bundle.spec.name, bundle.hash
        response.provider = opened.engine.provider
        return response

    def _on_unload(self, request: Any, response: Any) -> Any:
        try:
            name = self._require_runtime().unload(request.policy)
            self._changed()
            response.success, response.message = True, f"unloaded {name}"
        except TaktError as error:
            response.success, response.message = False, str(error)
        return response

    def _require_runtime(self) -> PolicyRuntime:
        runtime = self._runtime()
        if runtime is None:
            raise TaktError("the policy node is not configured; configure it first")
        return runtime

    def _open(self, path: str, warm_up: bool) -> Opened | str:
        """In the worker: the engine, or why there is none."""
        try:
            return open_engine(path, self._parameters, warm_up)
        except TaktError as error:
            return str(error)
        except Exception as error:
            return f"{path} cannot be loaded: {type(error).__name__}: {error}"

    def _wake(self) -> None:
        if self._node.executor is not None:
            self._node.executor.create_task(self._collect)

    def _collect(self) -> None:
        while (result := self._worker.take()) is not None:
            if self._waiting:
                self._waiting.popleft().set_result(result)
