"""The axis that the scores of one table share: better lies further to the right, whatever the metric's direction."""

from collections.abc import Iterable
from dataclasses import dataclass

from challengeflow.contract.direction import sign


@dataclass(frozen=True)
class Axis:
    """From the worst to the best end, in the scores' unit."""

    worst: float
    best: float

    def place(self, score: float) -> float:
        """Where a score lies, in percent of the axis."""
        return round(100 * (score - self.worst) / (self.best - self.worst), 2)

    def span(self, low: float, high: float) -> tuple[float, float]:
        """Where an interval lies, its left end first."""
        ends = sorted((self.place(low), self.place(high)))
        return ends[0], ends[1]


def axis(scores: Iterable[float], best: float, direction: str) -> Axis:
    """An axis that holds all scores, what a perfect answer scores, and 0."""
    ends = sorted((0.0, best, *scores))
    worst, right = ends[:: len(ends) - 1][:: sign(direction)]
    return Axis(worst, right) if worst != right else Axis(right - sign(direction), right)
