"""Which of two scores is the better one: the higher, or the lower, as the metric says."""

from collections.abc import Mapping
from typing import Any

DIRECTIONS = ("higher", "lower")


def sign(direction: str) -> int:
    """1 where higher is better, -1 where lower is: times a difference of scores it is a gain."""
    return -1 if direction == "lower" else 1


def direction_of(scores: Mapping[str, Any]) -> str:
    """Of a scores.json, which names the direction where lower is better."""
    return str(scores.get("direction", "higher"))
