"""The service policy/load: opens a bundle in a thread of its own, then hands it over."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from takt_core.errors import TaktError
from takt_msgs.srv import LoadPolicy
from takt_policy.bundle import load_bundle
from takt_policy.engine import PolicyEngine, override_sampler
from takt_policy.runtime import PolicyRuntime
from takt_policy.settings import PolicyParameters
from takt_policy.worker import Worker


def open_engine(path: str, parameters: PolicyParameters, warm_up: bool) -> PolicyEngine:
    """A bundle, loaded, checked, and by choice warmed up, with the node's settings.

    Raises:
        PolicyError: the bundle or a setting is not allowed.
    """
    p = parameters
    bundle = load_bundle(Path(path).expanduser())
    sampler = override_sampler(bundle.spec.require_sampler(), p.sampler, p.sampler_steps)
    engine = PolicyEngine(bundle, p.providers, p.seed, p.threads, sampler)
    if warm_up:
        engine.warm_up()
    return engine


class LoadService:
    """Serves policy/load. A bad bundle is refused by name, also while a good one runs.

    Args:
        use: takes an opened policy, or raises TaktError if one is running.
    """

    def __init__(
        self,
        node: Node,
        parameters: PolicyParameters,
        runtime: Callable[[], PolicyRuntime | None],
        use: Callable[[PolicyEngine], None],
    ) -> None:
        self._node = node
        self._parameters = parameters
        self._runtime = runtime
        self._use = use
        self._waiting: deque[Future] = deque()
        self._worker: Worker[PolicyEngine | str] = Worker(self._wake)
        self._service = node.create_service(LoadPolicy, "policy/load", self._on_load)

    def destroy(self) -> None:
        self._node.destroy_service(self._service)
        self._worker.close()

    async def _on_load(self, request: Any, response: Any) -> Any:
        opened = Future()
        self._waiting.append(opened)
        self._worker.submit(lambda: self._open(request.path, request.warm_up))
        engine = await opened
        try:
            if isinstance(engine, str):
                raise TaktError(engine)
            if self._runtime() is None:
                raise TaktError("the policy node is not configured; configure it first")
            self._use(engine)
        except TaktError as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.message = True, "loaded"
        response.policy, response.policy_hash = engine.bundle.spec.name, engine.bundle.hash
        response.provider = engine.provider
        return response

    def _open(self, path: str, warm_up: bool) -> PolicyEngine | str:
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
            self._waiting.popleft().set_result(result)
