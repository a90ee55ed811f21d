"""The challenge's score: Matthews correlation of the answers, with a threshold fitted on out-of-fold scores.

Thresholds are fitted on samples weighted to a target prevalence, since the share of stalled vessels differs widely
between nano (50 %), micro (29 %), the test set (about 4.6 %) and the full training set (0.33 %).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow import Sample, ScoreJob
from challengeflow.arrays import Predictions
from challengeflow.scoring import bootstrap_interval, cross_fit, write_json

NO_TRAINING_THRESHOLD = 0.5


@dataclass(frozen=True)
class Videos:
    """Videos of one split: bool `stalled`, float64 `chance`, and the part (fold or group) each is cross-fitted by."""

    samples: tuple[Sample, ...]
    stalled: np.ndarray
    chance: np.ndarray
    parts: tuple[str, ...]


def run(job: ScoreJob) -> None:
    """Fit the threshold on the train split, out of fold, and score each split with it; train itself is cross-fitted."""
    splits = {split: _read(job, split) for split in dict.fromkeys(shard.split for shard in job.shards)}
    train = splits.get("train")
    target = job.parameters["target_prevalence"]
    threshold = NO_TRAINING_THRESHOLD
    if train is not None and len(train.samples):
        target = target or float(train.stalled.mean())
        threshold = fit_threshold(train.stalled, train.chance, target)
    scores = {}
    for split, videos in splits.items():
        if not len(videos.samples):
            continue
        answers = _cross_fitted(videos, target) if split == "train" else videos.chance >= threshold
        scores[split] = _score(videos, answers, target, job.seed, by_group=split == "train")
    write_json(job.scores, scores)
    write_json(
        job.decision,
        {
            "threshold": threshold,
            "target_prevalence": target,
            "fitted_on": "train, out of fold" if train is not None else "nothing: no labelled train split",
        },
    )


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


def _cross_fitted(videos: Videos, prevalence: float) -> np.ndarray:
    """Answers of the train split, each fold by the threshold fitted on the others."""
    answers = np.zeros(len(videos.samples), bool)

    def apply(threshold: float, own: np.ndarray) -> None:
        answers[own] = videos.chance[own] >= threshold

    cross_fit(
        videos.parts, lambda others: fit_threshold(videos.stalled[others], videos.chance[others], prevalence), apply
    )
    return answers


def _score(videos: Videos, answers: np.ndarray, prevalence: float | None, seed: int, by_group: bool) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    stalled = videos.stalled
    tp, fp, fn, tn = confusion(stalled, answers)
    groups = [sample.group for sample in videos.samples]
    detail: dict[str, Any] = {
        "confusion": {"true_positive": tp, "false_positive": fp, "false_negative": fn, "true_negative": tn},
        "videos": len(answers),
        "answered_stalled": float(answers.mean()),
    }
    if 0 < stalled.sum() < len(stalled):
        detail["roc_auc"] = float(roc_auc_score(stalled, videos.chance))
        detail["average_precision"] = float(average_precision_score(stalled, videos.chance))
        if prevalence:
            detail["target_prevalence"] = prevalence
            detail["mcc_at_target_prevalence"] = mcc(*weighted_confusion(stalled, answers, prevalence))
    if by_group:
        detail["mcc_by_project"] = _by_group(groups, stalled, answers)
    return {
        "score": mcc(tp, fp, fn, tn),
        "interval": bootstrap_interval(
            groups, lambda drawn: mcc(*confusion(stalled[drawn], answers[drawn])), seed=seed
        ),
        "detail": detail,
    }


def _by_group(groups: Sequence[str], stalled: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    codes = np.asarray(groups)
    return {str(g): mcc(*confusion(stalled[codes == g], answers[codes == g])) for g in np.unique(codes)}


def _read(job: ScoreJob, split: str) -> Videos:
    samples, stalled, chance, parts = [], [], [], []
    for shard in job.shards:
        if shard.split != split or shard.gold is None:
            continue
        gold, predictions = Predictions(shard.gold), Predictions(shard.predictions)
        for sample in shard.samples:
            samples.append(sample)
            stalled.append(gold[sample.id].reshape(-1)[0] > 0.5)
            chance.append(float(predictions[sample.id].reshape(-1)[0]))
            parts.append(str(shard.fold) if shard.fold is not None else sample.group)
    return Videos(tuple(samples), np.array(stalled, bool), np.array(chance, np.float64), tuple(parts))
