"""From an anomaly map to one score a case, and from that to an answer: a calibrated probability."""

import math
from typing import Any

import numpy as np
from scipy import optimize

TOP_SHARE = 0.0005  # of the grid; about a sphere of 5 % of the side
LEAST_VOXELS = 8
ABNORMAL = 0.5
ENOUGH = 50  # healthy cases, and as many abnormal ones, from which probabilities are called calibrated
FALSE_ALARMS = 0.1  # of healthy scans, at the operating point: one in ten
UNCALIBRATED = {"slope": 8.0, "offset": -4.0, "threshold": ABNORMAL, "calibrated": False}


def voxels_behind(facts: dict[str, Any]) -> int:
    """How many of a scan's voxels its score is the mean of: 0.05 % of what was measured of the grid, at least 8.

    facts: what `preprocess.prepare` tells of the scan.
    """
    return max(LEAST_VOXELS, round(TOP_SHARE * facts["scanned"] * abs(math.prod(facts["mapping"]["step"]))))


def mean_of_highest(levels: np.ndarray, count: int) -> float:
    """The mean of the `count` highest voxels of a map, from how many there are of each float16 value in [0, 1],
    (LEVELS,).

    More robust than the maximum, more local than the mean. Voxels that are not counted in `levels` are 0.
    """
    falling = levels[::-1]
    taken = np.minimum(falling, np.maximum(count - (np.cumsum(falling) - falling), 0))
    values = np.arange(len(levels), dtype=np.uint16).view(np.float16).astype(np.float64)[::-1]
    return float((taken * values).sum() / count)


def fit(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """The calibration of sample scores on known cases, and `alarm`, the operating point (`operating_point`)."""
    return calibrate(scores, labels) | {"alarm": operating_point(scores, labels)}


def operating_point(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The sample score from which a scan is alarming, such that at most one healthy scan in ten is; what it finds of
    the others.

    `score` (above 1 where no healthy scan is known: never alarming), `sensitivity` on these very cases, and how many
    they are.
    """
    scores, labels = np.asarray(scores, float), np.asarray(labels) == 1
    healthy = np.sort(scores[~labels])[::-1]
    allowed = int(FALSE_ALARMS * len(healthy))
    score = float(np.nextafter(healthy[allowed], np.inf)) if len(healthy) else 2.0
    sensitivity = float((scores[labels] >= score).mean()) if labels.any() else 0.0
    return {"score": score, "sensitivity": sensitivity, "healthy": len(healthy), "abnormal": int(labels.sum())}


def least_finding(highest: np.ndarray) -> float:
    """The score from which a region of a map is a finding: that at most one in ten healthy scans, whose highest voxels
    these are, has one.

    One half where no healthy scan is known.
    """
    highest = np.sort(np.asarray(highest, float))[::-1]
    return (
        float(np.nextafter(np.float32(highest[int(FALSE_ALARMS * len(highest))]), np.float32(2)))
        if len(highest)
        else 0.5
    )


def calibrate(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Platt's calibration: the logistic curve of sample scores that best tells labels 0 and 1, rising and never steep
    enough to saturate, so that it leaves every order, and with it average precision, as it was.
    """
    labels = np.asarray(labels, float)
    if len(labels) == 0 or labels.min() == labels.max():
        return dict(UNCALIBRATED)
    centre, spread = float(np.mean(scores)), max(float(np.std(scores)), 1e-3)
    standard = (np.asarray(scores, float) - centre) / spread

    def loss(at: np.ndarray) -> float:
        margin = np.where(labels == 1, 1, -1) * (np.exp(at[0]) * standard + at[1])
        return float(np.logaddexp(0, -margin).sum() + 0.05 * (np.exp(2 * at[0]) + at[1] ** 2))

    steep, offset = optimize.minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-3, 2), (-5, 5)]).x
    slope = float(np.exp(steep) / spread)
    slope = min(slope, 30.0)
    enough = min(int(labels.sum()), int((labels == 0).sum())) >= ENOUGH
    return {"slope": slope, "offset": float(offset - slope * centre), "threshold": ABNORMAL, "calibrated": enough}


def warnings(fitted: dict[str, Any]) -> list[str]:
    """What a reader must know of the answers: sentences."""
    if fitted["calibrated"]:
        return []
    alarm = fitted["alarm"]
    return [
        f"The probabilities are not calibrated: they rest on {alarm['healthy']} healthy and {alarm['abnormal']} "
        "abnormal cases, "
        f"and {ENOUGH} of each are needed. Take them as an order."
    ]


def probability(decision: dict[str, Any], score: float) -> float:
    """The calibrated probability that a case with this sample score is abnormal, strictly between 0 and 1."""
    return float(1 / (1 + np.exp(-(decision["slope"] * score + decision["offset"]))))
