"""What the core checks of every output before it gets its name, so that a plugin's mistake is found where it was made."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow.arrays import Arrays, Predictions
from challengeflow.errors import InputError


def check_prepared(folder: Path, samples: Sequence[str], where: str) -> dict[str, str]:
    """Every sample in order, each with a status and the shape of its prediction; returns the failed ones: id -> reason."""
    prepared = Arrays(folder)
    _check_ids(prepared, samples, f"preprocess of {where}")
    for sample in prepared:
        missing = {"status", "shape"} - set(prepared.attributes(sample))
        if missing:
            raise InputError(f"preprocess of {where}: sample {sample!r} lacks the attribute {min(missing)!r}")
    return {s: prepared.attributes(s)["status"] for s in prepared if prepared.attributes(s)["status"] != "ok"}


def check_gold(folder: Path, samples: Sequence[str], where: str) -> None:
    """Gold holds samples of the shard alone, in its order (one whose label is unknown may be left out)."""
    known = set(Predictions(folder))
    _check_ids(Predictions(folder), [sample for sample in samples if sample in known], f"gold of {where}")


def check_predictions(folder: Path, prepared: Path, samples: Sequence[str], where: str) -> None:
    """Every sample in order, in the shape preprocess stated, float16 or float32, finite, from 0 to 1."""
    predictions, shapes = Predictions(folder), Arrays(prepared)
    _check_ids(predictions, samples, f"predictions of {where}")
    for sample in predictions:
        scores, shape = predictions[sample], tuple(shapes.attributes(sample)["shape"])
        if scores.shape != shape:
            raise InputError(f"predictions of {where}: {sample!r} has shape {scores.shape} where {shape} was stated")
        if scores.dtype not in (np.float16, np.float32):
            raise InputError(f"predictions of {where}: {sample!r} is {scores.dtype}; use float32 or float16")
        # NaN makes both comparisons false.
        if scores.size and not (scores.min() >= 0 and scores.max() <= 1):
            raise InputError(f"predictions of {where}: {sample!r} has scores outside 0 to 1 or NaN")


def check_failures(prepared: Iterable[Path], max_failed: float, where: str) -> list[dict[str, str]]:
    """The samples that could not be read, with reasons; raises InputError where they are more than `max_failed`."""
    failed, total = [], 0
    for folder in prepared:
        arrays = Arrays(folder)
        total += len(arrays)
        failed += [{"sample": s, "reason": arrays.attributes(s)["status"]} for s in arrays if s not in set(arrays.ok())]
    if total and len(failed) > max_failed * total and len(failed) > 1:
        raise InputError(
            f"{where}: {len(failed)} of {total} samples could not be read, more than max_failed {max_failed:g} allows; "
            f"the first is {failed[0]['sample']!r}: {failed[0]['reason']}"
        )
    return failed


def check_scores(path: Path, splits: Sequence[str], where: str) -> dict[str, Any]:
    """scores.json has a finite score and an interval for every scored split; returns it."""
    scores = json.loads(path.read_text())
    for split in splits:
        entry = scores.get(split, {})
        numbers = [entry.get("score"), *entry.get("interval", [])]
        if len(numbers) != 3 or not all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
            raise InputError(
                f"scores of {where}: the {split} split needs a finite score and an interval of two numbers"
            )
    return scores


def _check_ids(found: Iterable[str], expected: Sequence[str], what: str) -> None:
    found = list(found)
    if found == list(expected):
        return
    missing = [sample for sample in expected if sample not in set(found)]
    extra = [sample for sample in found if sample not in set(expected)]
    detail = f"{missing[0]!r} is missing" if missing else f"{extra[0]!r} is extra" if extra else "the order differs"
    raise InputError(f"{what}: the samples are not those of the shard: {detail}")
