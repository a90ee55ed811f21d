"""Scores as probabilities: Platt scaling out of fold, moved to the share of stalled vessels that is expected.

Platt (1999), "Probabilistic outputs for support vector machines", on the scores' log-odds; the move to another
prevalence after Saerens et al. (2002), Neural Computation 14: it adds the difference of the two prevalences' log-odds.
"""

from dataclasses import dataclass

import numpy as np

SMALLEST = 1e-4  # chances nearer to 0 or 1 than this are taken for this


@dataclass(frozen=True)
class Calibration:
    """chance -> sigmoid(slope * log-odds(chance) + intercept)."""

    slope: float
    intercept: float

    def __call__(self, chance: np.ndarray | float) -> np.ndarray:
        """Calibrated probabilities, float64."""
        return 1 / (1 + np.exp(-(self.slope * log_odds(chance) + self.intercept)))


def fit(stalled: np.ndarray, chance: np.ndarray, prevalence: float) -> Calibration:
    """Fitted on labelled videos (n,), for videos of which a share `prevalence` is stalled.

    Where there is one class or one score, chances are moved to the prevalence and nothing else.
    """
    from sklearn.linear_model import LogisticRegression

    own = float(np.clip(stalled.mean(), SMALLEST, 1 - SMALLEST))
    move = float(log_odds(prevalence) - log_odds(own))
    if stalled.all() or not stalled.any() or np.ptp(chance) == 0:
        return Calibration(1.0, move)
    line = LogisticRegression(C=1e3).fit(log_odds(chance)[:, None], stalled)
    if line.coef_[0, 0] <= 0:  # a model that ranks worse than chance: its scores say nothing
        return Calibration(0.0, float(log_odds(prevalence)))
    return Calibration(float(line.coef_[0, 0]), float(line.intercept_[0]) + move)


def log_odds(chance: np.ndarray | float) -> np.ndarray:
    """log(p / (1 - p)), within what `SMALLEST` allows."""
    p = np.clip(chance, SMALLEST, 1 - SMALLEST)
    return np.log(p / (1 - p))


def reliability(
    stalled: np.ndarray, probability: np.ndarray, prevalence: float, bins: int = 8
) -> list[dict[str, float]]:
    """For bins of equal numbers of videos: mean probability, share stalled (both at `prevalence`), number of videos."""
    own = float(np.clip(stalled.mean(), SMALLEST, 1 - SMALLEST))
    weight = np.where(stalled, prevalence / own, (1 - prevalence) / (1 - own))
    rows = []
    for part in np.array_split(np.argsort(probability, kind="stable"), min(bins, len(probability))):
        total = weight[part].sum()
        mean = float((weight[part] * probability[part]).sum() / total)
        rows.append(
            {"probability": mean, "stalled": float(weight[part][stalled[part]].sum() / total), "videos": len(part)}
        )
    return rows
