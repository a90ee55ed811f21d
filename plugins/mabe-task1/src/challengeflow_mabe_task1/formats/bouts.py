"""Bouts of named behaviours: what every label file is read as and written from."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Bout(NamedTuple):
    """A behaviour from `start` to before `stop`, in the unit of its `Labels`; the first frame is 0."""

    behaviour: str
    start: float
    stop: float


@dataclass(frozen=True)
class Labels:
    """The bouts of one recording. `unit`: frames or seconds; `span`: what was looked at, None: all of it."""

    bouts: tuple[Bout, ...]
    unit: str
    span: tuple[float, float] | None = None


def runs(values: np.ndarray) -> list[tuple[Any, int, int]]:
    """Runs of one value as (value, first frame, frame after the last)."""
    if not len(values):
        return []
    starts = np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)
    stops = np.append(starts[1:], len(values))
    return [(values[start], int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]
