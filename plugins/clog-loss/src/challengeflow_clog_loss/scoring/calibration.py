"""Scores as probabilities: Platt scaling out of fold, moved to the share of stalled vessels that is expected.

Platt (1999), "Probabilistic outputs for support vector machines", on the scores' log-odds; the move to another
prevalence after Saerens et al. (2002), Neural Computation 14: it adds the difference of the two prevalences' log-odds.
"""

from dataclasses import dataclass

import numpy as np

SMALLEST = 1e-6  # chances nearer to 0 or 1 than this are taken for this
RIDGE = 1e-3  # holds the slope back where scores tell all videos apart
ENOUGH, MOST_STEPS = 1e-9, 100  # a step of Newton's that changes nothing any more


@dataclass(frozen=True)
class Calibration:
    """chance -> sigmoid(slope * log-odds(chance) + intercept)."""

    slope: float
    intercept: float

    def __call__(self, chance: np.ndarray | float) -> np.ndarray:
        """Calibrated probabilities, float64."""
        return _sigmoid(self.slope * log_odds(chance) + self.intercept)


def fit(stalled: np.ndarray, chance: np.ndarray, prevalence: float) -> Calibration:
    """Fitted on labelled videos (n,), for videos of which a share `prevalence` is stalled.

    Where scores tell nothing (one class, one score, a ranking no better than chance) the slope is 0, and the
    probability of every video is the prevalence.
    """
    both = bool(stalled.any() and not stalled.all())
    slope, intercept = _line(log_odds(chance), stalled) if both and np.ptp(chance) else (0.0, 0.0)
    if slope <= 0:
        return Calibration(0.0, float(log_odds(prevalence)))
    return Calibration(slope, intercept + float(log_odds(prevalence) - log_odds(stalled.mean())))


def _line(odds: np.ndarray, stalled: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of both classes on log-odds (n,), by Newton's steps, which are
    halved where they go too far.

    Two numbers need no library: scikit-learn takes a second to import, and stops four digits after the point.
    """
    rows, penalty = np.stack([odds, np.ones(len(odds))], axis=1), np.diag([RIDGE, 0.0])
    signs = np.where(stalled, 1.0, -1.0)

    def loss(at: np.ndarray) -> float:
        return float(np.logaddexp(0, -signs * (rows @ at)).sum() + at @ penalty @ at / 2)

    at = np.zeros(2)
    for _ in range(MOST_STEPS):
        chance = _sigmoid(rows @ at)
        slopes = rows.T @ (chance - stalled) + penalty @ at
        step = np.linalg.solve(rows.T @ (rows * (chance * (1 - chance))[:, None]) + penalty, slopes)
        while np.abs(step).max() > ENOUGH and loss(at - step) > loss(at):
            step = step / 2
        at = at - step
        if np.abs(step).max() <= ENOUGH:
            break
    return float(at[0]), float(at[1])


def _sigmoid(odds: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-odds)), without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -700, 700))))


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
