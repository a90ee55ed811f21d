"""The score stage: the organisers' two average precisions of a dataset, over all voxels and over all cases.

`score` is their mean; `detail` has both, and what the ranking, the pictures and the reader need: each case's scores,
the organisers' draws, curves, and the cases that count as zero with the reason. The challenge ranks the two tasks apart
and joins the ranks (`commands/mood_rank.py`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow import ScoreJob, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import bootstrap, cross_fit, write_json
from challengeflow_mood.answers import maps
from challengeflow_mood.scoring import decision
from challengeflow_mood.scoring.average_precision import (
    LEVELS,
    count_levels,
    count_pieces,
    curve,
    from_levels,
    of_samples,
)
from challengeflow_mood.scoring.official_scoring import organiser_draws

CALIBRATED_ON = ("train", "proxy")
MAX_PARTS = 10
SLAB = 16  # planes of a label turned at a time
POINTS = 200  # of a curve, as it is kept
Both = Callable[[np.ndarray], tuple[float, float]]
"""Indices of drawn cases -> their average precision over voxels, and over cases."""
SIZES = ("small", "medium", "large")  # thirds of the abnormal cases


@dataclass(frozen=True)
class Case:
    """One scored case: all that is kept of its map is the histogram, (2, LEVELS) int32. `reason`: why it counts as
    zero; `ml`: of its anomaly; `peak`: the highest value of its map, as the findings see it.
    """

    name: str
    split: str
    group: str
    kind: str
    label: int
    score: float
    reason: str
    ml: float
    peak: float
    histogram: np.ndarray


def score(job: ScoreJob) -> None:
    """Score every split with gold; fit the calibration of answers on the proxy (or labelled train) cases alone."""
    cases = [case for shard in job.progress(job.shards, "shard") for case in cases_of(shard)]
    known = [case for case in cases if case.split in CALIBRATED_ON]
    final = decision.fit(np.array([c.score for c in known]), np.array([c.label for c in known]))
    splits = dict.fromkeys(case.split for case in cases)
    rounds = job.parameters["bootstrap_rounds"]
    scores = {s: _score_split([c for c in cases if c.split == s], final, rounds) for s in splits}
    write_json(job.scores, scores)
    measured = {s: {key: scores[s]["detail"][key] for key in ("pixel_ap", "sample_ap", "cases")} for s in scores}
    highest = np.array([case.peak for case in known if not case.label])
    write_json(job.decision, final | {"measured": measured, "finding": decision.least_finding(highest)})


def cases_of(shard: Shard) -> Iterator[Case]:
    """Cases in sample order; like the organisers' scorer, one without a readable label is left out."""
    gold, predictions, prepared = Arrays(shard.gold), Predictions(shard.predictions), Arrays(shard.prepared)
    for sample in shard.samples:
        if sample.id not in gold:
            continue
        mask, truth, facts = gold[sample.id]["scores"], gold.attributes(sample.id), prepared.attributes(sample.id)
        scores = predictions[sample.id] if sample.id in predictions else np.zeros(1, np.float32)
        reason = _reason(scores, mask, facts) if sample.id in predictions else "no prediction"
        histogram = _histogram(scores, mask, facts, reason)
        yield Case(
            name=sample.id,
            split=shard.split,
            group=sample.group,
            kind=truth["kind"],
            label=truth["sample"],
            score=_case_score(scores, histogram, facts),
            reason=reason,
            ml=_millilitres(mask, facts),
            peak=float(np.nan_to_num(np.asarray(scores, np.float32), nan=0.0).max()),
            histogram=histogram.astype(np.int32),
        )


def _reason(scores: np.ndarray, mask: np.ndarray, facts: dict[str, Any]) -> str:
    """Why a prediction counts as all zero; empty where it does not."""
    if scores.size == 1 or scores.shape == mask.shape:
        return ""
    if facts["status"] != "ok":
        return f"the scan cannot be used: {facts['status']}"
    if list(scores.shape) != facts["shape"]:
        return f"the map has the shape {list(scores.shape)}; expected {facts['shape']}"
    if list(mask.shape) != facts["original"]:
        return f"the scan has the shape {facts['original']}, its label {list(mask.shape)}"
    return ""


def _histogram(scores: np.ndarray, mask: np.ndarray, facts: dict[str, Any], reason: str) -> np.ndarray:
    """Counts (2, LEVELS) on the scan's own grid, as the written map would be scored; what a map does not reach is 0."""
    histogram = np.zeros((2, LEVELS), np.int64)
    if not reason:
        if scores.shape == mask.shape:  # a map on the scan's own grid: a control's
            histogram += count_levels(scores, mask)
        elif scores.size == 1:
            histogram += count_levels(np.broadcast_to(scores.reshape(()), mask.shape), mask)
        else:
            mapping = facts["mapping"]
            histogram += count_pieces(_planes(scores[0], mask.reshape(mapping["stored"]), mapping))
    positives = np.count_nonzero(mask)
    histogram[:, 0] += np.array([mask.size - positives, positives]) - histogram.sum(axis=1)
    return histogram


def _case_score(scores: np.ndarray, histogram: np.ndarray, facts: dict[str, Any]) -> float:
    """The sample score of a case, from its whole map on the scan's own grid; a control may give one number."""
    if scores.size == 1:
        return float(np.clip(np.nan_to_num(np.asarray(scores, np.float32).ravel()[0], nan=0.0), 0, 1))
    levels = histogram.sum(axis=0)
    count = decision.voxels_behind(facts) if "mapping" in facts else round(decision.TOP_SHARE * levels.sum())
    return decision.mean_of_highest(levels, max(1, count))


def _planes(values: np.ndarray, mask: np.ndarray, mapping: dict[str, Any]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Planes (Y, X) that the map reaches, and their labels, which are turned a slab at a time: memory reads it
    faster.
    """
    slab, first = mask[:, :, :0].T, 0
    for z, plane in maps.planes(values, mapping):
        if not first <= z < first + len(slab):
            first, slab = z, np.ascontiguousarray(mask[:, :, z : z + SLAB].T)
        yield plane, slab[z - first]


def _score_split(cases: list[Case], final: dict, rounds: int) -> dict[str, Any]:
    histograms = np.stack([case.histogram for case in cases])
    labels = np.array([case.label for case in cases])
    scores = np.array([case.score for case in cases])
    # Of levels that occur alone, and as float64, which holds every count and has the one fast product.
    present = np.flatnonzero(histograms.any(axis=(0, 1)))
    counts = histograms[..., present].reshape(len(cases), -1).astype(np.float64)

    def both(drawn: np.ndarray) -> tuple[float, float]:
        if not labels[drawn].any():
            return np.nan, np.nan
        times = np.bincount(drawn, minlength=len(cases)).astype(np.float64)
        return from_levels((times @ counts).reshape(2, -1)), of_samples(scores[drawn], labels[drawn])

    everything = np.arange(len(cases))
    pixel, sample = np.nan_to_num(both(everything)).tolist()
    groups = [case.group for case in cases]
    pixel_chance, sample_chance = float(histograms[:, 1].sum() / histograms.sum()), float(labels.mean())
    return {
        "score": (pixel + sample) / 2,
        "chance": (pixel_chance + sample_chance) / 2,
        "metrics": {"voxel AP": pixel, "case AP": sample},
        **bootstrap(groups, lambda drawn: float(np.mean(both(drawn))), rounds=rounds),
        "detail": {
            "pixel_ap": pixel,
            "sample_ap": sample,
            "pixel_chance": pixel_chance,
            "sample_chance": sample_chance,
            "cases": len(cases),
            "kinds": _by_kind(cases, both),
            "sizes": _by_size(cases, both),
            "answers": _answers(cases, scores, labels, final),
            "warnings": [*decision.warnings(final), *_unscored(cases)],
            "counted_as_zero": _counted_as_zero(cases, both),
            "draws": _draws(cases, both),
            "case_table": [_row(case) for case in cases],
            "curves": _curves(histograms.sum(axis=0), scores, labels),
        },
    }


def _unscored(cases: list[Case]) -> list[str]:
    """A sentence where cases count as zero."""
    lost = [case for case in cases if case.reason]
    if not lost:
        return []
    return [f"{len(lost)} of {len(cases)} cases count as zero; the first is {lost[0].name}: {lost[0].reason}."]


def _by_kind(cases: list[Case], both: Both) -> dict[str, dict[str, float]]:
    """Both average precisions of each kind's cases among the healthy ones."""
    kinds = {}
    for kind in sorted({case.kind for case in cases if case.label}):
        own = np.array([i for i, case in enumerate(cases) if case.kind == kind or not case.label])
        pixel, sample = both(own)
        kinds[kind] = {"pixel_ap": pixel, "sample_ap": sample, "cases": sum(c.kind == kind for c in cases)}
    return kinds


def _by_size(cases: list[Case], both: Both) -> dict[str, dict[str, Any]]:
    """Both average precisions of the thirds of the abnormal cases by the volume of the anomaly, each among the healthy
    ones.

    `ml`: from the least to the largest of them. Empty with fewer than three abnormal cases.
    """
    ill = sorted((i for i, case in enumerate(cases) if case.label), key=lambda i: cases[i].ml)
    well = [i for i, case in enumerate(cases) if not case.label]
    sizes = {}
    for size, third in zip(SIZES, np.array_split(ill, len(SIZES)), strict=True) if len(ill) >= len(SIZES) else ():
        pixel, sample = both(np.array([*third, *well]))
        ml = [round(cases[third[at]].ml, 3) for at in (0, -1)]
        sizes[size] = {"pixel_ap": pixel, "sample_ap": sample, "cases": len(third), "ml": ml}
    return sizes


def _millilitres(mask: np.ndarray, facts: dict[str, Any]) -> float:
    """The volume of an anomaly; voxels count as 1 mm3 where the scan could not be read, or its affine tells no size."""
    voxel = abs(np.linalg.det(np.asarray(facts["affine"], float)[:3, :3])) if "affine" in facts else 1.0
    return float(np.count_nonzero(mask) * (voxel if np.isfinite(voxel) and voxel > 0 else 1.0) / 1000)


def _counted_as_zero(cases: list[Case], both: Both) -> dict[str, dict[str, Any]]:
    """Case -> why it counts as zero, and the average precisions lost by it: without the case, less with it."""
    found = {}
    whole = np.nan_to_num(both(np.arange(len(cases))))
    for at, case in enumerate(cases):
        if case.reason:
            without = np.nan_to_num(both(np.delete(np.arange(len(cases)), at)))
            pixel, sample = (without - whole).tolist()
            found[case.name] = {"reason": case.reason, "pixel_ap_lost": pixel, "sample_ap_lost": sample}
    return found


def _draws(cases: list[Case], both: Both) -> dict[str, list[float]]:
    """Both average precisions in each of the organisers' draws, which the ranking averages; without an abnormal case
    0.
    """
    order = sorted(range(len(cases)), key=lambda at: cases[at].name)
    drawn = [np.nan_to_num(both(np.array([order[at] for at in draw]))) for draw in organiser_draws(len(cases))]
    return {"pixel": [float(each[0]) for each in drawn], "sample": [float(each[1]) for each in drawn]}


def _row(case: Case) -> dict[str, Any]:
    own = from_levels(case.histogram) if case.label else None
    return {"case": case.name, "kind": case.kind, "label": case.label, "score": case.score, "pixel_ap": own}


def _curves(histogram: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, list[float]]]:
    """Precision over recall of both tasks, thinned to 200 points."""
    at = np.argsort(-scores, kind="stable")
    true = np.cumsum(labels[at])
    sample = (true / max(1, true[-1]), true / np.arange(1, len(at) + 1))
    curves = {}
    for task, (recall, precision) in (("pixel", curve(histogram)), ("sample", sample)):
        kept = np.unique(np.linspace(0, len(recall) - 1, POINTS if len(recall) else 0).astype(int))
        curves[task] = {"recall": recall[kept].round(5).tolist(), "precision": precision[kept].round(5).tolist()}
    return curves


def _answers(cases: list[Case], scores: np.ndarray, labels: np.ndarray, final: dict) -> dict[str, float]:
    """How good the yes-or-no answers are; cross-fitted by group where the calibration was fitted on these very cases.

    `alarm_*`: at the operating point of one false alarm in ten scans. The average precisions need no such care: the
    calibration rises with the score, so it does not enter them.
    """
    flagged, alarmed = np.zeros(len(cases), bool), np.zeros(len(cases), bool)

    def apply(fitted: dict, own: np.ndarray) -> None:
        flagged[own] = [decision.probability(fitted, scores[i]) >= fitted["threshold"] for i in own]
        alarmed[own] = scores[own] >= fitted["alarm"]["score"]

    if cases[0].split in CALIBRATED_ON:
        groups = sorted({case.group for case in cases})
        part = {group: at % MAX_PARTS for at, group in enumerate(groups)}
        cross_fit([part[case.group] for case in cases], lambda at: decision.fit(scores[at], labels[at]), apply)
    else:
        apply(final, np.arange(len(cases)))
    ill, well = labels == 1, labels == 0
    return {
        "sensitivity": float(flagged[ill].mean()) if ill.any() else 0.0,
        "specificity": float((~flagged[well]).mean()) if well.any() else 0.0,
        "alarm_sensitivity": float(alarmed[ill].mean()) if ill.any() else 0.0,
        "alarm_false_alarms_a_scan": float(alarmed[well].mean()) if well.any() else 0.0,
    }
