"""The config: checked and completed. `resolve` gives every default a value, so that nothing below asks twice."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from challengeflow.contract.declare import Challenge, Model
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import CONTROLS, MODEL_STAGES, PARAMETER_STAGES
from challengeflow.planning.check_config import (
    SCHEMA,
    Problems,
    check,
    check_defaults,
    check_values,
    nearest,
    section,
    sound_part,
)
from challengeflow.planning.check_results import check_results
from challengeflow.planning.plugins import Registry
from challengeflow.planning.resolve_dataset import (
    answered_splits,
    check_name_at,
    check_packages,
    check_sources,
    check_trained_on,
    complete,
    resolve_dataset,
)
from challengeflow.planning.settings import ChallengeSettings, DatasetSettings, Settings, VariantSettings

Submissions = dict[str, dict[str, dict[str, str]]]


def resolve(config: Mapping[str, Any], registry: Registry) -> Settings:
    """The config with every default filled in and every name checked against what the plugins declare.

    Raises InputError naming the key, what was expected and the nearest known name.
    """
    problems = Problems()
    check_values(config, problems)
    with problems.noted():
        check(config, _schema(), "")
    sound = sound_part(config, _schema()) or {}
    parts = _schema()["properties"].items()
    top = {name: sound.get(name, part["default"]) for name, part in parts if "default" in part}
    with problems.noted():
        top["results"] = check_results(top["results"])
    challenges = {}
    for name, entry in sound.get("challenges", {}).items():
        with problems.noted():
            try:
                challenge = registry.challenge(name)
            except InputError as error:
                raise InputError(f"config key challenges.{name}: {error}") from None
            given = config["challenges"][name]
            names = {key: _names(given.get(key)) for key in ("datasets", "models")}
            challenges[name] = _resolve_challenge(challenge, entry, names, top, registry, problems)
            _check_plugins(challenge, challenges[name], registry)
    with problems.noted():
        _check_kinds(challenges)
    problems.tell()
    return Settings(**top, challenges=challenges)


def _check_kinds(challenges: Mapping[str, ChallengeSettings]) -> None:
    """The rules tell an ensemble from a trained variant by its name alone, in whatever challenge it is."""
    kinds: dict[str, str] = {}
    for name, entry in challenges.items():
        for variant, one in entry.models.items():
            if kinds.setdefault(variant, one.kind) != one.kind:
                raise InputError(
                    f"config key challenges.{name}.models.{variant}: it is an ensemble in one challenge and trained in "
                    "another; rename one"
                )


def _names(section: Any) -> list[str]:
    return list(section) if isinstance(section, Mapping) else []


@cache
def _schema() -> dict[str, Any]:
    import yaml

    schema: dict[str, Any] = yaml.safe_load(SCHEMA.read_text())
    return schema


def _resolve_challenge(
    challenge: Challenge,
    entry: Mapping[str, Any],
    names: Mapping[str, Collection[str]],
    top: Mapping[str, Any],
    registry: Registry,
    problems: Problems,
) -> ChallengeSettings:
    """A challenge's part of the config. What is wrong is noted; names: its datasets and models, all of them."""
    where = f"challenges.{challenge.name}"
    sourced = {name: each for name, each in entry.get("datasets", {}).items() if "source" in each}
    entry = {**entry, "datasets": sourced}
    for stage in PARAMETER_STAGES:
        with problems.noted():
            check(entry.get(stage, {}), section(challenge.schema.get(stage, {})), f"{where}.{stage}")
    datasets: dict[str, DatasetSettings] = {}
    for name in _with_bases(challenge, entry["datasets"]):
        with problems.noted():
            datasets[name] = resolve_dataset(challenge, name, entry, f"{where}.datasets.{name}")
    for name, dataset in datasets.items():
        with problems.noted():
            check_trained_on(name, dataset, datasets, names["datasets"], f"{where}.datasets.{name}")
            check_sources(name, dataset, datasets, f"{where}.datasets.{name}")
    models = _resolve_models(challenge, entry, names["models"], top["seed"], where, registry, problems)
    for name, dataset in datasets.items():
        with problems.noted():
            check_packages(name, dataset, models, f"{where}.datasets.{name}")
    submissions: Submissions = {}
    if "submissions" in entry:
        _check_submissions(challenge, entry, datasets, names, models, where, problems)
        submissions = {
            kind: {name: dict(each) for name, each in of.items()} for kind, of in entry["submissions"].items()
        }
    else:
        packable = [variant for variant, model in models.items() if model.kind != "control"]
        submissions = _default_submissions(challenge, datasets, packable)
    return ChallengeSettings(
        results=top["results"],
        seed=top["seed"],
        device=top["device"],
        max_failed=entry.get("max_failed", challenge.max_failed),
        datasets=datasets,
        models=models,
        submissions=submissions,
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
                    f"plugin {registry.owner[name, model]!r}: model {model} trains without labels on {split!r}, "
                    f"which is no such split of {name}; {nearest(split, challenge.splits)}"
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


def _resolve_models(
    challenge: Challenge,
    entry: Mapping[str, Any],
    named: Collection[str],
    seed: int,
    where: str,
    registry: Registry,
    problems: Problems,
) -> dict[str, VariantSettings]:
    known = {model: declared for (name, model), declared in registry.models.items() if name == challenge.name}
    by_default = dict.fromkeys(model for model in known if known[model].by_default)
    models: dict[str, VariantSettings] = {}
    for variant, value in entry.get("models", by_default).items():
        place = f"{where}.models.{variant}"
        with problems.noted():
            check_name_at("model", variant, place)
            if variant in CONTROLS:
                raise InputError(
                    f"config key {place}: this is the name of a control, which is made anyway; take another"
                )
            models[variant] = _resolve_variant(challenge, variant, value or {}, seed, place, known)
    wrong = set(named) - set(models)  # told already
    trained = [variant for variant, one in models.items() if one.kind == "trained"]
    for variant, one in models.items():
        for member in one.members:
            if member not in {*trained, *wrong}:
                place = f"{where}.models.{variant}.members"
                problems.add(f"config key {place}: no trained variant {member!r}; {nearest(member, trained)}")
    if entry.get("controls", True):
        models |= {control: VariantSettings(kind="control", model=control) for control in CONTROLS}
    return models


def _resolve_variant(
    challenge: Challenge, variant: str, value: Mapping[str, Any], seed: int, place: str, known: Mapping[str, Model]
) -> VariantSettings:
    model = value.get("model", "ensemble" if "members" in value else variant)
    if model == "ensemble":
        return _resolve_ensemble(challenge, value, place)
    if model not in known:
        raise InputError(
            f"config key {place}: {challenge.name} has no model {model!r}; {nearest(model, [*known, 'ensemble'])}"
        )
    if "members" in value:
        raise InputError(f"config key {place}.members: {model} is trained and has no members; leave out one of the two")
    check(value.get("parameters", {}), section(known[model].parameters), f"{place}.parameters")
    return VariantSettings(
        kind="trained",
        model=model,
        parameters=complete(value.get("parameters", {}), known[model].parameters, f"{place}.parameters"),
        seed=value.get("seed", seed),
        refit=value.get("refit", False),
    )


def _resolve_ensemble(challenge: Challenge, value: Mapping[str, Any], place: str) -> VariantSettings:
    """Two members or more, each with a weight; what only a training has is an error."""
    if challenge.prediction.merge is None:
        raise InputError(
            f"config key {place}: answers of {challenge.name} do not merge, so it has no ensembles; remove it"
        )
    of_training = [key for key in ("parameters", "seed", "refit") if key in value]
    if of_training:
        raise InputError(f"config key {place}.{of_training[0]}: an ensemble is not trained; set it of its members")
    members = value.get("members", [])
    if len(members) < 2:
        raise InputError(f"config key {place}.members: an ensemble needs two variants or more")
    weights = members if isinstance(members, dict) else dict.fromkeys(members, 1.0)
    return VariantSettings(kind="ensemble", model="ensemble", members=weights)


def _check_submissions(
    challenge: Challenge,
    entry: Mapping[str, Any],
    datasets: Mapping[str, DatasetSettings],
    names: Mapping[str, Collection[str]],
    models: Mapping[str, VariantSettings],
    where: str,
    problems: Problems,
) -> None:
    """Each names a submission of the challenge, datasets that it answers and variants that can be packaged."""
    declared = {submission.name: submission for submission in challenge.submissions}
    packable = [variant for variant, model in models.items() if model.kind != "control"]
    wrong = {*names["datasets"], *names["models"]} - {*datasets, *models}  # told already
    possible = {*packable, *names["models"]} - set(CONTROLS)
    for kind, named in entry["submissions"].items():
        if kind not in declared:
            place = f"{where}.submissions.{kind}"
            problems.add(f"config key {place}: no such submission; {nearest(kind, declared)}")
            continue
        needed, answered = declared[kind].datasets, declared[kind].splits or answered_splits(challenge)
        for name, chosen in named.items():
            place = f"{where}.submissions.{kind}.{name}"
            with problems.noted():
                check_name_at("submission", name, place)
            missing = [dataset for dataset in needed if dataset not in chosen]
            problems.add(*(f"config key {place}: {kind} needs an answer for {dataset!r} too" for dataset in missing))
            for dataset, variant in chosen.items():
                if dataset not in {*datasets, *wrong}:
                    problems.add(f"config key {place}: no dataset {dataset!r}; {nearest(dataset, names['datasets'])}")
                elif dataset in datasets and datasets[dataset].without_data:
                    problems.add(f"config key {place}: {dataset} has models and no data; leave it out")
                elif dataset in datasets and not set(answered) & set(datasets[dataset].splits):
                    problems.add(
                        f"config key {place}: {dataset} has no split that {kind} answers ({', '.join(answered)})"
                    )
                answers = _answering(datasets, dataset, packable) if dataset in datasets else packable
                if variant not in {*answers, *wrong}:
                    problems.add(
                        f"config key {place}.{dataset}: no packable model {variant!r}; {nearest(variant, possible)}"
                    )


def _default_submissions(
    challenge: Challenge, datasets: Mapping[str, DatasetSettings], variants: Sequence[str]
) -> Submissions:
    """One package a model: of all datasets where a submission needs them, else of each with a split it answers."""
    declared = {dataset.name for dataset in challenge.datasets}
    result: Submissions = {}
    for submission in challenge.submissions:
        answered = set(submission.splits or answered_splits(challenge))
        with_data = {name: dataset for name, dataset in datasets.items() if not dataset.without_data}
        testable = [name for name, dataset in with_data.items() if answered & set(dataset.splits)]
        named = result.setdefault(submission.name, {})
        if submission.datasets:
            if set(submission.datasets) <= set(testable):
                named |= {variant: dict.fromkeys(submission.datasets, variant) for variant in variants}
            continue
        alone = all(other.own_data for other in challenge.submissions)
        for dataset in testable:
            if submission.own_data if dataset not in declared else (alone or not submission.own_data):
                answering = _answering(datasets, dataset, variants)
                named |= {f"{dataset}-{variant}": {dataset: variant} for variant in answering}
    return {kind: named for kind, named in result.items() if named}


def _answering(datasets: Mapping[str, DatasetSettings], on: str, variants: Sequence[str]) -> list[str]:
    """Those of the variants that can answer a dataset: where its models come from packages, the ones that have one."""
    home = datasets.get(datasets[on].trained_on or on)
    return [each for each in variants if home is None or not home.without_data or each in home.packages]
