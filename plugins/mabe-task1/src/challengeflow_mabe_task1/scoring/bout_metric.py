"""Scores of bouts, which the score of frames hides: are events found, are their borders right, does the answer flicker?

A predicted bout is a hit where it overlaps a true bout of its class with an intersection over union of at least `IOU`;
each true bout is hit once, the best overlap first. So F1 = 2 hits / (predicted + true), as event detection is scored.
"""

from dataclasses import dataclass

import numpy as np

from challengeflow_mabe_task1.scoring.decoding import runs

IOU = 0.5


@dataclass(frozen=True)
class BoutCounts:
    """Of one sequence: hits, predicted and true bouts by class, (C, 3); distances of the borders of hits in frames by
    class; switches of class in truth and answer."""

    counts: np.ndarray
    border_errors: tuple[tuple[int, ...], ...]
    switches: tuple[int, int]


def count_bouts(labels: np.ndarray, answers: np.ndarray, classes: int) -> BoutCounts:
    """Compare class numbers (T,) with labels (T,), -1 where there is none; there the answer does not count either."""
    answers = np.where(labels < 0, -1, answers)
    true, predicted = _by_class(labels, classes), _by_class(answers, classes)
    counts, errors = np.zeros((classes, 3), np.int64), []
    for k in range(classes):
        pairs = match(predicted[k], true[k])
        counts[k] = len(pairs), len(predicted[k]), len(true[k])
        errors.append(tuple(int(abs(predicted[k][i, end] - true[k][j, end])) for i, j in pairs for end in (0, 1)))
    return BoutCounts(counts, tuple(errors), (_switches(labels), _switches(answers)))


def match(predicted: np.ndarray, true: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (predicted, true) of bouts (N, 2) of start and stop that overlap enough, one to one, best first.

    Bouts of one class are in order and apart, so those that overlap are found by where they start and stop: at most as
    many pairs as there are bouts.
    """
    first = np.searchsorted(true[:, 1], predicted[:, 0], side="right")
    last = np.searchsorted(true[:, 0], predicted[:, 1], side="left")
    many = np.maximum(last - first, 0)
    i = np.repeat(np.arange(len(predicted)), many)
    j = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(first, many)
    common = np.minimum(predicted[i, 1], true[j, 1]) - np.maximum(predicted[i, 0], true[j, 0])
    union = (predicted[i, 1] - predicted[i, 0]) + (true[j, 1] - true[j, 0]) - common
    overlap = common / np.maximum(union, 1)
    enough = np.flatnonzero(overlap >= IOU)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for k in enough[np.argsort(-overlap[enough], kind="stable")].tolist():
        if int(i[k]) not in pairs and int(j[k]) not in taken:
            pairs[int(i[k])] = int(j[k])
            taken.add(int(j[k]))
    return list(pairs.items())


def bout_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of every class from summed counts (..., C, 3) of hits, predicted, true; 0 where a class never occurs."""
    whole = counts[..., 1] + counts[..., 2]
    return np.where(whole > 0, 2 * counts[..., 0] / np.maximum(whole, 1), 0.0)


def _switches(values: np.ndarray) -> int:
    """How often the class changes; frames without one do not count."""
    return int((np.diff(values[values >= 0]) != 0).sum())


def _by_class(values: np.ndarray, classes: int) -> list[np.ndarray]:
    """Start and stop of the bouts of each class, (N, 2) each."""
    starts, stops = runs(values)
    found = np.stack([starts, stops], axis=1).astype(np.int64)
    return [found[values[starts] == k] for k in range(classes)]
