"""Tracked poses: what every pose file is read as."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from challengeflow import InputError

SPARSEST = 50
"""Frames a row at which frame numbers are no longer believed: no tracker skips so many."""

SHORT = 100_000
"""Frames up to which they are believed anyway."""


@dataclass(frozen=True)
class Poses:
    """Animals a tracker followed. points: (T, A, 2, P) float32 pixels, NaN where not seen; confidence: (T, A, P).

    first: the video's frame that row 0 is (from 0); rows are frames on end, those the file skips are NaN.
    fps: frames a second of the video, where the file says so. notes: what a reader should know.
    """

    animals: tuple[str, ...]
    parts: tuple[str, ...]
    points: np.ndarray
    confidence: np.ndarray | None = None
    first: int = 0
    fps: float | None = None
    notes: tuple[str, ...] = ()


def on_end(path: Path, frames: np.ndarray, arrays: Sequence[np.ndarray]) -> tuple[int, list[np.ndarray]]:
    """The first frame, and each array (N, ...) with a row for every frame from the first to the last, NaN in gaps.

    frames: the video's frame (N,) of each row. Raises InputError where they are no frame numbers.
    """
    whole = np.asarray(frames, np.float64)
    if not len(whole):
        return 0, list(arrays)
    if not np.isfinite(whole).all() or (whole != np.round(whole)).any() or whole.min() < 0:
        raise InputError(f"{path} has frame numbers that are none in its first column; export it again")
    numbers = whole.astype(np.int64)
    first, span = int(numbers.min()), int(numbers.max() - numbers.min()) + 1
    if (np.diff(numbers) == 1).all():
        return first, list(arrays)
    unique, counts = np.unique(numbers, return_counts=True)
    if counts.max() > 1:
        raise InputError(
            f"{path} has frame {unique[counts.argmax()]} twice; it may hold several videos: give each a file of its own"
        )
    if span > max(SHORT, SPARSEST * len(numbers)):
        raise InputError(
            f"{path} has {len(numbers)} rows for the frames {first} to {first + span - 1}; its first column is no "
            "frame number: export it again"
        )
    dense = []
    for array in arrays:
        filled = np.full((span, *array.shape[1:]), np.nan, array.dtype)
        filled[numbers - first] = array
        dense.append(filled)
    return first, dense
