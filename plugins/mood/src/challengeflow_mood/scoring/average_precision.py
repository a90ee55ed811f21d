"""The official score, exactly, from a histogram.

The organisers' `evalresults.py` casts predictions to float16, clips them to [0, 1], concatenates all voxels of a data
set and calls sklearn's `average_precision_score`. Clipped float16 has 15,361 values, whose bit patterns are in order,
so counting them keeps every digit: one case at a time, in 250 kB.
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np

LEVELS = 15361  # bit patterns 0x0000 (0.0) to 0x3C00 (1.0)
INFINITY = 0x7C00  # patterns above it are NaN
SIGN = 0x8000
BLOCK = 1 << 20


def _level_of_pattern() -> np.ndarray:
    """Level of each of the 65,536 bit patterns of float16: clipped to [0, 1]; NaN, which voids the official score, is
    0.
    """
    patterns = np.arange(1 << 16)
    positive = np.where(patterns <= INFINITY, np.minimum(patterns, LEVELS - 1), 0)
    return np.where(patterns < SIGN, positive, 0)


LEVEL_OF_PATTERN = _level_of_pattern()


def levels_of(scores: np.ndarray) -> np.ndarray:
    """Index of each score among the float16 values of [0, 1]; NaN is 0."""
    return LEVEL_OF_PATTERN[_patterns(np.asarray(scores))]


def count_levels(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Histogram (2, LEVELS), int64: of the scores where `labels` is not 1, and where it is 1. Shapes must be equal."""
    return count_pieces([(scores, labels)])


def count_pieces(pieces: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """`count_levels` of a volume that comes in pieces (planes, say) of scores and labels.

    Works through 2 MB at a time. The bit patterns of all pieces are counted as they are and brought to levels once, at
    the end: there are 65,536 of them, more than a small plane has voxels.
    """
    counts = np.zeros((2, 1 << 16), np.int64)
    for scores, labels in pieces:
        order: Literal["F", "C"] = "F" if scores.flags.f_contiguous and labels.flags.f_contiguous else "C"
        scores, labels = scores.ravel(order), labels.ravel(order)
        for start in range(0, scores.size, BLOCK):
            patterns = _patterns(scores[start : start + BLOCK])
            counts[0] += np.bincount(patterns, minlength=1 << 16)
            positive = labels[start : start + BLOCK] == 1
            if positive.any():
                counts[1] += np.bincount(patterns[positive], minlength=1 << 16)
    counts[0] -= counts[1]
    return np.stack([np.bincount(LEVEL_OF_PATTERN, weights, LEVELS) for weights in counts]).astype(np.int64)


def _patterns(scores: np.ndarray) -> np.ndarray:
    """Bit patterns, uint16, of scores cast to float16 as `get_fdata(dtype=float16)` does."""
    with np.errstate(over="ignore"):
        return scores.astype(np.promote_types(scores.dtype, np.float16), copy=False).astype(np.float16).view(np.uint16)


def from_levels(histogram: np.ndarray) -> float:
    """Average precision of a histogram (2, L) of negatives and positives: sum of recall gained times precision. Levels
    rise; those at which nothing is may be left out.

    Equal scores share one threshold, as in sklearn. No positive at all: 0.0, as sklearn >= 1.1 returns.
    """
    negatives, positives = histogram[:, ::-1]
    present = (negatives + positives) > 0
    return _average(np.cumsum(positives[present]), np.cumsum(negatives[present]))


def curve(histogram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision, float64, at each distinct score of a histogram (2, LEVELS), from the highest score down.

    Empty where there is no positive.
    """
    negatives, positives = histogram[:, ::-1]
    present = (negatives + positives) > 0
    true, false = np.cumsum(positives[present]), np.cumsum(negatives[present])
    if true.size == 0 or true[-1] == 0:
        return np.empty(0), np.empty(0)
    return true / true[-1], true / (true + false)


def of_samples(scores: np.ndarray, labels: np.ndarray) -> float:
    """Average precision of one score a case (float64, clipped to [0, 1], no float16 cast) against 0 or 1."""
    scores = np.clip(np.nan_to_num(np.asarray(scores, float), nan=0.0), 0, 1)
    labels = np.asarray(labels) == 1
    order = np.argsort(-scores, kind="stable")
    scores, labels = scores[order], labels[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # the last case at each distinct score
    true = np.cumsum(labels)[last]
    return _average(true, last + 1 - true)


def _average(true: np.ndarray, false: np.ndarray) -> float:
    """Average precision from true and false positives at each distinct score, highest first.

    In sklearn's order of operations (`precision_recall_curve` turned round, differences of recall), so that the last
    digit is the same.
    """
    if true.size == 0 or true[-1] == 0:
        return 0.0
    precision = (true / (true + false))[::-1]
    recall = np.append((true / true[-1])[::-1], 0)
    return max(0.0, float(-np.sum(np.diff(recall) * precision)))
