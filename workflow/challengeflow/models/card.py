"""The model card: what a person should know of a model package before using it, as a page of Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

DEMO = (
    "**Trained on a demo.** The data were generated: the model shows that everything works, and its answers mean "
    "nothing about real data."
)


def card(manifest: Mapping[str, Any]) -> str:
    """The card of a package; manifest: without its files."""
    return "\n".join(_lines(manifest)) + "\n"


def _lines(about: Mapping[str, Any]) -> Iterator[str]:
    challenge, dataset, variant = (about[part] for part in ("challenge", "dataset", "variant"))
    section = about["config"]["challenges"][challenge]
    yield from (f"# {variant}, trained on {challenge}/{dataset}", "", about["title"], "")
    if about["source"] == "demo":
        yield from (DEMO, "")
    yield from ("## How good it is", "", *_scores(about), "")
    warnings = dict.fromkeys(each for entry in about["scores"][variant]["splits"].values() for each in _warned(entry))
    if warnings:
        yield from ("Before you trust the scores:", "", *(f"- {warning}" for warning in warnings), "")
    yield from ("## What is in it", "")
    for name, entry in section["models"].items():
        yield f"- {name}: {_described(entry, section['datasets'][dataset]['folds'])}"
    yield from ("", "## What it reads", "", "Samples that are prepared as this challenge does it, with", "")
    for stage in ("download", "preprocess", "package"):
        for key, value in sorted(section["datasets"][dataset].get(stage, {}).items()):
            yield f"- `{stage}.{key}`: {value}"
    trained_on = about["trained_on"]
    yield from ("", f"It was trained on {trained_on['samples']} samples, which had", "")
    for name, (least, most) in trained_on["numbers"].items():
        yield f"- {name}: {least:g}" + (f" to {most:g}" if most != least else "")
    yield from (f"- {name}: {' or '.join(texts)}" for name, texts in trained_on["texts"].items())
    yield from ("", "## Made by", "")
    yield f"challengeflow {about['challengeflow']} (contract {about['contract']}), {_listed(about['plugins'])};"
    yield f"{_listed(about['versions'])}; on {', '.join(map(str, about['made_on'].values()))}."
    yield from (f"Fingerprint of the training data: `{about['training_data']}`.", "")
    yield from ("## Licence and citation", "", f"Data: {about['licence']}", "", about["citation"], "")
    yield from ("`citations.bib` beside this card has all that is to be cited.",)


def _scores(about: Mapping[str, Any]) -> Iterator[str]:
    metric, variant = about["metric"], about["variant"]
    yield f"{metric['name']} ({metric['description']}); {metric['direction']} is better, best {metric['best']:g}."
    yield from ("Of train samples by the models that never saw them.", "")
    splits = list(about["scores"][variant]["splits"])
    yield f"| | {' | '.join(splits)} |"
    yield f"|---|{'---|' * len(splits)}"
    for name, found in (about["scores"] | about["controls"]).items():
        yield f"| {name} | {' | '.join(_score(found['splits'].get(split)) for split in splits)} |"


def _score(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return ""
    low, high = entry["interval"]
    return f"{entry['score']:.3f} [{low:.3f}, {high:.3f}]"


def _warned(entry: Mapping[str, Any]) -> list[str]:
    found: list[str] = entry.get("detail", {}).get("warnings", [])
    return found


def _described(entry: Mapping[str, Any], folds: int) -> str:
    if "members" in entry:
        return f"an ensemble: {', '.join(f'{name} x {weight:g}' for name, weight in entry['members'].items())}"
    parameters = ", ".join(f"{key} {value}" for key, value in sorted(entry["parameters"].items()))
    answers = "one model trained on all folds" if entry["refit"] else f"the models of {folds} folds, averaged"
    return f"{entry['model']}, {answers}; seed {entry['seed']}; {parameters or 'no parameters'}"


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
