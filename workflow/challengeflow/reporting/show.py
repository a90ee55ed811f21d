"""What the command shows: the plugins that are there, what a challenge is, whether a config is sound."""

import json
from collections.abc import Sequence
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


def describe(name: str) -> None:
    """Print what a challenge is and what a run of it costs."""
    found = registry()
    challenge = found.challenge(name)
    print(f"{challenge.title}\n{challenge.url}\n")
    print(f"Metric      {challenge.metric.name}: {challenge.metric.description}")
    print(f"            best {challenge.metric.best:g}, chance {challenge.metric.chance}")
    print(f"Licence     {challenge.licence}\nCitation    {challenge.citation}\n")
    prediction = challenge.prediction
    low, high = ("none" if end is None else f"{end:g}" for end in prediction.range)
    print(f"Answer      {form(prediction.axes)}, {' or '.join(prediction.dtypes)}, from {low} to {high}")
    print(f"            several become one by: {prediction.merge or 'nothing, they do not merge'}")
    if challenge.gold:
        print(f"Gold        {form(challenge.gold.axes)}{', NaN where not known' if challenge.gold.partial else ''}")
    for line in prepared_lines(challenge):
        print(f"Prepared    {line}")
    for dataset in challenge.datasets:
        contains = f" (contains {dataset.extends})" if dataset.extends else ""
        print(f"Dataset {dataset.name}{contains}: {dataset.summary}")
        for source, what in dataset.sources.items():
            gold = ", ".join(what.gold) or "none"
            splits = ", ".join(f"{split} ({challenge.splits.get(split)})" for split in what.splits)
            print(f"  {source:<9} splits {splits}; gold of {gold}. {what.cost}")
    for submission in challenge.submissions:
        print(f"Submission {submission.name}: {submission.summary}")
    for (owner, model), declared in found.models.items():
        if owner == name:
            train = declared.resources.get("train")
            cost = f" (train: up to {train.mem_mb} MiB, {train.runtime} min a fold)" if train else ""
            named = "" if declared.by_default else ", where the config names it"
            print(f"Model {model}{named}: {declared.summary}{cost}")
            for parameter, schema in declared.parameters.items():
                print(f"  {parameter} = {schema.get('default')!r}: {schema.get('description', '')}")


def prepared_lines(challenge: Challenge) -> list[str]:
    """What the prepared arrays and attributes of a sample hold, a line each."""
    arrays = [
        f"{each.name}: {each.dtype}, {form(each.axes)}{f', in {each.unit}' if each.unit else ''}. {each.meaning}"
        f"{' (not in every sample)' if each.optional else ''}"
        for each in challenge.prepared
    ]
    return arrays + [f"attribute {name}: {meaning}" for name, meaning in challenge.attributes.items()]


def validate(path: str) -> None:
    """Check a config and the plugins it needs: their hooks and their defaults."""
    from challengeflow.planning.config import resolve
    from challengeflow.planning.plan import plans
    from challengeflow.planning.read_config import read_config

    found = registry()
    config = read_config(path)
    checked = plans(resolve(config, found))
    for name, plan in checked.items():
        found.check_rules(name)
        jobs = sum(len(plan.shards(dataset)) for dataset in plan.datasets)
        print(
            f"{name}: {len(plan.datasets)} datasets, {jobs} shards, {len(plan.models)} models, {len(plan.targets())} "
            "targets"
        )
        if not plan.submissions and "submissions" not in config["challenges"][name]:
            answered = [split for split, role in found.challenges[name].splits.items() if role == "answered"]
            print(
                f"warning: {name} makes no submission: no dataset of it has what one needs (splits: "
                f"{', '.join(answered)})"
            )
    for plugin in found.broken:
        print(f"warning: plugin {plugin.name!r} is left out: {plugin.reason}")
    for stray in found.strays():
        print(f"warning: {stray}")
    print(f"{path} is sound")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
