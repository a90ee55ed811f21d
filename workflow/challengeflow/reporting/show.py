"""What the command shows: the plugins that are there, what a challenge is."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from challengeflow.contract import hookspecs
from challengeflow.contract.declare import Challenge
from challengeflow.contract.forms import form
from challengeflow.planning.plugins import Registry, registry


def plugins(as_json: bool) -> None:
    """Print every plugin with its version, challenges, models and hooks; broken ones with the reason."""
    found = registry()
    rows = [_plugin(found, name) for name in sorted(found.distribution)]
    if as_json:
        broken = [{"name": plugin.name, "reason": plugin.reason} for plugin in found.broken]
        print(json.dumps({"plugins": rows, "broken": broken, "strays": found.strays()}, indent=2))
        return
    table = [(r["name"], r["distribution"], " ".join(r["challenges"]), " ".join(r["models"])) for r in rows]
    _table(("PLUGIN", "DISTRIBUTION", "CHALLENGES", "MODELS"), table)
    for plugin in found.broken:
        print(f"broken: {plugin.name}: {plugin.reason}")
    for stray in found.strays():
        print(f"no challenge: {stray}")


def _plugin(found: Registry, name: str) -> dict[str, Any]:
    plugin = found.manager.get_plugin(name)
    hooks = [hook for hook in vars(hookspecs) if hasattr(found.manager.hook, hook) and hasattr(plugin, hook)]
    return {
        "name": name,
        "distribution": found.distribution[name],
        "challenges": [key for key in found.challenges if found.owner[key] == name],
        "models": ["/".join(key) for key in found.models if found.owner[key] == name],
        "commands": [key for key in found.commands if found.owner[key] == name],
        "hooks": hooks,
    }


def describe(name: str | None, whole: bool = False) -> None:
    """Print what a challenge is, on a page; `whole`: with every parameter. Without a name, which ones there are."""
    found = registry()
    if name is None:
        rows = [(each, challenge.title) for each, challenge in sorted(found.challenges.items())]
        _table(("CHALLENGE", "WHAT IT IS"), rows)
        print("\nMore about one: challengeflow describe CHALLENGE")
        return
    challenge = found.challenge(name)
    print(f"{challenge.title}\n{challenge.url}\n")
    metric = challenge.metric
    print(f"Metric      {metric.name}: {metric.description}")
    print(f"            {metric.direction} is better, best {metric.best:g}, chance {metric.chance}")
    print(f"Licence     {challenge.licence}\nCitation    {challenge.citation}\n")
    _describe_forms(challenge)
    print("Datasets")
    for dataset in challenge.datasets:
        contains = f" (contains {dataset.extends})" if dataset.extends else ""
        print(f"  {dataset.name}{contains}: {dataset.summary}\n    sources: {', '.join(dataset.sources)}")
    print("Models")
    for (owner, model), declared in found.models.items():
        if owner == name:
            print(f"  {model}{'' if declared.by_default else ' (where the config names it)'}: {declared.summary}")
    print("Submissions")
    for submission in challenge.submissions:
        print(f"  {submission.name}: {submission.summary}")
    if whole:
        _describe_sources(challenge)
        _describe_parameters(found, challenge)
    else:
        print(f"\nEvery source and parameter: challengeflow describe {name} --all")


def _describe_forms(challenge: Challenge) -> None:
    """What an answer, its gold and prepared samples hold."""
    prediction = challenge.prediction
    low, high = ("none" if end is None else f"{end:g}" for end in prediction.range)
    print(f"Answer      {form(prediction.axes)}, {' or '.join(prediction.dtypes)}, from {low} to {high}")
    print(f"            several become one by: {prediction.merge or 'nothing, they do not merge'}")
    if challenge.gold:
        print(f"Gold        {form(challenge.gold.axes)}{', NaN where not known' if challenge.gold.partial else ''}")
    for line in prepared_lines(challenge):
        print(f"Prepared    {line}")
    print()


def _describe_sources(challenge: Challenge) -> None:
    print("\nSources")
    for dataset in challenge.datasets:
        for source, what in dataset.sources.items():
            gold = ", ".join(what.gold) or "none"
            splits = ", ".join(f"{split} ({challenge.splits.get(split)})" for split in what.splits)
            print(f"  {dataset.name}, {source}: splits {splits}; gold of {gold}. {what.cost}")


def _describe_parameters(found: Registry, challenge: Challenge) -> None:
    """Of each stage and model; what several models share is said once."""
    for stage, schema in challenge.schema.items():
        if schema:
            print(f"\nParameters of {stage}")
            _parameters(schema)
    models = {model: one for (owner, model), one in found.models.items() if owner == challenge.name}
    texts = {
        model: {name: json.dumps(each, sort_keys=True) for name, each in one.parameters.items()}
        for model, one in models.items()
    }
    shared: dict[tuple[str, ...], dict[str, Mapping[str, Any]]] = {}
    for model, one in models.items():
        for name, schema in one.parameters.items():
            same = tuple(other for other in models if texts[other].get(name) == texts[model][name])
            shared.setdefault(same, {})[name] = schema
    for owners, parameters in shared.items():
        print(f"\nParameters of {', '.join(owners)}")
        _parameters(parameters)


def _parameters(schema: Mapping[str, Mapping[str, Any]]) -> None:
    for name, each in schema.items():
        print(f"  {name} = {each.get('default')!r}: {each.get('description', '')}")


def prepared_lines(challenge: Challenge) -> list[str]:
    """What the prepared arrays and attributes of a sample hold, a line each."""
    arrays = [
        f"{each.name}: {each.dtype}, {form(each.axes)}{f', in {each.unit}' if each.unit else ''}. {each.meaning}"
        f"{' (not in every sample)' if each.optional else ''}"
        for each in challenge.prepared
    ]
    return arrays + [f"attribute {name}: {meaning}" for name, meaning in challenge.attributes.items()]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
