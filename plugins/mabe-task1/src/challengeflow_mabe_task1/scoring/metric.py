"""The challenge's metric, from counts: F1 and precision of the scored classes, pooled over frames, then averaged.

Source of the formula: the organisers' baseline and the participants' reimplementations, which agree. Frames of unscored
classes ('other') stay in: a scored class predicted there is a false positive.
"""

from collections.abc import Sequence

import numpy as np


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count frames (classes, classes): row the label, column the prediction. Negative labels do not count."""
    known = labels >= 0
    pairs = labels[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 = 2 TP / (2 TP + FP + FN) of every class from a confusion matrix; 0 where a class never occurs."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return _ratio(2 * hits, counts.sum(axis=-2) + counts.sum(axis=-1))


def precision(counts: np.ndarray) -> np.ndarray:
    """TP / (TP + FP) of every class; 0 where a class is never predicted."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-2))


def recall(counts: np.ndarray) -> np.ndarray:
    """TP / (TP + FN) of every class; 0 where a class never occurs."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def macro_f1(counts: np.ndarray, scored: Sequence[int]) -> float:
    """The challenge's score: mean F1 of the scored classes."""
    return float(np.mean(f1(counts)[list(scored)]))


def macro_precision(counts: np.ndarray, scored: Sequence[int]) -> float:
    """The challenge's tie-break: mean precision of the scored classes."""
    return float(np.mean(precision(counts)[list(scored)]))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.maximum(whole, 1), 0.0)
