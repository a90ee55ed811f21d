"""Tracked poses: what every pose file is read as."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Poses:
    """Animals a tracker followed. points: (T, A, 2, P) float32 pixels, NaN where not seen; confidence: (T, A, P)."""

    animals: tuple[str, ...]
    parts: tuple[str, ...]
    points: np.ndarray
    confidence: np.ndarray | None = None
