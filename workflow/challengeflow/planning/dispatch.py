"""Calling the declared module of a stage, so that no plugin need repeat the hooks that do."""

import importlib
from collections.abc import Callable
from typing import Any

from challengeflow.contract.errors import ContractError
from challengeflow.contract.hookspecs import hookimpl

ModuleOf = Callable[[str, str, str | None], str | None]
"""(stage, challenge, model) -> the declared module."""


class Dispatch:
    """A plugin of the core: its hooks call the function of the stage's name in the module that a plugin declares."""

    def __init__(self, module_of: ModuleOf):
        self._module_of = module_of

    @hookimpl
    def inspect(self, job: Any) -> Any:
        return self._call("inspect", job)

    @hookimpl
    def download(self, job: Any) -> None:
        self._call("download", job)

    @hookimpl
    def preprocess(self, job: Any) -> None:
        self._call("preprocess", job)

    @hookimpl
    def train(self, job: Any) -> None:
        self._call("train", job, job.model)

    @hookimpl
    def predict(self, job: Any) -> None:
        self._call("predict", job, job.model)

    @hookimpl
    def score(self, job: Any) -> None:
        self._call("score", job)

    @hookimpl
    def draw(self, job: Any) -> None:
        self._call("draw", job)

    @hookimpl
    def package(self, job: Any) -> None:
        self._call("package", job)

    def _call(self, stage: str, job: Any, model: str | None = None) -> Any:
        module = self._module_of(stage, job.challenge, model)
        function = getattr(importlib.import_module(module or ""), stage, None)
        if function is None:
            raise ContractError(f"the declared module {module} has no function {stage}(job); add it")
        return function(job)
