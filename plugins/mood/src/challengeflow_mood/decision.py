"""From an anomaly map to one score a case, and from that to an answer: a calibrated probability."""

import numpy as np
from scipy import optimize

TOP_SHARE = 0.0005  # of the map's voxels; about a sphere of 5 % of the side
ABNORMAL = 0.5
UNCALIBRATED = {"slope": 8.0, "offset": -4.0, "threshold": ABNORMAL, "calibrated": False}


def sample_score(scores: np.ndarray) -> float:
    """The mean of the highest 0.05 % of a map's values, at least 8 of them; in [0, 1], 0 for an empty map.

    A map of any shape; NaN counts as 0. More robust than the maximum, more local than the mean.
    """
    flat = np.nan_to_num(np.asarray(scores, np.float32).ravel(), nan=0.0).clip(0, 1)
    top = min(flat.size, max(8, round(TOP_SHARE * flat.size)))
    if top == flat.size:
        return float(flat.mean(dtype=float))
    return float(np.sort(np.partition(flat, flat.size - top)[-top:]).mean(dtype=float))


def fit(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
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
    return {"slope": slope, "offset": float(offset - slope * centre), "threshold": ABNORMAL, "calibrated": True}


def probability(decision: dict[str, float], score: float) -> float:
    """The calibrated probability that a case with this sample score is abnormal, strictly between 0 and 1."""
    return float(1 / (1 + np.exp(-(decision["slope"] * score + decision["offset"]))))
