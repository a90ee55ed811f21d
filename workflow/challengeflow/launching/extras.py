"""Optional parts of the core and of the plugins: which there are, what each still lacks, and the command that adds
it."""

import importlib.metadata
import re
from dataclasses import dataclass

from challengeflow.planning.plugins import Registry

OF_DEVELOPERS = ("dev", "test", "heads")


@dataclass(frozen=True)
class Extra:
    """An extra of a distribution; missing: names of what it needs that is not installed."""

    distribution: str
    name: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.distribution}[{self.name}]"

    @property
    def command(self) -> str:
        """What installs it."""
        return f"pip install '{self}'"


def extras(registry: Registry) -> list[Extra]:
    """Every extra of the core and of the installed plugins, but those of developers."""
    distributions = ["challengeflow", *(found.partition(" ")[0] for found in registry.distribution.values())]
    found = [extra for distribution in dict.fromkeys(distributions) for extra in _of(distribution)]
    return [extra for extra in found if extra.name not in OF_DEVELOPERS]


def extra_of_env(registry: Registry, challenge: str, model: str) -> Extra | None:
    """The extra that a model needs: its env is a file envs/PLUGIN-EXTRA.yaml.

    None where it needs none, or has an env elsewhere.
    """
    distribution = registry.distribution[registry.owner[challenge, model]].partition(" ")[0]
    env = registry.model(challenge, model).env
    plugin = distribution.removeprefix("challengeflow-")
    return next((extra for extra in _of(distribution) if env == f"{plugin}-{extra.name}"), None)


def _of(distribution: str) -> list[Extra]:
    try:
        metadata = importlib.metadata.metadata(distribution)
    except importlib.metadata.PackageNotFoundError:  # a plugin that a test registers by hand
        return []
    required: dict[str, list[str]] = {name: [] for name in metadata.get_all("Provides-Extra") or []}
    for line in metadata.get_all("Requires-Dist") or []:
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra == ['\"]([\w.-]+)['\"]", line)
        if name and extra and extra[1] in required:
            required[extra[1]].append(name[0])
    return [Extra(distribution, name, tuple(filter(_absent, needed))) for name, needed in required.items()]


def _absent(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return True
    return False
