"""The config: read, checked, completed. `resolve` gives every default a value, so that nothing below asks twice."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from challengeflow.contract.declare import Challenge, Dataset, Model, Schema, Source
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import CONTROLS, MODEL_STAGES, PARAMETER_STAGES, check_name
from challengeflow.planning.check_config import SCHEMA, check, check_defaults, nearest, section, with_defaults
from challengeflow.planning.plugins import Registry
from challengeflow.planning.settings import ChallengeSettings, DatasetSettings, Settings, VariantSettings


def read_config(path: str | Path) -> dict[str, Any]:
    """The YAML file at `path`, unchecked."""
    import yaml

    try:
        config = yaml.safe_load(Path(path).read_text())
    except FileNotFoundError:
        raise InputError(
            f"there is no config file {path}; name one with --config, or write one with `challengeflow init`"
        ) from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(config, dict):
        raise InputError(f"{path} must be a mapping with the key 'challenges'; it holds {type(config).__name__}")
    return config


def resolve(config: Mapping[str, Any], registry: Registry) -> Settings:
    """The config with every default filled in and every name checked against what the plugins declare.

    Raises InputError naming the key, what was expected and the nearest known name.
    """
    import yaml

    schema = yaml.safe_load(SCHEMA.read_text())
    check(config, schema, "")
    top = {name: config.get(name, part["default"]) for name, part in schema["properties"].items() if "default" in part}
    challenges = {}
    for name, entry in config["challenges"].items():
        try:
            challenge = registry.challenge(name)
        except InputError as error:
            raise InputError(f"config key challenges.{name}: {error}") from None
        challenges[name] = _resolve_challenge(challenge, entry, top, registry)
        _check_plugins(challenge, challenges[name], registry)
    return Settings(**top, challenges=challenges)


def _resolve_challenge(
    challenge: Challenge, entry: Mapping[str, Any], top: Mapping[str, Any], registry: Registry
) -> ChallengeSettings:
    where = f"challenges.{challenge.name}"
    for stage in PARAMETER_STAGES:
        check(entry.get(stage, {}), section(challenge.schema.get(stage, {})), f"{where}.{stage}")
    names = _with_bases(challenge, entry["datasets"])
    datasets = {name: _resolve_dataset(challenge, name, entry, where) for name in names}
    with_train = [name for name, dataset in datasets.items() if "train" in dataset.splits.values()]
    for name, dataset in datasets.items():
        trained_on = dataset.trained_on
        if trained_on is not None and trained_on not in with_train:
            raise InputError(
                f"config key {where}.datasets.{name}.trained_on: {trained_on!r} is not a dataset with a train split "
                f"in this config; {nearest(trained_on, datasets)}"
            )
    models = _resolve_models(challenge, entry, top["seed"], where, registry)
    return ChallengeSettings(
        results=top["results"],
        seed=top["seed"],
        device=top["device"],
        max_failed=entry.get("max_failed", challenge.max_failed),
        datasets=datasets,
        models=models,
        submissions=_resolve_submissions(challenge, entry, datasets, models, where),
    )


def _check_plugins(challenge: Challenge, resolved: ChallengeSettings, registry: Registry) -> None:
    """The plugins behind a challenge and its models have every hook that is needed, and sound defaults."""
    name = challenge.name
    for stage in PARAMETER_STAGES:
        registry.check_implemented(stage, name)
        check_defaults(challenge.schema.get(stage, {}), f"plugin {registry.owner[name]!r}, parameters of {stage}")
    for model in {entry.model for entry in resolved.models.values() if entry.kind == "trained"}:
        for split in registry.models[name, model].trains_on:
            if challenge.splits.get(split, "train") == "train":
                raise InputError(
                    f"plugin {registry.owner[name, model]!r}: model {model} trains without labels on {split!r}, which "
                    "is no such "
                    f"split of {name}; {nearest(split, challenge.splits)}"
                )
        for stage in MODEL_STAGES:
            registry.check_implemented(stage, name, model)
        owner = registry.owner[name, model]
        check_defaults(registry.models[name, model].parameters, f"plugin {owner!r}, parameters of model {model}")


def _with_bases(challenge: Challenge, datasets: Mapping[str, Any]) -> list[str]:
    """The configured datasets, each after the one it extends, which must be configured too."""
    declared = {dataset.name: dataset for dataset in challenge.datasets}
    ordered: list[str] = []
    for name in datasets:
        chain = [name]
        while chain[0] in declared and (base := declared[chain[0]].extends) is not None:
            chain.insert(0, base)
        ordered += [link for link in chain if link not in ordered]
    return ordered


def _resolve_dataset(
    challenge: Challenge, name: str, challenge_entry: Mapping[str, Any], where: str
) -> DatasetSettings:
    declared = {dataset.name: dataset for dataset in challenge.datasets}.get(name)
    configured = challenge_entry["datasets"]
    # A dataset that is only the base of a configured one comes from the same source.
    entry = configured.get(name) or next(configured[other] for other in configured)
    where = f"{where}.datasets.{name}"
    check_name("dataset", name)
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
    return DatasetSettings(
        source=source if source in ("demo", "official") else str(Path(source).resolve()),
        splits=splits,
        gold=tuple(split for split in entry.get("gold", declared_source.gold) if split in splits),
        own_folds=declared.own_folds if declared else False,
        archives=declared_source.archives,
        extends=declared.extends if declared else None,
        folds=folds,
        shards={split: shards[split] for split in splits},
        trained_on=trained_on,
        parameters={stage: _parameters(challenge, stage, challenge_entry, entry, where) for stage in PARAMETER_STAGES},
    )


def _splits(challenge: Challenge, entry: Mapping[str, Any], source: Source, where: str) -> dict[str, str]:
    """The splits of a dataset with their roles, in the order of the challenge."""
    for key in ("splits", "gold", "shards"):
        for split in entry.get(key, ()):
            if split not in challenge.splits:
                raise InputError(
                    f"config key {where}.{key}: {challenge.name} has no split {split!r}; "
                    f"{nearest(split, challenge.splits)}"
                )
    wanted = entry.get("splits", source.splits)
    for split in wanted:
        if split not in challenge.splits:
            raise InputError(
                f"config key {where}: its source has the split {split!r}, to which Challenge.splits of "
                f"{challenge.name} gives no "
                f"role; {nearest(split, challenge.splits)}"
            )
    return {split: role for split, role in challenge.splits.items() if split in wanted}


def _source(challenge: Challenge, declared: Dataset | None, source: str, where: str) -> Source:
    if source not in ("demo", "official"):
        if not os.path.exists(source):
            raise InputError(
                f"config key {where}.source: there is no {source!r}; write demo, official, or a path that exists"
            )
        if declared is None:
            return challenge.own_data or Source(splits=_answered(challenge), gold=())
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


def _answered(challenge: Challenge) -> tuple[str, ...]:
    return tuple(split for split, role in challenge.splits.items() if role == "answered")


def _parameters(
    challenge: Challenge, stage: str, whole: Mapping[str, Any], dataset: Mapping[str, Any], where: str
) -> dict[str, Any]:
    properties = challenge.schema.get(stage, {})
    check(dataset.get(stage, {}), section(properties), f"{where}.{stage}")
    return _complete({**whole.get(stage, {}), **dataset.get(stage, {})}, properties)


def _complete(values: Mapping[str, Any], properties: Schema) -> dict[str, Any]:
    """Parameters with their defaults, and with absolute paths where they name files."""
    found = with_defaults(values, properties)
    paths = [name for name, one in properties.items() if one.get("format") == "path" and found[name]]
    return found | {name: str(Path(found[name]).resolve()) for name in paths}


def _resolve_models(
    challenge: Challenge, entry: Mapping[str, Any], seed: int, where: str, registry: Registry
) -> dict[str, VariantSettings]:
    known = {model: declared for (name, model), declared in registry.models.items() if name == challenge.name}
    by_default = dict.fromkeys(model for model in known if known[model].by_default)
    models: dict[str, VariantSettings] = {}
    for variant, value in entry.get("models", by_default).items():
        check_name("model", variant)
        models[variant] = _resolve_variant(challenge, variant, value or {}, seed, f"{where}.models.{variant}", known)
    _check_ensembles(challenge, models, where)
    if entry.get("controls", True):
        models |= {control: VariantSettings(kind="control", model=control) for control in CONTROLS}
    return models


def _resolve_variant(
    challenge: Challenge, variant: str, value: Mapping[str, Any], seed: int, place: str, known: Mapping[str, Model]
) -> VariantSettings:
    model = value.get("model", "ensemble" if "members" in value else variant)
    if model == "ensemble":
        members = value.get("members", [])
        weights = members if isinstance(members, dict) else dict.fromkeys(members, 1.0)
        return VariantSettings(kind="ensemble", model="ensemble", members=weights)
    if model not in known:
        raise InputError(
            f"config key {place}: {challenge.name} has no model {model!r}; {nearest(model, [*known, 'ensemble'])}"
        )
    check(value.get("parameters", {}), section(known[model].parameters), f"{place}.parameters")
    return VariantSettings(
        kind="trained",
        model=model,
        parameters=_complete(value.get("parameters", {}), known[model].parameters),
        seed=value.get("seed", seed),
        refit=value.get("refit", False),
    )


def _check_ensembles(challenge: Challenge, models: Mapping[str, VariantSettings], where: str) -> None:
    trained = [variant for variant, entry in models.items() if entry.kind == "trained"]
    ensembles = [variant for variant, entry in models.items() if entry.kind == "ensemble"]
    if ensembles and challenge.prediction.merge is None:
        raise InputError(
            f"config key {where}.models.{ensembles[0]}: answers of {challenge.name} do not merge, so it has no "
            "ensembles; remove it"
        )
    for variant, entry in models.items():
        if entry.kind == "ensemble" and len(entry.members) < 2:
            raise InputError(f"config key {where}.models.{variant}.members: an ensemble needs two variants or more")
        for member in entry.members:
            if member not in trained:
                raise InputError(
                    f"config key {where}.models.{variant}.members: no trained variant {member!r}; "
                    f"{nearest(member, trained)}"
                )


Submissions = dict[str, dict[str, dict[str, str]]]


def _resolve_submissions(
    challenge: Challenge,
    entry: Mapping[str, Any],
    datasets: Mapping[str, DatasetSettings],
    models: Mapping[str, VariantSettings],
    where: str,
) -> Submissions:
    declared = {submission.name: submission for submission in challenge.submissions}
    packable = [variant for variant, model in models.items() if model.kind != "control"]
    if "submissions" not in entry:
        return _default_submissions(challenge, datasets, packable)
    for kind, named in entry["submissions"].items():
        if kind not in declared:
            raise InputError(f"config key {where}.submissions.{kind}: no such submission; {nearest(kind, declared)}")
        for name, chosen in named.items():
            check_name("submission", name)
            place = f"{where}.submissions.{kind}.{name}"
            missing = [dataset for dataset in declared[kind].datasets if dataset not in chosen]
            if missing:
                raise InputError(f"config key {place}: {kind} needs an answer for {missing[0]!r} too")
            for dataset, variant in chosen.items():
                if dataset not in datasets:
                    raise InputError(f"config key {place}: no dataset {dataset!r}; {nearest(dataset, datasets)}")
                answered = declared[kind].splits or _answered(challenge)
                if not set(answered) & set(datasets[dataset].splits):
                    raise InputError(
                        f"config key {place}: {dataset} has no split that {kind} answers ({', '.join(answered)})"
                    )
                if variant not in packable:
                    raise InputError(
                        f"config key {place}.{dataset}: no packable model {variant!r}; {nearest(variant, packable)}"
                    )
    return {
        kind: {name: dict(chosen) for name, chosen in named.items()} for kind, named in entry["submissions"].items()
    }


def _default_submissions(
    challenge: Challenge, datasets: Mapping[str, DatasetSettings], variants: Sequence[str]
) -> Submissions:
    """One package a model: of all datasets together where a submission needs them, else of each with a split it
    answers."""
    declared = {dataset.name for dataset in challenge.datasets}
    result: Submissions = {}
    for submission in challenge.submissions:
        answered = set(submission.splits or _answered(challenge))
        testable = [name for name, dataset in datasets.items() if answered & set(dataset.splits)]
        named = result.setdefault(submission.name, {})
        if submission.datasets:
            if set(submission.datasets) <= set(testable):
                named |= {variant: dict.fromkeys(submission.datasets, variant) for variant in variants}
            continue
        alone = all(other.own_data for other in challenge.submissions)
        for dataset in testable:
            if submission.own_data if dataset not in declared else (alone or not submission.own_data):
                named |= {f"{dataset}-{variant}": {dataset: variant} for variant in variants}
    return {kind: named for kind, named in result.items() if named}
