"""What every `score` needs: honest intervals, cross-fitted decisions, JSON that is the same each time."""

import hashlib
import json
import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Decision = TypeVar("Decision")
Units = Sequence[Hashable] | np.ndarray
"""Of each unit (sample, sequence) what it belongs to: its group, its fold."""


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON: keys sorted, numpy numbers as numbers, NaN refused (it is not JSON)."""
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False, default=_plain)
    Path(path).write_text(text + "\n")


def bootstrap_interval(
    groups: Units,
    statistic: Callable[[np.ndarray], float],
    *,
    seed: int,
    rounds: int = 500,
    level: float = 0.95,
) -> list[float]:
    """Percentile interval [low, high] of `statistic` over resampled groups (cluster bootstrap).

    groups: the group of each unit (sample, sequence); whole groups are drawn with replacement, since units of one
    group are not independent. statistic: gets the drawn units as an integer array of indices (with repeats) and
    returns a number; draws where it is not finite are left out.
    """
    random = np.random.default_rng(seed)
    return interval([float(statistic(drawn)) for drawn in _draws(groups, random, rounds)], level)


def bootstrap(
    groups: Units,
    statistic: Callable[[np.ndarray], float],
    *,
    rounds: int = 500,
) -> dict[str, Any]:
    """What `scores.json` has beside a score, so that models can be compared in pairs: {"interval", "resamples"}.

    Like `bootstrap_interval`, but what is drawn depends on `groups` alone: two models scored on the same samples, in
    one run or in two, meet the same resamples, and the differences of their scores are paired. resamples: {"of": hash
    of the groups, "scores": one of each round, None where it is not finite}. `challengeflow compare` reads them.
    """
    named = hashlib.sha256(json.dumps([str(group) for group in groups]).encode()).digest()
    random = np.random.default_rng(int.from_bytes(named[:8], "big"))
    values = [float(statistic(drawn)) for drawn in _draws(groups, random, rounds)]
    kept = [round(value, 7) if math.isfinite(value) else None for value in values]
    return {"interval": interval(values), "resamples": {"of": named.hex()[:16], "scores": kept}}


def interval(values: Sequence[float], level: float = 0.95) -> list[float]:
    """Percentile interval [low, high] of the values that are finite; [0, 0] where none is."""
    finite = [value for value in values if math.isfinite(value)]
    tail = (1 - level) / 2
    return [float(np.quantile(finite, tail)), float(np.quantile(finite, 1 - tail))] if finite else [0.0, 0.0]


def _draws(groups: Units, random: np.random.Generator, rounds: int) -> Iterator[np.ndarray]:
    """Indices of the units of as many groups as there are, drawn with replacement, in each round."""
    members = list(by_group(groups).values())
    for _ in range(rounds):
        yield np.concatenate([members[i] for i in random.integers(len(members), size=len(members))])


def roc_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve of scores (n,) for labels (n,) of which some are true and some are not.

    The same digits as `sklearn.metrics.roc_auc_score` (points on one line are left out, then trapezes), without the
    second that importing scikit-learn takes.
    """
    wrong, right = _steps(labels, scores)
    if len(wrong) > 2:
        corner = np.concatenate([[True], (np.diff(wrong, 2) != 0) | (np.diff(right, 2) != 0), [True]])
        wrong, right = wrong[corner], right[corner]
    wrong, right = np.append(0.0, wrong), np.append(0.0, right)
    return float(np.trapezoid(right / right[-1], wrong / wrong[-1]))


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Average precision of scores (n,) for labels (n,) of which some are true:
    `sklearn.metrics.average_precision_score`.

    The same digits: the sum of precision times the gain in recall, from the lowest threshold on.
    """
    wrong, right = _steps(labels, scores)
    precision, recall = right / (right + wrong), right / right[-1]
    return float(max(0.0, -np.sum(np.diff(np.append(recall[::-1], 0.0)) * precision[::-1])))


def _steps(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positives (float64) at each distinct score, from the highest down."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ends = np.append(np.flatnonzero(np.diff(np.asarray(scores)[order])), len(order) - 1)
    right = np.cumsum(np.asarray(labels, np.float64)[order])[ends]
    return 1 + ends.astype(np.float64) - right, right


def by_group(groups: Units) -> dict[str, np.ndarray]:
    """Group (as text, sorted) -> indices of its units, in their order: one sort, however many groups there are."""
    names, codes = np.unique(np.asarray([str(group) for group in groups]), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return dict(zip(names.tolist(), np.split(order, np.cumsum(np.bincount(codes))[:-1]), strict=True))


def cross_fit(
    parts: Units,
    fit: Callable[[np.ndarray], Decision],
    apply: Callable[[Decision, np.ndarray], None],
) -> None:
    """For each part (fold or group), `fit` a decision on the units of all other parts and `apply` it to its own.

    Both get integer indices of units. With a single part nothing is left to fit on: it is fitted on itself, and the
    caller must say so.
    """
    codes = np.unique(np.asarray([str(part) for part in parts]), return_inverse=True)[1]
    for code in range(codes.max() + 1):
        own = np.flatnonzero(codes == code)
        others = np.flatnonzero(codes != code)
        apply(fit(others if len(others) else own), own)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
