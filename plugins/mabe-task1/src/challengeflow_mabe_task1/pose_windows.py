"""Mean and spread over windows, by cumulative sums: the cost does not depend on the window's length."""

import numpy as np


def window_statistics(values: np.ndarray, before: int, after: int, out: np.ndarray) -> None:
    """Write mean and standard deviation of `values` (T, F) over frames t - before .. t + after into `out` (T, 2F).

    Missing values do not count; a window without any value gives NaN. At both ends the window is cut off, not padded.
    """
    frames, width = values.shape
    seen = ~np.isnan(values)
    known = np.where(seen, values, 0).astype(np.float64)
    first = np.maximum(np.arange(frames) - before, 0)
    last = np.minimum(np.arange(frames) + after + 1, frames)
    # sums of squares lose digits when the mean is far from zero: take each column's own mean away first
    offset = known.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    known = np.where(seen, known - offset, 0)
    count = _window_sum(seen, first, last)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _window_sum(known, first, last) / count
        square = _window_sum(known**2, first, last) / count
    out[:, :width] = mean + offset
    out[:, width:] = np.sqrt(np.maximum(square - mean**2, 0))


def _window_sum(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    return sums[last] - sums[first]
