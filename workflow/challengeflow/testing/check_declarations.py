"""What a plugin declares, held against what the workflow, `challengeflow describe` and a reader need of it."""

import importlib.util
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from challengeflow.contract.declare import Challenge, Dataset, Model, Resources, Schema
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import MODEL_STAGES, PARAMETER_STAGES
from challengeflow.planning.check_config import check_defaults
from challengeflow.planning.shipped import shipped


def challenge_complaints(challenge: Challenge) -> Iterator[str]:
    """One sentence for each thing that is missing or wrong."""
    for field in ("title", "url", "licence", "citation"):
        if not getattr(challenge, field).strip():
            yield f"Challenge.{field} is empty; say it, for `challengeflow describe` and the leaderboard show it"
    if not challenge.url.startswith(("http://", "https://")):
        yield f"Challenge.url {challenge.url!r} is no web address"
    for metric in (challenge.metric, *challenge.further_metrics):
        for field in ("name", "description", "chance"):
            if not getattr(metric, field).strip():
                yield f"Metric.{field} is empty; say it"
        if not math.isfinite(metric.best):
            yield f"Metric.best is {metric.best}; give the score of a perfect answer"
    if not challenge.submissions:
        yield "Challenge.submissions is empty; name at least one thing the organisers accept"
    for unknown in set(challenge.schema) - set(PARAMETER_STAGES):
        yield f"Challenge.schema has a section {unknown!r}; known are {', '.join(PARAMETER_STAGES)}"
    for stage, parameters in challenge.schema.items():
        yield from _parameters(parameters, f"Challenge.schema[{stage!r}]")
    yield from _resources(challenge.resources, PARAMETER_STAGES, "Challenge.resources")
    yield from _env(challenge.env, "Challenge.env")
    if challenge.snakefile is not None and not (
        Path(challenge.snakefile).is_absolute() and Path(challenge.snakefile).is_file()
    ):
        yield f"Challenge.snakefile {challenge.snakefile!r} is not the absolute path of a file"
    for command, module in challenge.commands.items():
        yield from _module(module, f"Challenge.commands[{command!r}]")
    names = {dataset.name for dataset in challenge.datasets}
    if not names:
        yield "Challenge.datasets is empty; declare at least one"
    for dataset in challenge.datasets:
        yield from _dataset(dataset, names, challenge.splits)
    for submission in challenge.submissions:
        for split in submission.splits:
            if challenge.splits.get(split) != "answered":
                yield (
                    f"Submission {submission.name!r} answers the split {split!r}, "
                    "whose role in Challenge.splits is not 'answered'"
                )


def model_complaints(model: Model, challenges: Mapping[str, Challenge]) -> Iterator[str]:
    """One sentence for each thing that is missing or wrong."""
    where = f"Model {model.name!r}"
    if model.challenge not in challenges:
        yield f"{where} is for the challenge {model.challenge!r}, which no plugin brings"
    if not model.summary.strip():
        yield f"{where} has an empty summary; say in one line what it does"
    splits = challenges[model.challenge].splits if model.challenge in challenges else {}
    known = [split for split, role in splits.items() if role != "train"]
    for unknown in set(model.trains_on) - set(known) if splits else ():
        yield f"{where} trains without labels on the split {unknown!r}; such are {', '.join(known)}"
    yield from _module(model.module, where)
    yield from _parameters(model.parameters, f"{where}, parameters")
    yield from _resources(model.resources, MODEL_STAGES, f"{where}, resources")
    if model.env is not None:
        yield from _env(model.env, f"{where}, env")


def _dataset(dataset: Dataset, names: set[str], splits: Mapping[str, str]) -> Iterator[str]:
    where = f"Dataset {dataset.name!r}"
    if not dataset.summary.strip():
        yield f"{where} has an empty summary; say in one line what it holds"
    if "demo" not in dataset.sources:
        yield f"{where} has no source 'demo'; add generated data in the real format, so that everybody can run it"
    if dataset.extends is not None and dataset.extends not in names:
        yield f"{where} extends {dataset.extends!r}, which the challenge does not declare"
    for name, source in dataset.sources.items():
        if name not in ("demo", "official", "local"):
            yield f"{where} has a source {name!r}; known are demo, official and local"
        for unknown in set(source.splits) - set(splits):
            yield (
                f"{where}, source {name}: Challenge.splits gives the split {unknown!r} no role; "
                f"it has {', '.join(splits)}"
            )
        for split in source.gold:
            if splits.get(split) == "unlabelled":
                yield f"{where}, source {name}: gold of the split {split!r}, whose role is 'unlabelled'; take 'scored'"
        for stray in set(source.gold) - set(source.splits):
            yield f"{where}, source {name}: gold of the split {stray!r}, which it does not have"


def _parameters(parameters: Schema, where: str) -> Iterator[str]:
    try:
        check_defaults(parameters, where)
    except InputError as error:
        yield str(error)
    for name, schema in parameters.items():
        if not schema.get("description", "").strip():
            yield f"{where}: {name!r} has no description; `challengeflow describe` shows it"


def _resources(resources: Mapping[str, Resources], stages: tuple[str, ...], where: str) -> Iterator[str]:
    for stage in stages:
        if stage not in resources:
            yield (
                f"{where} says nothing of {stage!r}; state its memory and time with Resources(mem_mb=..., runtime=...)"
            )
    known = (*stages, "draw") if stages == PARAMETER_STAGES else stages  # what is optional need not be stated
    for unknown in set(resources) - set(known):
        yield f"{where} has {unknown!r}; known are {', '.join(known)}"


def _env(env: str, where: str) -> Iterator[str]:
    path = Path(env) if Path(env).is_absolute() else shipped() / "envs" / f"{env}.yaml"
    try:
        content: Any = yaml.safe_load(path.read_text())
        packages = [entry for entry in content["dependencies"] if isinstance(entry, str)]
        inside = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    except FileNotFoundError:
        yield f"{where} is {env!r}, and there is no {path}; give the absolute path of a conda env file"
    except (yaml.YAMLError, KeyError, TypeError, StopIteration):
        yield f"{where}: {path} is no conda env file with dependencies and a pip section; see envs/core.yaml"
    else:
        for package in packages:
            if "=" not in package and package != "pip":
                yield f"{where}: {path} leaves the version of {package} open; pin it"
        if not any(entry.startswith("challengeflow=") for entry in inside):
            yield f"{where}: {path} has no challengeflow in its pip section; jobs run its command inside the env"


def _module(name: str, where: str) -> Iterator[str]:
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        yield f"{where} names the module {name!r}, which is not there"
