"""What turns scores into answers: the threshold at the expected share of stalled vessels, and other choices."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from challengeflow_clog_loss.scoring import calibration
from challengeflow_clog_loss.scoring.matthews import NO_TRAINING_THRESHOLD, fit_threshold, mcc, weighted_confusion
from challengeflow_clog_loss.scoring.scored_videos import Videos

SHARES = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)


def fit(train: Videos | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The decision: threshold, target prevalence, calibration, the band of plausible shares, the table of thresholds.

    Fitted on out-of-fold scores; without labelled training videos the threshold is 0.5 and the rest is left out.
    """
    target = parameters["target_prevalence"]
    if train is None or not len(train.samples):
        known = {"threshold": NO_TRAINING_THRESHOLD, "target_prevalence": target}
        return known | {"fitted_on": "nothing: no labelled train split"}
    target = target or float(train.stalled.mean())
    line = calibration.fit(train.stalled, train.chance, target)
    threshold = fit_threshold(train.stalled, train.chance, target)
    return {
        "threshold": threshold,
        "target_prevalence": target,
        "plausible_share": parameters["plausible_share"] or [target / 2, min(2 * target, 1.0)],
        "calibration": {"slope": line.slope, "intercept": line.intercept},
        "chosen": expected(train.stalled, train.chance, target, threshold),
        "thresholds": table(train.stalled, train.chance, target),
        "fitted_on": "train, out of fold",
    }


def table(stalled: np.ndarray, chance: np.ndarray, prevalence: float) -> list[dict[str, float]]:
    """What to expect of thresholds where a share `prevalence` is stalled, one row for each share answered stalled.

    Each row: threshold, share answered stalled, sensitivity, precision and expected MCC (of the very videos that are
    counted: a little too good).
    """
    thresholds = {threshold_for_share(stalled, chance, prevalence, share) for share in SHARES}
    return [expected(stalled, chance, prevalence, threshold) for threshold in sorted(thresholds, reverse=True)]


def expected(stalled: np.ndarray, chance: np.ndarray, prevalence: float, threshold: float) -> dict[str, float]:
    """A row of `table`: what a threshold brings."""
    tp, fp, fn, tn = weighted_confusion(stalled, chance >= threshold, prevalence)
    return {
        "threshold": threshold,
        "answered_stalled": tp + fp,
        "sensitivity": tp / prevalence if prevalence else 0.0,
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "expected_mcc": mcc(tp, fp, fn, tn),
    }


def threshold_for_share(stalled: np.ndarray, chance: np.ndarray, prevalence: float, share: float) -> float:
    """The lowest score from which on at most `share` of the videos are answered stalled, where a `prevalence` is."""
    order = np.argsort(-chance, kind="stable")
    positive, negative = max(stalled.sum(), 1), max((~stalled).sum(), 1)
    weight = np.where(stalled[order], prevalence / positive, (1 - prevalence) / negative)
    last_of_score = np.append(chance[order][1:] != chance[order][:-1], True)
    fits = np.flatnonzero(last_of_score & (np.cumsum(weight) <= share + 1e-12))
    return float(chance[order][fits[-1]]) if len(fits) else float(np.nextafter(chance.max(), np.inf))


def threshold_for_count(chance: np.ndarray, count: int) -> float:
    """The lowest score from which on at most `count` videos are answered stalled (fewer where scores are equal)."""
    ranked = np.sort(chance)[::-1]
    if count >= len(ranked):
        return float(ranked[-1])
    above = ranked[ranked > ranked[count]]
    return float(above[-1]) if len(above) else float(np.nextafter(ranked[0], np.inf))
