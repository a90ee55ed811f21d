"""Whether a scan as a whole is foreign: another contrast, another part of the body, another modality, a part alone.

A scan is foreign where it holds few values, as masks and label maps do, where too little of the usual body was scanned,
where its body is far larger or smaller than those of healthy scans (another part of the body, or a header in other
units), or where its smoothed grey values are too unlike the mean healthy scan. The likeness is their correlation, as
Fisher's z; how far healthy scans lie from the mean of scans of *other* groups is known from the training scans. No
header clears a scan. Local models do not see this: a scan that is strange everywhere has no strangest place.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from challengeflow_mood.data.alignment import body_size
from challengeflow_mood.data.healthy_scans import Healthy, parts_by_group
from challengeflow_mood.data.intensity import relative_grey

SMOOTH, STEP = 1.0, 2  # voxels
PARTS = 8
FOREIGN = 4.0  # standard deviations of healthy scans' likeness
LEAST_LIKE = 0.45  # of the mean likeness: what is less alike is foreign, however much healthy scans differ
LEAST_SPREAD = 0.1  # of Fisher's z: few scans may all be alike by chance
RESIZED = 1.5  # times as large as the largest healthy body, or as small as the smallest
FEW = 16  # values
COVERED = 0.75  # least share of the usual body that was scanned
LOWEST = 0.9  # score of the least strange voxel of a foreign scan: above what is found in healthy ones


def fit(healthy: Healthy) -> dict[str, np.ndarray]:
    """Arrays of the mean healthy scan, mean and spread of the likeness of scans to the mean of others, and the
    smallest and largest body in mm.
    """
    grey = np.stack([_coarse(volume, mask) for volume, mask in zip(healthy.volumes, healthy.masks, strict=True)])
    bodies = np.stack([_body(mask) for mask in healthy.masks])
    part = parts_by_group(healthy.groups, PARTS)
    likeness = np.empty(len(healthy))
    for number in range(part.max() + 1):
        mean, presence = grey[part != number].mean(axis=0), bodies[part != number].mean(axis=0)
        for at in np.flatnonzero(part == number):
            likeness[at] = _likeness(grey[at], mean, bodies[at] | (presence > 0.5))
    return {
        "whole_mean": grey.mean(axis=0),
        "whole_presence": bodies.mean(axis=0, dtype=np.float32),
        "whole_size": np.array([min(healthy.sizes), max(healthy.sizes)]),
        "whole_likeness": np.array([likeness.mean(), max(likeness.std(), LEAST_SPREAD)]),
    }


def read(folder: Path) -> dict[str, np.ndarray] | None:
    """The arrays of `fit` in a model's folder; None where it has none."""
    found = {path.stem: np.load(path) for path in sorted(folder.glob("whole_*.npy"))}
    return found or None


def foreign(model: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray], facts: dict[str, Any]) -> str:
    """Why a prepared scan (`volume`, `mask`, `scanned`, and its attributes) is foreign as a whole; empty where it is
    not. model: see `fit`.
    """
    if facts["values"] < FEW:
        return f"foreign: holds {facts['values']} values alone, as masks and label maps do"
    scanned = np.asarray(arrays["scanned"])[::STEP, ::STEP, ::STEP] >= 0.5
    usual = np.asarray(model["whole_presence"]) > 0.5
    covered = float(scanned[usual].mean()) if usual.any() else 1.0
    if covered < COVERED:
        return f"foreign: shows {covered:.0%} of the body that scans of this kind show"
    size, (smallest, largest) = body_size(facts), model["whole_size"]
    if not smallest / RESIZED <= size <= largest * RESIZED:
        return (
            f"foreign: its body is {size:.3g} mm wide, those of healthy scans of this kind {smallest:.0f} to "
            f"{largest:.0f} mm; look at the voxel sizes in its header"
        )
    middle, spread = (float(value) for value in model["whole_likeness"])
    where = (_body(arrays["mask"]) | usual) & scanned
    likeness = _likeness(_coarse(arrays["volume"], arrays["mask"]), np.asarray(model["whole_mean"]), where)
    if likeness >= max(middle - FOREIGN * spread, LEAST_LIKE * middle):
        return ""
    return (
        f"foreign: its likeness to healthy scans of this kind is {likeness:.2f}; theirs is {middle:.2f} (+- "
        f"{spread:.2f})"
    )


def raised(values: np.ndarray) -> np.ndarray:
    """The map of a foreign scan: from `LOWEST` to 1 wherever `values` in [0, 1] say anything, in the order that they
    had.
    """
    return np.where(values > 0, LOWEST + (1 - LOWEST) * values, 0)


def _coarse(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(relative_grey(volume, mask), SMOOTH)[::STEP, ::STEP, ::STEP]


def _body(mask: np.ndarray) -> np.ndarray:
    return np.asarray(mask)[::STEP, ::STEP, ::STEP] > 0


def _likeness(grey: np.ndarray, mean: np.ndarray, where: np.ndarray) -> float:
    """Fisher's z of the correlation within `where`; 0 where either is constant."""
    if where.sum() < 2 or grey[where].std() == 0 or mean[where].std() == 0:
        return 0.0
    return float(np.arctanh(np.clip(np.corrcoef(grey[where], mean[where])[0, 1], -0.999, 0.999)))
