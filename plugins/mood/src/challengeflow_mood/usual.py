"""What is usual at each place of an aligned scan: mean and spread of grey value and texture over healthy scans.

Networks see how far a scan departs from it beside the scan itself, and so need not learn healthy anatomy by heart, for
which a few heads and a few hundred steps would not do.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from challengeflow_mood.healthy_scans import Healthy, parts_by_group
from challengeflow_mood.pca_residual import CHANNELS, channel

SMOOTH = (0.7, 1.5)  # voxels over which mean and spread are smoothed, since scans are few
LEAST_SPREAD = 0.15  # of the 95 % quantile of spreads
FARTHEST = 6.0  # spreads at which departures are cut off
PARTS = 8


def fit(healthy: Healthy) -> np.ndarray:
    """Means, then spreads, of each of `CHANNELS` at each voxel, float32 (2 * channels, g, g, g)."""
    means, spreads = [], []
    for name in CHANNELS:
        total = square = 0.0
        for volume, mask in zip(healthy.volumes, healthy.masks, strict=True):
            values = channel(name, volume, mask).astype(np.float64)
            total, square = total + values, square + values**2
        mean = total / len(healthy)
        variance = np.maximum(square / len(healthy) - mean**2, 0)
        spread = np.sqrt(ndimage.gaussian_filter(variance, SMOOTH[1]))
        means.append(ndimage.gaussian_filter(mean, SMOOTH[0]))
        spreads.append(np.maximum(spread, max(LEAST_SPREAD * np.percentile(spread, 95), 1e-3)))
    return np.stack([*means, *spreads]).astype(np.float32)


def with_that_of_others(healthy: Healthy) -> Healthy:
    """The scans, each with what is usual in scans of *other* groups: a scan departs less from a mean that it is part of."""
    part = parts_by_group(healthy.groups, PARTS)
    known = [fit(healthy.subset(np.flatnonzero(part != number))) for number in range(part.max() + 1)]
    return replace(healthy, usual=tuple(known[number] for number in part))


def departures(usual: np.ndarray, volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How far each of `CHANNELS` lies from its mean, in spreads, float32 (channels, g, g, g)."""
    values = np.stack([channel(name, volume, mask) for name in CHANNELS])
    means, spreads = usual[: len(CHANNELS)], usual[len(CHANNELS) :]
    return np.clip((values - means) / spreads, -FARTHEST, FARTHEST)
