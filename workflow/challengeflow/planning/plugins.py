"""Finding plugins and calling the one that owns a stage.

Each entry point of the group `challengeflow` is loaded apart: one that fails, or whose declarations break the contract,
is set aside by name and reason and the rest keeps working, unless CHALLENGEFLOW_STRICT_PLUGINS is set.
CHALLENGEFLOW_PLUGINS=a,b loads those alone.
"""

import importlib.metadata
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pluggy

from challengeflow import __version__
from challengeflow.contract import hookspecs
from challengeflow.contract.declare import CONTRACT, Challenge, Model, Resources
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import COMMANDS, MODEL_STAGES, check_name, check_splits
from challengeflow.imports import module_file
from challengeflow.planning.check_config import nearest
from challengeflow.planning.dispatch import Dispatch

GROUP = "challengeflow"


@dataclass(frozen=True)
class Broken:
    """A plugin that was set aside, and why."""

    name: str
    reason: str


class Registry:
    """The plugins that are there: their challenges and models, who owns which, and how to call a stage."""

    def __init__(self, plugins: Iterable[tuple[str, Any, str]] = ()):
        """`plugins`: (entry point name, module or object, distribution and version)."""
        self.manager = pluggy.PluginManager(GROUP)
        self.manager.add_hookspecs(hookspecs)
        self._dispatch = Dispatch(self.stage_module)
        self.manager.register(self._dispatch, "challengeflow")
        self.broken: list[Broken] = []
        self.challenges: dict[str, Challenge] = {}
        self.models: dict[tuple[str, str], Model] = {}
        self.commands: dict[str, str] = {}  # "challengeflow NAME" -> module
        self.owner: dict[Any, str] = {}
        self.distribution: dict[str, str] = {}
        for name, plugin, distribution in plugins:
            self.add(name, plugin, distribution)

    def add(self, name: str, plugin: Any, distribution: str) -> None:
        """Register a plugin and what it declares.

        One that raises, InputError or whatever its own code does, is not added.
        """
        if name in self.distribution:
            raise InputError(f"{self.distribution[name]} and {distribution} both call their plugin {name!r}")
        self.distribution[name] = distribution
        try:
            self._register(name, plugin)
        except Exception:
            self.remove(name)
            raise

    def remove(self, name: str) -> None:
        """Take a plugin and its claims out again."""
        if self.manager.has_plugin(name):
            self.manager.unregister(name=name)
        for key in [key for key, owner in self.owner.items() if owner == name]:
            del self.owner[key]
            for claims in (self.challenges, self.models, self.commands):
                claims.pop(key, None)
        del self.distribution[name]

    def set_aside(self, name: str, error: BaseException) -> None:
        """Note why a plugin is not there."""
        reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        self.broken.append(Broken(name, reason))

    def _register(self, name: str, plugin: Any) -> None:
        try:
            self.manager.register(plugin, name)
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise InputError(f"plugin {name!r} has a hook that is not in the contract: {_brief(error)}") from None
        for challenge in self._declared(plugin, "challenges", Challenge):
            check_name("challenge", challenge.name)
            for what, parts in (("dataset", challenge.datasets), ("submission", challenge.submissions)):
                for part in parts:
                    check_name(what, part.name)
            check_splits(challenge.splits)
            self._check_contract(name, challenge.contract)
            self._claim(name, f"challenge {challenge.name!r}", challenge.name)
            self.challenges[challenge.name] = challenge
            for command, module in challenge.commands.items():
                self._check_command(name, command)
                self._claim(name, f"command {command!r}", f"challengeflow {command}")
                self.commands[f"challengeflow {command}"] = module
        for model in self._declared(plugin, "models", Model):
            check_name("model", model.name)
            self._check_contract(name, model.contract)
            key = (model.challenge, model.name)
            self._claim(name, f"model {model.name!r} of {model.challenge!r}", key)
            self.models[key] = model

    def _declared(self, plugin: Any, hook: str, kind: type) -> list[Any]:
        function = getattr(plugin, hook, None)
        declared = list(function()) if function is not None else []
        for each in declared:
            if not isinstance(each, kind):
                raise InputError(
                    f"its hook {hook!r} returns a {type(each).__name__} where a {kind.__name__} is expected"
                )
        return declared

    def _check_contract(self, plugin: str, contract: int) -> None:
        if contract != CONTRACT:
            raise InputError(
                f"{self.distribution[plugin]} was written for contract {contract} of challengeflow, and this is "
                f"{__version__} with contract {CONTRACT}; install versions that go together"
            )

    def _check_command(self, plugin: str, command: str) -> None:
        if command in COMMANDS:
            raise InputError(
                f"command {command!r} is claimed by two, challengeflow itself and the plugin {plugin!r} "
                f"({self.distribution[plugin]}); the plugin must rename its own"
            )

    def _claim(self, plugin: str, what: str, key: Any) -> None:
        if key in self.owner:
            holder = self.owner[key]
            raise InputError(
                f"{what} is claimed by two plugins, {holder!r} ({self.distribution[holder]}) and "
                f"{plugin!r} ({self.distribution[plugin]}); uninstall one of them or rename it"
            )
        self.owner[key] = plugin

    def package_of(self, name: str) -> str:
        """The top-level package that a plugin's code is in."""
        plugin = self.manager.get_plugin(name)
        return getattr(plugin, "__name__", type(plugin).__module__).partition(".")[0]

    def challenge(self, name: str) -> Challenge:
        """The challenge of that name; InputError with the nearest one, and the plugins that are set aside."""
        if name not in self.challenges:
            raise InputError(f"no such challenge {name!r}; {nearest(name, self.challenges)}{self._aside()}")
        return self.challenges[name]

    def model(self, challenge: str, name: str) -> Model:
        """A model of a challenge, or InputError likewise."""
        known = [model for owner, model in self.models if owner == challenge]
        if name not in known:
            raise InputError(f"{challenge} has no model {name!r}; {nearest(name, known)}{self._aside()}")
        return self.models[challenge, name]

    def command(self, name: str) -> str:
        """The module of a plugin's command, or InputError likewise, with the nearest command of all."""
        known = {key.removeprefix("challengeflow "): module for key, module in self.commands.items()}
        if name not in known:
            raise InputError(f"no such command {name!r}; {nearest(name, [*known, *COMMANDS])}{self._aside()}")
        return known[name]

    def strays(self) -> list[str]:
        """A sentence for each model of a challenge that no plugin brings."""
        return [
            f"model {model!r} of the plugin {self.owner[challenge, model]!r} is for the challenge {challenge!r}, "
            f"which no plugin brings; {nearest(challenge, self.challenges)}"
            for challenge, model in self.models
            if challenge not in self.challenges
        ]

    def check_rules(self, challenge: str) -> None:
        """Raise InputError where the extra rules of a challenge are not there: its jobs stop, and no others."""
        rules, owner = self.challenges[challenge].snakefile, self.owner[challenge]
        if rules is not None and not Path(rules).is_file():
            raise InputError(
                f"plugin {owner!r}: its rules {rules} are not there; install {self.distribution[owner]} again, "
                "with the file listed in its package data"
            )

    def _aside(self) -> str:
        return "".join(f"; plugin {plugin.name!r} is left out: {plugin.reason}" for plugin in self.broken)

    def owner_of(self, stage: str, challenge: str, model: str | None = None) -> str:
        """Name of the plugin whose hook a stage is called on."""
        return self.owner[(challenge, model) if stage in MODEL_STAGES else challenge]

    def stage_module(self, stage: str, challenge: str, model: str | None = None) -> str | None:
        """The declared module of a stage (of a model's, for train and predict); None where none is declared."""
        if stage in MODEL_STAGES:
            return self.models[challenge, model or ""].module
        return self.challenges[challenge].stages.get(stage)

    def hook_of(self, stage: str, challenge: str, model: str | None = None) -> Callable[..., Any] | None:
        """The plugin's own hook of a stage, which goes before the declared module; None where it has none."""
        owner = self.manager.get_plugin(self.owner_of(stage, challenge, model))
        return next((found.function for found in self._hooks(stage) if found.plugin is owner), None)

    def check_implemented(self, stage: str, challenge: str, model: str | None = None) -> None:
        """Raise InputError where the owner of a stage has neither a hook nor a module for it."""
        declared = self.stage_module(stage, challenge, model)
        if self.hook_of(stage, challenge, model) or (declared and module_file(declared)):
            return
        if declared:
            raise InputError(
                f"plugin {self.owner_of(stage, challenge, model)!r} names the module {declared} for the stage "
                f"{stage!r}, which is not there; correct its name, or install the package that brings it"
            )
        raise InputError(
            f"plugin {self.owner_of(stage, challenge, model)!r} does not implement the stage {stage!r}, which "
            f"{challenge!r} needs; name its module in Challenge(stages={{{stage!r}: ...}}), or add a function "
            f"{stage}(job) marked @hookimpl"
        )

    def draws(self, challenge: str) -> bool:
        """Whether the challenge's plugin implements the optional stage `draw`."""
        return self._has("draw", challenge)

    def inspects(self, challenge: str) -> bool:
        """Whether the challenge's plugin implements the optional hook `inspect`."""
        return self._has("inspect", challenge)

    def _has(self, hook: str, challenge: str) -> bool:
        return bool(self.hook_of(hook, challenge) or self.stage_module(hook, challenge))

    def call(self, stage: str, job: Any, model: str | None = None) -> Any:
        """Call `stage` on its owner alone, inside every wrapper of every plugin; what it returns."""
        self.check_implemented(stage, job.challenge, model)
        owner = self.manager.get_plugin(self.owner_of(stage, job.challenge, model))
        if not self.hook_of(stage, job.challenge, model):
            owner = self._dispatch
        others = [found.plugin for found in self._hooks(stage) if found.plugin is not owner]
        found = self.manager.subset_hook_caller(stage, others)(job=job)
        return found[0] if found else None

    def _hooks(self, stage: str) -> list[pluggy.HookImpl]:
        """The implementations of a stage that are no wrappers."""
        found: list[pluggy.HookImpl] = getattr(self.manager.hook, stage).get_hookimpls()
        return [each for each in found if not (each.wrapper or each.hookwrapper)]


def _brief(error: pluggy.PluginValidationError) -> str:
    """pluggy's message in one line, without the file it may add."""
    return " ".join(str(error).split())


@lru_cache
def registry() -> Registry:
    """The registry of everything installed."""
    wanted = os.environ.get("CHALLENGEFLOW_PLUGINS")
    names = wanted.split(",") if wanted is not None else None
    found = Registry()
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        if names is not None and entry.name not in names:
            continue
        try:
            found.add(entry.name, entry.load(), f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown")
        except (Exception, SystemExit) as error:  # a plugin may fail in any way; the others must not suffer for it
            found.set_aside(entry.name, error)
            if os.environ.get("CHALLENGEFLOW_STRICT_PLUGINS"):
                raise InputError(f"plugin {entry.name!r} cannot be loaded: {found.broken[-1].reason}") from error
    return found


def resources(registry: Registry, stage: str, challenge: str, model: str | None = None) -> Resources:
    """What a stage says it needs; where nothing is stated, the default."""
    declared = registry.challenges[challenge].resources
    if model is not None:
        declared = registry.models[challenge, model].resources
    return declared.get(stage, Resources())
