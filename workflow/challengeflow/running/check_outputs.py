"""What the core checks of every output before it gets its name, so that a plugin's mistake is found where it was
made."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from challengeflow.arrays import Arrays
from challengeflow.contract.declare import Submission
from challengeflow.contract.errors import ContractError, InputError
from challengeflow.outside.pickled import pickled

MOST_NAMED, MOST_REASONS = 10, 5
"""Samples, and reasons, that one sentence names."""


def check_table(folder: Path, what: str) -> None:
    """The index has its sample table."""
    if not (folder / "samples.csv").exists() or not (folder / "strata.csv").exists():
        raise ContractError(f"{what} wrote no sample table; write it with write_samples(job.output, samples, strata)")


def check_failures(prepared: Iterable[Path], max_failed: float | None, where: str) -> list[dict[str, str]]:
    """The samples that could not be read, with reasons; raises InputError where they are more than `max_failed`."""
    failed, total = [], 0
    for folder in prepared:
        arrays = Arrays(folder)
        total += len(arrays)
        reasons = ((sample, arrays.attributes(sample).get("status")) for sample in arrays)
        failed += [{"sample": sample, "reason": str(reason)} for sample, reason in reasons if reason != "ok"]
    if max_failed is not None and len(failed) > max(1, max_failed * total):
        raise InputError(
            f"{where}: {len(failed)} of {total} samples could not be read, more than max_failed {max_failed:g} allows: "
            f"{_listed(failed)}"
        )
    return failed


def _listed(failed: Iterable[Mapping[str, str]]) -> str:
    """The samples, together where they share a reason; the first of many, by the commonest reasons."""
    by_reason: dict[str, list[str]] = {}
    for each in failed:
        by_reason.setdefault(each["reason"], []).append(repr(each["sample"]))
    common = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    told = [f"{_first(samples, MOST_NAMED)}: {reason}" for reason, samples in common]
    return _first(told, MOST_REASONS, "; ", "reasons")


def _first(words: Sequence[str], most: int, between: str = ", ", what: str = "") -> str:
    more = f" and {len(words) - most:,} more {what}".rstrip() if len(words) > most else ""
    return between.join(words[:most]) + more


def check_scores(path: Path, splits: Sequence[str], where: str, metrics: Sequence[str] = ()) -> dict[str, Any]:
    """scores.json has a finite score, an interval and the further `metrics` for every scored split; returns it."""
    scores = check_json(path, f"scores of {where}", "job.scores")
    for split in splits:
        entry = scores.get(split)
        entry = entry if isinstance(entry, dict) else {}
        numbers = [entry.get("score"), *entry.get("interval", [])]
        if len(numbers) != 3 or not all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
            raise ContractError(
                f"scores of {where}: the {split} split needs a finite score and an interval of two numbers"
            )
        for complaint in (*_metrics(entry.get("metrics", {}), metrics), *_further(entry)):
            raise ContractError(f"scores of {where}: the {split} split {complaint}")
    return scores


def _metrics(found: Any, declared: Sequence[str]) -> Iterator[str]:
    """What is wrong with the numbers of the further metrics."""
    if not isinstance(found, dict) or set(found) != set(declared):
        yield f"has the metrics {sorted(found)}; write those of Challenge.further_metrics: {sorted(declared)}"
        return
    for name, value in found.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            yield f"has {value!r} as {name}; write a finite number"


def _further(entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the optional parts that comparisons and the report read."""
    chance = entry.get("chance", 0.0)
    if not isinstance(chance, int | float) or not math.isfinite(chance):
        yield f"has {chance!r} as chance; write what guessing is expected to score, a finite number"
    resamples = entry.get("resamples", {"of": "", "scores": []})
    if not isinstance(resamples, dict) or set(resamples) != {"of", "scores"}:
        yield "has resamples in a form of its own; take them from challengeflow.scoring.bootstrap"
    detail = entry.get("detail", {})
    if not isinstance(detail, dict):
        yield f"has a {type(detail).__name__} as detail; give a mapping"
        return
    warnings = detail.get("warnings", [])
    if not isinstance(warnings, list) or not all(isinstance(each, str) and each.strip() for each in warnings):
        yield f"has {warnings!r} as detail['warnings']; give a list of sentences"
    if "warning" in detail:
        yield "has detail['warning'], which nothing reads; put its sentences into the list detail['warnings']"
    for reference in detail.get("references", []):
        known = isinstance(reference, dict) and {"system", "score", "source"} <= set(reference)
        if not known or not isinstance(reference["score"], int | float):
            yield f"has the reference {reference}; a published result has a system, a score (a number) and a source"


def check_json(path: Path, what: str, output: str) -> dict[str, Any]:
    """A JSON file that holds a mapping; returns it."""
    mend = f"write a mapping into {output} with challengeflow.scoring.write_json"
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        raise ContractError(f"{what} are not there; {mend}") from None
    except ValueError as error:
        raise ContractError(f"{what} are not JSON ({error}); {mend}") from None
    if not isinstance(value, dict):
        raise ContractError(f"{what} hold a {type(value).__name__}; {mend}")
    return value


def check_written(folder: Path, what: str, output: str) -> None:
    """A folder that a stage has to fill is not empty."""
    if not any(folder.iterdir()):
        raise ContractError(f"{what} wrote nothing; its result belongs into the folder {output}")


def check_submission(folder: Path, declared: Submission, what: str) -> None:
    """A submission holds the file to hand in, and the table that people read, where the challenge declares them."""
    for field, name in (("file", declared.file), ("table", declared.table)):
        if name and not any(folder.rglob(name)):
            raise ContractError(f"{what} has no {name}, which Submission.{field} names; write it into job.output")


def check_model(folder: Path, what: str) -> None:
    """No file of a model is a pickle, whatever it is called: the next one who predicts with it would run what it
    says."""
    for found in pickled(folder):
        raise ContractError(
            f"{what} left a pickle in the model, {found}; write numbers and texts with challengeflow.arrays, "
            ".networks.weights or .plain_models"
        )
