"""One dataset of a config: checked against what the plugin declares, and completed."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.declare import Challenge, Dataset, Schema, Source
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import PARAMETER_STAGES, check_name
from challengeflow.planning.check_config import Problems, check, nearest, section, with_defaults
from challengeflow.planning.settings import MODELS, DatasetSettings, VariantSettings

MOST_SHARDS = 10_000
"""Of a dataset: the jobs of a run are held in memory several times over."""


def resolve_dataset(challenge: Challenge, name: str, challenge_entry: Mapping[str, Any], where: str) -> DatasetSettings:
    declared = {dataset.name: dataset for dataset in challenge.datasets}.get(name)
    configured = challenge_entry["datasets"]
    # A dataset that is only the base of a configured one comes from the same source.
    entry = configured.get(name) or next(configured[other] for other in configured)
    check_name_at("dataset", name, where)
    source = entry["source"]
    trained_on = entry.get("trained_on")
    if declared is None and trained_on is None:
        raise InputError(
            f"config key {where}: {challenge.name} declares no dataset {name!r} "
            f"({nearest(name, [d.name for d in challenge.datasets])}); for data of your own add trained_on: DATASET"
        )
    declared_source = _source(challenge, declared, source, where)
    splits = _splits(challenge, entry, declared_source, where)
    folds = entry.get("folds", declared.folds if declared else 2)
    shards = dict.fromkeys(splits, 1) | dict(declared.shards if declared else {}) | entry.get("shards", {})
    problems = Problems()
    total = sum(shards[split] * (folds if role == "train" else 1) for split, role in splits.items())
    if total > MOST_SHARDS:
        problems.add(f"config key {where}: folds and shards make {total:,} shards; at most {MOST_SHARDS:,} can be run")
    parameters = {}
    for stage in PARAMETER_STAGES:
        with problems.noted():
            parameters[stage] = _parameters(challenge, stage, challenge_entry, entry, where)
    problems.tell()
    return DatasetSettings(
        packages=_packages(entry, where),
        source=source if source in ("demo", "official", MODELS) else str(Path(source).expanduser().resolve()),
        splits=splits,
        gold=tuple(split for split in entry.get("gold", declared_source.gold) if split in splits),
        own_folds=declared.own_folds if declared else False,
        archives=declared_source.archives,
        extends=declared.extends if declared else None,
        folds=folds,
        shards={split: shards[split] for split in splits},
        trained_on=trained_on,
        parameters=parameters,
    )


def _splits(challenge: Challenge, entry: Mapping[str, Any], source: Source, where: str) -> dict[str, str]:
    """The splits of a dataset with their roles, in the challenge's order; gold and shards name no other."""
    problems = Problems()
    wanted = entry.get("splits", source.splits)
    for split in wanted:
        if split not in challenge.splits:
            asked = "" if "splits" in entry else "its source has "
            problems.add(
                f"config key {where}.splits: {asked}{split!r}, to which Challenge.splits of {challenge.name} gives no "
                f"role; {nearest(split, challenge.splits)}"
            )
    for key in ("gold", "shards"):
        for split in entry.get(key, ()):
            if split not in wanted:
                problems.add(f"config key {where}.{key}: the dataset has no split {split!r}; {nearest(split, wanted)}")
    problems.tell()
    return {split: role for split, role in challenge.splits.items() if split in wanted}


def answered_splits(challenge: Challenge) -> tuple[str, ...]:
    """The splits that a submission answers where it does not say which."""
    return tuple(split for split, role in challenge.splits.items() if role == "answered")


def check_trained_on(
    name: str,
    dataset: DatasetSettings,
    datasets: Mapping[str, DatasetSettings],
    named: Collection[str],
    where: str,
) -> None:
    trainable = [each for each, entry in datasets.items() if "train" in entry.splits.values() and each != name]
    wrong = set(named) - set(datasets)  # told already
    if dataset.trained_on is not None and dataset.trained_on not in {*trainable, *wrong}:
        raise InputError(
            f"config key {where}.trained_on: {dataset.trained_on!r} is not another dataset with a train split "
            f"in this config; {nearest(dataset.trained_on, trainable)}"
        )


def check_sources(name: str, dataset: DatasetSettings, datasets: Mapping[str, DatasetSettings], where: str) -> None:
    """A dataset and the one that it contains are both generated, both downloaded or both local."""
    base = datasets.get(dataset.extends or "")
    kinds = [
        each.source if each.source in ("demo", "official", MODELS) else "local" for each in (dataset, base) if each
    ]
    if len(set(kinds)) > 1:
        raise InputError(
            f"config key {where}.source: {name} is {kinds[0]} and {dataset.extends}, which it contains, is {kinds[1]}; "
            "give both the same kind of source"
        )


def check_name_at(what: str, name: str, where: str) -> None:
    try:
        check_name(what, name)
    except InputError as error:
        raise InputError(f"config key {where}: {error}") from None


def _packages(entry: Mapping[str, Any], where: str) -> dict[str, str]:
    """Variant -> the absolute path of its package, which must be there."""
    found = {name: Path(path).expanduser().resolve() for name, path in entry.get("packages", {}).items()}
    if found and entry["source"] != MODELS:
        raise InputError(f"config key {where}.packages: they take the place of data; write source: {MODELS}")
    for variant, path in found.items():
        if not path.is_file():
            raise InputError(f"config key {where}.packages.{variant}: there is no file {str(path)!r}; write its path")
    return {variant: str(path) for variant, path in found.items()}


def check_packages(name: str, dataset: DatasetSettings, variants: Mapping[str, VariantSettings], where: str) -> None:
    """Packages are of variants that a config names."""
    known = [variant for variant, entry in variants.items() if entry.kind != "control"]
    for variant in dataset.packages:
        if variant not in known:
            raise InputError(f"config key {where}.packages: no variant {variant!r}; {nearest(variant, known)}")
        for member in variants[variant].members:
            if member not in dataset.packages:
                raise InputError(f"config key {where}.packages: {variant} needs a package of {member} too; add it")


def _source(challenge: Challenge, declared: Dataset | None, source: str, where: str) -> Source:
    if source == MODELS and declared is not None:
        return Source(splits=tuple(challenge.splits), gold=())
    if source not in ("demo", "official", MODELS):
        if not os.path.exists(os.path.expanduser(source)):
            raise InputError(
                f"config key {where}.source: there is no {absent(source)}; write demo, official, or a path that exists"
            )
        if declared and "local" not in declared.sources:
            raise InputError(
                f"config key {where}.source: {declared.name} is read from no path; {nearest('', declared.sources)}"
            )
        if declared is None:
            return challenge.own_data or Source(splits=answered_splits(challenge), gold=())
        return declared.sources["local"]
    if declared is None:
        raise InputError(
            f"config key {where}.source: {source!r} is for the challenge's own datasets; give the path of your data"
        )
    if source not in declared.sources:
        raise InputError(
            f"config key {where}.source: {declared.name} has no source {source!r}; {nearest(source, declared.sources)}"
        )
    return declared.sources[source]


def _parameters(
    challenge: Challenge, stage: str, whole: Mapping[str, Any], dataset: Mapping[str, Any], where: str
) -> dict[str, Any]:
    properties = challenge.schema.get(stage, {})
    check(dataset.get(stage, {}), section(properties), f"{where}.{stage}")
    return complete({**whole.get(stage, {}), **dataset.get(stage, {})}, properties, f"{where}.{stage}")


def complete(values: Mapping[str, Any], properties: Schema, where: str) -> dict[str, Any]:
    """Parameters with their defaults, and with absolute paths where they name files, which must be there."""
    found = with_defaults(values, properties)
    for name, property in properties.items():
        if property.get("format") == "path" and isinstance(found[name], str) and found[name]:
            given, found[name] = found[name], str(Path(found[name]).expanduser().resolve())
            if not os.path.exists(found[name]):
                raise InputError(f"config key {where}.{name}: there is no {absent(given)}; write a path that exists")
    return found


def absent(path: str) -> str:
    """A path that is not there, to be told: a relative one with the absolute one that was tried."""
    whole = os.path.abspath(os.path.expanduser(path))
    return repr(path) if path == whole or "://" in path else f"{path!r} (that is, {whole})"
