"""The scale of anomaly scores that all models share: how rare a voxel would be in healthy scans.

A raw value (larger is stranger) becomes its tail t = -log10(share of healthy voxels that are as strange), read from
held-out healthy scans and continued in a straight line beyond what they reach, and t becomes t / (t + 5): one half is a
voxel as strange as one in a hundred thousand. The map rises strictly, so it changes no ranking; it spreads the strange
end over the numbers that the scorer's float16 can tell apart, where probabilities near 1 would collapse into one; and
scores of models and folds can be averaged, since they mean the same.
"""

from collections.abc import Iterable

import numpy as np

HALF = 5.0
SHARES = 10.0 ** -np.arange(0.25, 5.1, 0.25)  # of healthy voxels that are stranger
LEAST_VOXELS = 20  # behind the rarest share that is read and not continued


def fit(healthy: Iterable[np.ndarray]) -> np.ndarray:
    """The scale, float64 (2, n): raw values, rising, and their tails, of raw values of voxels of held-out healthy
    scans.
    """
    values = np.sort(np.concatenate([np.asarray(each, np.float32).ravel() for each in healthy]).astype(np.float64))
    shares = SHARES[SHARES * len(values) >= LEAST_VOXELS]
    if len(shares) < 2:
        shares = SHARES[:2]
    at = np.quantile(values, 1 - shares)
    step = 1e-4 * max(float(values[-1] - values[0]), 1.0)
    at = np.maximum.accumulate(at) + step * np.arange(len(at))  # strictly rising, also where many values are equal
    return np.stack([at, -np.log10(shares)])


def apply(scale: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Scores in (0, 1), float32, of raw values of any shape."""
    at, tails = np.asarray(scale, np.float64)
    values = np.asarray(values, np.float64)
    slope = (tails[-1] - tails[-3:][0]) / (at[-1] - at[-3:][0])
    tail = np.interp(values, at, tails) + np.maximum(values - at[-1], 0) * slope
    below = np.maximum(at[0] - values, 0) * (tails[1] - tails[0]) / (at[1] - at[0])
    tail = np.where(values < at[0], tails[0] / (1 + below / tails[0]), tail)  # falls towards 0, never reaches it
    return (tail / (tail + HALF)).astype(np.float32)
