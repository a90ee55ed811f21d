"""Finding plugins and calling the one that owns a stage.

Each entry point of the group `challengeflow` is loaded apart: one that fails is reported by name and reason and the
rest keeps working, unless CHALLENGEFLOW_STRICT_PLUGINS is set. CHALLENGEFLOW_PLUGINS=a,b loads those alone.
"""

import importlib.metadata
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pluggy

from challengeflow import hookspecs
from challengeflow.declare import Challenge, Model, Resources
from challengeflow.errors import InputError
from challengeflow.layout import check_name

GROUP = "challengeflow"
MODEL_STAGES = ("train", "predict")


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be loaded, and why."""

    name: str
    reason: str


class Registry:
    """The plugins that are there: their challenges and models, who owns which, and how to call a stage."""

    def __init__(self, plugins: Iterable[tuple[str, Any, str]], broken: Iterable[Broken] = ()):
        """`plugins`: (entry point name, module or object, distribution and version)."""
        self.manager = pluggy.PluginManager(GROUP)
        self.manager.add_hookspecs(hookspecs)
        self.broken = list(broken)
        self.challenges: dict[str, Challenge] = {}
        self.models: dict[tuple[str, str], Model] = {}
        self.owner: dict[Any, str] = {}
        self.distribution: dict[str, str] = {}
        for name, plugin, distribution in sorted(plugins, key=lambda found: found[0]):
            self.distribution[name] = distribution
            self._register(name, plugin)

    def _register(self, name: str, plugin: Any) -> None:
        self.manager.register(plugin, name)
        try:
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            self.manager.unregister(plugin)
            raise InputError(f"plugin {name!r} has a hook that is not in the contract: {error}") from None
        for challenge in self._declared(plugin, "challenges"):
            check_name("challenge", challenge.name)
            self._claim(name, f"challenge {challenge.name!r}", challenge.name)
            self.challenges[challenge.name] = challenge
        for model in self._declared(plugin, "models"):
            check_name("model", model.name)
            key = (model.challenge, model.name)
            self._claim(name, f"model {model.name!r} of {model.challenge!r}", key)
            self.models[key] = model

    def _declared(self, plugin: Any, hook: str) -> list[Any]:
        function = getattr(plugin, hook, None)
        return list(function()) if function is not None else []

    def _claim(self, plugin: str, what: str, key: Any) -> None:
        if key in self.owner:
            raise InputError(
                f"{what} is claimed by two plugins, {self.owner[key]!r} ({self.distribution[self.owner[key]]}) and "
                f"{plugin!r} ({self.distribution[plugin]}); uninstall one of them or rename it"
            )
        self.owner[key] = plugin

    def owner_of(self, stage: str, challenge: str, model: str | None = None) -> str:
        """Name of the plugin whose hook a stage is called on."""
        key = (challenge, model) if stage in MODEL_STAGES else challenge
        return self.owner[key]

    def implementation(self, stage: str, challenge: str, model: str | None = None) -> Any:
        """The function a stage is called on, or InputError where its owner has none."""
        name = self.owner_of(stage, challenge, model)
        function = getattr(self.manager.get_plugin(name), stage, None)
        if function is None:
            raise InputError(f"plugin {name!r} does not implement the hook {stage!r}, which {challenge!r} needs")
        return function

    def call(self, stage: str, job: Any, model: str | None = None) -> None:
        """Call `stage` on its owner alone, inside every wrapper of every plugin."""
        self.implementation(stage, job.challenge, model)
        owner = self.manager.get_plugin(self.owner_of(stage, job.challenge, model))
        hook = getattr(self.manager.hook, stage)
        others = [
            implementation.plugin
            for implementation in hook.get_hookimpls()
            if implementation.plugin is not owner and not (implementation.wrapper or implementation.hookwrapper)
        ]
        self.manager.subset_hook_caller(stage, others)(job=job)


@lru_cache
def registry() -> Registry:
    """The registry of everything installed."""
    wanted = os.environ.get("CHALLENGEFLOW_PLUGINS")
    names = wanted.split(",") if wanted is not None else None
    plugins, broken = [], []
    for entry in importlib.metadata.entry_points(group=GROUP):
        if names is not None and entry.name not in names:
            continue
        try:
            plugins.append((entry.name, entry.load(), f"{entry.dist.name} {entry.dist.version}"))
        except Exception as error:  # a plugin may fail in any way; the others must not suffer for it
            reason = f"{type(error).__name__}: {error}"
            if os.environ.get("CHALLENGEFLOW_STRICT_PLUGINS"):
                raise InputError(f"plugin {entry.name!r} cannot be loaded: {reason}") from error
            broken.append(Broken(entry.name, reason))
    return Registry(plugins, broken)


def resources(registry: Registry, stage: str, challenge: str, model: str | None = None) -> Resources:
    """What a stage says it needs; where nothing is stated, the default."""
    declared = registry.challenges[challenge].resources
    if model is not None:
        declared = registry.models[challenge, model].resources
    return declared.get(stage, Resources())
