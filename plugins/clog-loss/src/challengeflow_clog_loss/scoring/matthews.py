"""The challenge's metric, Matthews correlation, and the best threshold for it at a stated share of stalled vessels.

Samples are weighted to a target prevalence, since the share of stalled vessels differs widely between nano (50 %),
micro (29 %), the test set (about 4.6 %) and the full training set (0.33 %).
"""

import numpy as np

NO_TRAINING_THRESHOLD = 0.5


def mcc(true_positive: float, false_positive: float, false_negative: float, true_negative: float) -> float:
    """Matthews correlation coefficient of a (weighted) confusion matrix; 0 where a row or column is empty.

    As sklearn.metrics.matthews_corrcoef, which the challenge refers to; exact for whole numbers of any size.
    """
    tp, fp, fn, tn = true_positive, false_positive, false_negative, true_negative
    margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return float((tp * tn - fp * fn) / margins**0.5) if margins > 0 else 0.0


def confusion(stalled: np.ndarray, answers: np.ndarray) -> tuple[int, int, int, int]:
    """True positives, false positives, false negatives, true negatives of bool arrays, as Python integers."""
    positive = int(np.count_nonzero(stalled & answers))
    return (
        positive,
        int(np.count_nonzero(answers)) - positive,
        int(np.count_nonzero(stalled)) - positive,
        int(np.count_nonzero(~stalled & ~answers)),
    )


def weighted_confusion(
    stalled: np.ndarray, answers: np.ndarray, prevalence: float
) -> tuple[float, float, float, float]:
    """The confusion matrix with the two classes weighted so that stalled ones are a `prevalence` of all; sums to 1."""
    tp, fp, fn, tn = confusion(stalled, answers)
    positive, negative = prevalence / max(tp + fn, 1), (1 - prevalence) / max(fp + tn, 1)
    return tp * positive, fp * negative, fn * positive, tn * negative


def mcc_at(stalled: np.ndarray, answers: np.ndarray, prevalence: float) -> float:
    """Matthews correlation of answers where stalled ones are a `prevalence` of all."""
    return mcc(*weighted_confusion(stalled, answers, prevalence))


def fit_threshold(stalled: np.ndarray, chance: np.ndarray, prevalence: float) -> float:
    """The threshold (answer stalled from there on) with the best MCC at `prevalence`; 0.5 with a single class or score.

    Cuts lie half-way between neighbouring scores. Of equally good cuts the middle one is taken: on few samples it
    carries over best.
    """
    scores, place = np.unique(chance, return_inverse=True)
    positives = np.bincount(place, stalled, len(scores))
    negatives = np.bincount(place, ~stalled, len(scores))
    if len(scores) < 2 or not positives.sum() or not negatives.sum():
        return NO_TRAINING_THRESHOLD
    # at cut i the scores above i are answered "stalled"
    tp = prevalence * (1 - np.cumsum(positives)[:-1] / positives.sum())
    fp = (1 - prevalence) * (1 - np.cumsum(negatives)[:-1] / negatives.sum())
    fn, tn = prevalence - tp, 1 - prevalence - fp
    margins = (tp + fp) * (tn + fn) * prevalence * (1 - prevalence)
    values = np.where(margins > 1e-15, (tp * tn - fp * fn) / np.sqrt(np.maximum(margins, 1e-15)), 0.0)
    best = np.flatnonzero(values >= values.max() - 1e-12)
    cut = int(best[(len(best) - 1) // 2])
    return float((scores[cut] + scores[cut + 1]) / 2)
