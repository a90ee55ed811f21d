"""`challengeflow validate`: whether a config is sound, its models can run here and its own data can be used."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError
from challengeflow.launching.fits import missing_extras
from challengeflow.planning.config import resolve
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import Plan, plans
from challengeflow.planning.plugins import Registry, registry
from challengeflow.planning.read_config import read_config
from challengeflow.planning.settings import DatasetSettings
from challengeflow.reporting.inspect_source import inspect_source, summary, wanting

LOOKED_INTO = 20
"""Samples of a source that are opened to see whether any can be used; `challengeflow inspect` opens all."""


def validate(path: str) -> None:
    """Check a config, the plugins it needs, their hooks and defaults, what its models need, and its own data.

    Raises InputError with a sentence for each thing that keeps it from running here.
    """
    found = registry()
    config = read_config(path)
    checked = plans(resolve(config, found))
    problems: list[str] = []
    for name, plan in checked.items():
        found.check_rules(name)
        print(_told(name, plan))
        for sentence in _warnings(found, name, plan, config["challenges"][name]):
            print(f"warning: {sentence}")
        problems += missing_extras(list(Jobs(plan, found)), found)
        for dataset, entry in plan.datasets.items():
            if entry.is_own and registry().inspects(name):
                problems += _data(found, name, dataset, entry)
    for plugin in found.broken:
        print(f"warning: plugin {plugin.name!r} is left out: {plugin.reason}")
    for stray in found.strays():
        print(f"warning: {stray}")
    if problems:
        raise InputError(
            "\n".join([*problems, f"{path} is well written, and what is named above keeps it from running"])
        )
    print(f"{path} is sound")


def _told(name: str, plan: Plan) -> str:
    shards = sum(len(plan.shards(dataset)) for dataset in plan.datasets)
    counts = {"datasets": plan.datasets, "models": plan.models, "targets": plan.targets()}
    told = {what: f"{len(each)} {what}" for what, each in counts.items()}
    return f"{name}: {told['datasets']}, {shards} shards, {told['models']}, {told['targets']}"


def _warnings(found: Registry, name: str, plan: Plan, section: Mapping[str, Any]) -> Iterator[str]:
    if not plan.submissions and "submissions" not in section:
        answered = [split for split, role in found.challenges[name].splits.items() if role == "answered"]
        yield f"{name} makes no submission: no dataset of it has what one needs (splits: {', '.join(answered)})"


def _data(found: Registry, challenge: str, dataset: str, entry: DatasetSettings) -> list[str]:
    """Say what was seen of a dataset's own data; return what is missing."""
    where = f"config key challenges.{challenge}.datasets.{dataset}.source: {entry.source}"
    try:
        rows = inspect_source(found, challenge, Path(entry.source), (dataset, entry), LOOKED_INTO)
    except InputError as error:
        return [f"{where}: {error}"]
    print(f"{challenge}/{dataset}: {summary(rows)[0]}")
    return [f"{where}: {sentence}" for sentence in wanting(rows)]


def look_at(found: Registry, challenge: str, data: str) -> list[str]:
    """What `init` says of the data it was given."""
    more = f"every file: challengeflow inspect {challenge} {data} --config config.yaml"
    if not found.inspects(challenge):
        return [f"whether {data} can be used, the run will tell: the plugin of {challenge} has no hook 'inspect'"]
    try:
        return [*summary(inspect_source(found, challenge, Path(data), None, LOOKED_INTO)), more]
    except InputError as error:
        return [str(error), more]


def dataset_of(config: str, challenge: str, source: Path) -> tuple[str, DatasetSettings]:
    """The dataset of a config that reads a source; of several the first. Raises InputError where none does."""
    settings = resolve(read_config(config), registry())
    if challenge not in settings.challenges:
        raise InputError(f"{config} has no challenge {challenge!r}; leave out --config, or name another")
    datasets = settings.challenges[challenge].datasets
    found = [(name, entry) for name, entry in datasets.items() if entry.source == str(source.resolve())]
    if not found:
        raise InputError(
            f"no dataset of {challenge} in {config} has the source {str(source)!r}; give its path as the config does"
        )
    return found[0]
