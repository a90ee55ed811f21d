"""Whether a scan as a whole is foreign: another contrast, another part of the body, another modality.

A scan's likeness is the correlation of its smoothed grey values with the mean healthy scan, as Fisher's z. How far
healthy scans lie from the mean of scans of *other* groups is known from the training scans; one that lies more than
three of their standard deviations lower is foreign, and all its voxels gain the tail of that distance (see
`score_scale`). Local models do not see this: a scan that is strange everywhere has no strangest place.
"""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage, special

from challengeflow_mood.data.healthy_scans import Healthy, parts_by_group
from challengeflow_mood.data.intensity import relative_grey

SMOOTH, STEP = 1.0, 2  # voxels
PARTS = 8
FOREIGN = 3.0  # standard deviations
LEAST_SPREAD = 0.05  # of Fisher's z: few scans may all be alike by chance


def fit(healthy: Healthy) -> dict[str, np.ndarray]:
    """Arrays of the mean healthy scan, and mean and spread of the likeness of scans to the mean of others."""
    grey = np.stack([_coarse(volume, mask) for volume, mask in zip(healthy.volumes, healthy.masks, strict=True)])
    bodies = np.stack([_body(mask) for mask in healthy.masks])
    part = parts_by_group(healthy.groups, PARTS)
    likeness = np.empty(len(healthy))
    for number in range(part.max() + 1):
        mean, presence = grey[part != number].mean(axis=0), bodies[part != number].mean(axis=0)
        for at in np.flatnonzero(part == number):
            likeness[at] = _likeness(grey[at], bodies[at], mean, presence)
    return {
        "whole_mean": grey.mean(axis=0),
        "whole_presence": bodies.mean(axis=0, dtype=np.float32),
        "whole_likeness": np.array([likeness.mean(), max(likeness.std(), LEAST_SPREAD)]),
    }


def lift(model: Mapping[str, np.ndarray], volume: np.ndarray, mask: np.ndarray) -> float:
    """What the voxels of a prepared scan gain in tail: 0 unless the scan is foreign. model: the arrays of `fit`, and
    others.
    """
    middle, spread = model["whole_likeness"]
    likeness = _likeness(_coarse(volume, mask), _body(mask), model["whole_mean"], model["whole_presence"])
    distance = (middle - likeness) / spread
    return float(-special.log_ndtr(-distance) / np.log(10)) if distance > FOREIGN else 0.0


def _coarse(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(relative_grey(volume, mask), SMOOTH)[::STEP, ::STEP, ::STEP]


def _body(mask: np.ndarray) -> np.ndarray:
    return mask[::STEP, ::STEP, ::STEP] > 0


def _likeness(grey: np.ndarray, body: np.ndarray, mean: np.ndarray, presence: np.ndarray) -> float:
    """Fisher's z of the correlation within this body and the usual one; 0 where either is constant."""
    where = body | (presence > 0.5)
    if where.sum() < 2 or grey[where].std() == 0 or mean[where].std() == 0:
        return 0.0
    return float(np.arctanh(np.clip(np.corrcoef(grey[where], mean[where])[0, 1], -0.999, 0.999)))
