"""The score stage: the organisers' two average precisions of a dataset, over all voxels and over all cases.

`score` is their mean; `detail` has both. The challenge ranks the two tasks apart and joins the ranks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow import ScoreJob, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import bootstrap_interval, cross_fit, write_json
from challengeflow_mood import alignment, decision
from challengeflow_mood.average_precision import LEVELS, count_levels, from_levels, of_samples

CALIBRATED_ON = ("train", "proxy")
MAX_PARTS = 10


@dataclass(frozen=True)
class Case:
    """One scored case: all that is kept of its map is the histogram, (2, LEVELS) int32."""

    split: str
    group: str
    kind: str
    label: int
    score: float
    histogram: np.ndarray


def run(job: ScoreJob) -> None:
    """Score every split with gold; fit the calibration of answers on the proxy (or labelled train) cases alone."""
    cases = [case for shard in job.progress(job.shards, "shard") for case in _cases(shard)]
    known = [case for case in cases if case.split in CALIBRATED_ON]
    final = decision.fit(np.array([c.score for c in known]), np.array([c.label for c in known]))
    splits = dict.fromkeys(case.split for case in cases)
    rounds = job.parameters["bootstrap_rounds"]
    scores = {s: _score_split([c for c in cases if c.split == s], final, job.seed, rounds) for s in splits}
    write_json(job.scores, scores)
    write_json(job.decision, final)


def _cases(shard: Shard) -> Iterator[Case]:
    """Cases in sample order; like the organisers' scorer, one without a readable label is left out."""
    gold, predictions, prepared = Arrays(shard.gold), Predictions(shard.predictions), Arrays(shard.prepared)
    for sample in shard.samples:
        if sample.id not in gold:
            continue
        mask, truth = gold[sample.id]["scores"], gold.attributes(sample.id)
        scores = predictions[sample.id] if sample.id in predictions else np.zeros(mask.shape, np.float32)
        histogram = np.zeros((2, LEVELS), np.int64)
        for values, labels in _pairs(scores, mask, prepared.attributes(sample.id)):
            histogram += count_levels(values, labels)
        yield Case(
            split=shard.split,
            group=sample.group,
            kind=truth["kind"],
            label=truth["sample"],
            score=decision.sample_score(scores),
            histogram=histogram.astype(np.int32),
        )


def _pairs(scores: np.ndarray, mask: np.ndarray, facts: dict[str, Any]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Scores and labels on the scan's own grid, a plane at a time. A map that fits neither grid counts as all zero."""
    if scores.shape == mask.shape:  # a map on the scan's own grid: a control's
        yield scores, mask
    elif scores.size == 1:
        yield np.broadcast_to(scores.reshape(()), mask.shape), mask
    elif list(scores.shape) == facts["shape"] and list(mask.shape) == facts.get("original") and "mapping" in facts:
        planes = dict.fromkeys(range(facts["mapping"]["stored"][0]))
        mask = mask.reshape(facts["mapping"]["stored"])
        for x, plane in alignment.planes_of_scan(scores[0], facts["mapping"]):
            del planes[x]
            yield plane, mask[x]
        for x in planes:  # outside the grid
            yield np.zeros(mask.shape[1:], np.float32), mask[x]
    else:
        yield np.zeros(mask.shape, np.float32), mask


def _score_split(cases: list[Case], final: dict, seed: int, rounds: int) -> dict[str, Any]:
    histograms = np.stack([case.histogram for case in cases])
    labels = np.array([case.label for case in cases])
    scores = np.array([case.score for case in cases])

    def both(drawn: np.ndarray) -> tuple[float, float]:
        if not labels[drawn].any():
            return np.nan, np.nan
        times = np.bincount(drawn, minlength=len(cases))
        total = np.tensordot(times, histograms, axes=1)
        return from_levels(total), of_samples(scores[drawn], labels[drawn])

    everything = np.arange(len(cases))
    pixel, sample = (0.0 if np.isnan(v) else v for v in both(everything))
    groups = [case.group for case in cases]
    return {
        "score": (pixel + sample) / 2,
        "interval": bootstrap_interval(groups, lambda drawn: float(np.mean(both(drawn))), seed=seed, rounds=rounds),
        "detail": {
            "pixel_ap": pixel,
            "sample_ap": sample,
            "pixel_chance": float(histograms[:, 1].sum() / histograms.sum()),
            "sample_chance": float(labels.mean()),
            "cases": len(cases),
            "kinds": _by_kind(cases, both),
            "answers": _answers(cases, scores, labels, final),
        },
    }


def _by_kind(cases: list[Case], both) -> dict[str, dict[str, float]]:
    """Both average precisions of each kind's cases among the healthy ones."""
    kinds = {}
    for kind in sorted({case.kind for case in cases if case.label}):
        own = np.array([i for i, case in enumerate(cases) if case.kind == kind or not case.label])
        pixel, sample = both(own)
        kinds[kind] = {"pixel_ap": pixel, "sample_ap": sample, "cases": sum(c.kind == kind for c in cases)}
    return kinds


def _answers(cases: list[Case], scores: np.ndarray, labels: np.ndarray, final: dict) -> dict[str, float]:
    """How good the yes-or-no answers are; cross-fitted by group where the calibration was fitted on these very cases.

    The average precisions need no such care: the calibration rises with the score, so it does not enter them.
    """
    flagged = np.zeros(len(cases), bool)

    def apply(fitted: dict, own: np.ndarray) -> None:
        flagged[own] = [decision.probability(fitted, scores[i]) >= fitted["threshold"] for i in own]

    if cases[0].split in CALIBRATED_ON:
        groups = sorted({case.group for case in cases})
        part = {group: at % MAX_PARTS for at, group in enumerate(groups)}
        cross_fit([part[case.group] for case in cases], lambda at: decision.fit(scores[at], labels[at]), apply)
    else:
        apply(final, np.arange(len(cases)))
    return {
        "sensitivity": float(flagged[labels == 1].mean()) if labels.any() else 0.0,
        "specificity": float((~flagged[labels == 0]).mean()) if not labels.all() else 0.0,
    }
