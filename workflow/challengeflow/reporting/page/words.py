"""The front page in words: is it better than guessing, how sure is that, what to worry about, what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from challengeflow.contract.direction import sign
from challengeflow.reporting.page.formats import counted
from challengeflow.reporting.page.gather import Gathered
from challengeflow.reporting.page.results import Result, Variant

MOST_WARNINGS = 3  # of one model on the front page; its own page has all


@dataclass(frozen=True)
class Verdict:
    """The best model of a dataset against guessing: `says` goes between its name and its score."""

    variant: Variant
    result: Result
    says: str
    sure: bool


def verdict(challenge: Gathered, dataset: str) -> Verdict | None:
    """Of the best model, by the split that ranks; None where nothing has been scored."""
    best = next(iter(challenge.models(dataset)), None)
    if best is None:
        return None
    result, gain = best.results[0], sign(challenge.direction)
    if result.chance is None:
        return Verdict(best, result, "scores", True)
    low, high = sorted((gain * (result.low - result.chance), gain * (result.high - result.chance)))
    if low > 0:
        return Verdict(best, result, "beats guessing", True)
    if high < 0:
        return Verdict(best, result, "is worse than guessing", True)
    return Verdict(best, result, "may be no better than guessing", False)


def worries(challenge: Gathered) -> Iterator[str]:
    """What a reader must know before trusting the results, the gravest first."""
    for submission in challenge.submissions:
        for warning in submission.warnings:
            yield f"{submission.kind} / {submission.name}: {warning}"
    for dataset in challenge.plan.datasets:
        yield from _of_dataset(challenge, dataset)


def _of_dataset(challenge: Gathered, dataset: str) -> Iterator[str]:
    found = verdict(challenge, dataset)
    if found is None:
        return
    if not found.sure:
        yield (
            f"{dataset}: the interval of the best model's score includes what guessing scores; there are too few "
            "samples, or there is nothing that the model has learnt"
        )
    splits: dict[str, list[str]] = {}
    for result in found.variant.results:
        for text in result.warnings:
            splits.setdefault(text, []).append(result.split)
    for text, where in list(splits.items())[:MOST_WARNINGS]:
        yield f"{dataset}, {' and '.join(where)}: {text}"
    if len(splits) > MOST_WARNINGS:
        yield f"{dataset}: {len(splits) - MOST_WARNINGS} more warnings on the page of {found.variant.name}"
    if found.variant.failed:
        yield f"{dataset}: {counted(len(found.variant.failed), 'sample')} could not be read and got the safe answer"


def cover(variant: Variant) -> tuple[Path, str] | None:
    """One picture of a model's result, and what it shows to those who cannot see it: where its first viewer opens."""
    for entry in variant.pictures:
        if "files" in entry:
            return variant.folder / entry["files"][entry.get("opens_at", 0)], f"{entry['title']}: {entry['alt']}"
    return None


def next_step(challenge: Gathered) -> tuple[str, str]:
    """What to do next with data of one's own: the sentence, and what to type."""
    best = [models[0] for name in challenge.plan.trainable() if (models := challenge.models(name))]
    real = next((one for one in best if one.dataset not in challenge.generated), None)
    if real is None:
        command = f"challengeflow init --challenge {challenge.name} --data FOLDER\nchallengeflow run"
        return "Your own data next, in an empty folder:", command
    package = f"{challenge.name}-{real.dataset}-{real.name}.model.zip"
    command = f"challengeflow model export {real.id}\nchallengeflow answer {package} FOLDER"
    return "To answer a folder of your own with these models, here or on another machine:", command
