"""What guessing is expected to score: the zero of scaled scores, and what a model must beat."""

from collections.abc import Mapping
from typing import Any


def guessing(entry: Mapping[str, Any], declared: str, random: Mapping[str, Any] | None) -> float | None:
    """The expected score of a guess on the samples of a split; None where nothing tells it.

    entry: of any variant in its scores.json, whose `chance` is the challenge's own word for these samples; declared:
    `Metric.chance`, where it is a figure. Else the mean of `random`, the random control's entry, over its resamples:
    one draw of guesses may be lucky.
    """
    if "chance" in entry:
        return float(entry["chance"])
    try:
        return float(declared)
    except ValueError:
        pass
    if not random:
        return None
    drawn = [score for score in random.get("resamples", {}).get("scores", []) if score is not None]
    return float(sum(drawn) / len(drawn) if drawn else random["score"])
