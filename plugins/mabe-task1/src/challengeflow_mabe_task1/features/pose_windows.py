"""Mean and spread over windows, by cumulative sums: the cost does not depend on the window's length."""

from collections.abc import Sequence

import numpy as np


def window_statistics(values: np.ndarray, reaches: Sequence[tuple[int, int]], rows: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of `values` (T, F) in windows around frames: (len(rows), 2 F len(reaches)) float32.

    reaches: frames (before, after) of each window, the frame itself aside; means come first, then spreads, window by
    window. rows: the frames (n,) wanted. Missing values do not count; a window without any gives NaN. At both ends the
    window is cut off, not padded.
    """
    frames, width = values.shape
    seen = ~np.isnan(values)
    known = np.where(seen, values, 0).astype(np.float64)
    # sums of squares lose digits when the mean is far from zero: take each column's own mean away first
    offset = known.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    known -= np.where(seen, offset, 0)
    counts, sums = _running(seen), _running(known)
    squares = _running(np.square(known, out=known))
    result = np.empty((len(rows), 2 * width * len(reaches)), np.float32)
    for place, (before, after) in enumerate(reaches):
        first, last = np.maximum(rows - before, 0), np.minimum(rows + after + 1, frames)
        count = counts[last] - counts[first]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (sums[last] - sums[first]) / count
            square = (squares[last] - squares[first]) / count
        start = 2 * width * place
        result[:, start : start + width] = mean + offset
        result[:, start + width : start + 2 * width] = np.sqrt(np.maximum(square - mean**2, 0))
    return result


def _running(values: np.ndarray) -> np.ndarray:
    """Cumulative sums (T + 1, F) from zero."""
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    return sums
