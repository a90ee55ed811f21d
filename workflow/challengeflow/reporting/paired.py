"""Two models on the same samples: the gain of one over the other, the difference of their scores, resample by
resample."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from challengeflow.contract.direction import sign
from challengeflow.scoring import interval


@dataclass(frozen=True)
class Difference:
    """By how much A is better than B: A - B, or B - A where lower is better.

    low, high: 95 % interval; wins: share of resamples in which A is ahead. None: not paired.
    """

    score: float
    low: float | None = None
    high: float | None = None
    wins: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def difference(a: Mapping[str, Any], b: Mapping[str, Any], direction: str = "higher") -> Difference:
    """A split of one scores.json against that of another.

    Paired where both met the same resamples of the same samples.
    """
    whole = sign(direction) * (a["score"] - b["score"])
    mine, other = a.get("resamples"), b.get("resamples")
    if not mine or not other or mine["of"] != other["of"]:
        return Difference(whole)
    pairs = zip(mine["scores"], other["scores"], strict=False)  # the shorter one's: rounds are drawn in order
    each = [sign(direction) * (x - y) for x, y in pairs if x is not None and y is not None]
    if not each:
        return Difference(whole)
    low, high = interval(each)
    return Difference(whole, low, high, sum(d > 0 for d in each) / len(each))
