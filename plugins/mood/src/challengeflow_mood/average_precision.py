"""The official score, exactly, from a histogram.

The organisers' `evalresults.py` casts predictions to float16, clips them to [0, 1], concatenates all voxels of a data
set and calls sklearn's `average_precision_score`. Clipped float16 has 15,361 values, whose bit patterns are in order,
so counting them keeps every digit: one case at a time, in 250 kB.
"""

import numpy as np

LEVELS = 15361  # bit patterns 0x0000 (0.0) to 0x3C00 (1.0)


def levels_of(scores: np.ndarray) -> np.ndarray:
    """Index of each score among the float16 values of [0, 1], int32; NaN, which voids the official score, is 0."""
    with np.errstate(over="ignore"):
        half = np.asarray(scores).astype(np.float16)
    half = np.clip(np.where(np.isnan(half), np.float16(0), half), np.float16(0), np.float16(1))
    return (half.view(np.uint16) & 0x7FFF).astype(np.int32)


def count_levels(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Histogram (2, LEVELS), int64: of the scores where `labels` is not 1, and where it is 1. Shapes must be equal."""
    index = levels_of(scores).ravel() + LEVELS * (np.asarray(labels).ravel() == 1)
    return np.bincount(index, minlength=2 * LEVELS).reshape(2, LEVELS)


def from_levels(histogram: np.ndarray) -> float:
    """Average precision of a histogram (2, LEVELS) of negatives and positives: sum of recall gained times precision.

    Equal scores share one threshold, as in sklearn. No positive at all: 0.0, as sklearn >= 1.1 returns.
    """
    negatives, positives = histogram[:, ::-1]
    total = positives.sum()
    if total == 0:
        return 0.0
    true = np.cumsum(positives)
    flagged = true + np.cumsum(negatives)
    seen = positives > 0
    return float(np.sum(positives[seen] / total * (true[seen] / flagged[seen])))


def of_samples(scores: np.ndarray, labels: np.ndarray) -> float:
    """Average precision of one score a case (float64, clipped to [0, 1], no float16 cast) against 0 or 1."""
    scores = np.clip(np.nan_to_num(np.asarray(scores, float), nan=0.0), 0, 1)
    labels = np.asarray(labels) == 1
    if not labels.any():
        return 0.0
    order = np.argsort(-scores, kind="stable")
    scores, labels = scores[order], labels[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # the last case at each distinct score
    true = np.cumsum(labels)[last]
    gained = np.diff(true, prepend=0)
    return float(np.sum(gained / labels.sum() * (true / (last + 1))))
