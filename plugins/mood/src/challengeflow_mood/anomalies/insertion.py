"""Inserting one anomaly into a scan: where, how large, in which shape; the recipe that makes it again; the mask of
it.
"""

from functools import cached_property
from typing import Any

import numpy as np
from scipy import ndimage

from challengeflow import InputError
from challengeflow_mood.anomalies.kinds import KINDS, SHAPE_OF, Patch
from challengeflow_mood.anomalies.shapes import REACH, SHAPES, SMOOTH

RADII = (0.09, 0.15)  # of the body's mean side; of anomalies that are scored
LEARNT_RADII = (0.05, 0.22)  # of those that models learn from: as small, and as large, as real lesions
RIMS = (0.02, 0.4)  # share of the radius over which an anomaly fades out
MIN_CHANGE = 0.02  # a voxel counts as abnormal when its value changed by more, in values of [0, 1]
VISIBLE = 0.07  # mean change within the shape: even tissue turned about itself is no anomaly
MIN_VOXELS = 20
ATTEMPTS = 40
Window = tuple[slice, ...]
Made = tuple[Window, np.ndarray, np.ndarray, float]
"""Where an anomaly is, the new values and the mask there, and the mean change within the shape."""


class Body:
    """Where anomalies may lie in a scan: a mask (X, Y, Z), bool, and its bounding box. Made once, used for many
    anomalies.
    """

    def __init__(self, mask: np.ndarray):
        self.mask = np.asarray(mask, bool)

    @cached_property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest corner and the one past the highest. Raises InputError when there is no body."""
        profiles = [np.flatnonzero(self.mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
        if not len(profiles[0]):
            raise InputError("has no foreground to insert an anomaly into")
        low, high = np.array([(p[0], p[-1] + 1) for p in profiles]).T
        return low, high

    def centre(self, random: np.random.Generator) -> np.ndarray | None:
        """A place in the middle half of the bounding box, or None when it is not in the body."""
        low, high = self.box
        centre = random.integers(low + (high - low) // 4, np.maximum(high - (high - low) // 4, low + 1))
        return centre if self.mask[tuple(centre)] else None

    @property
    def side(self) -> float:
        return float(np.mean(self.box[1] - self.box[0]))


def insert(
    volume: np.ndarray,
    body: Body,
    kind: str,
    random: np.random.Generator,
    foreign: np.ndarray | None = None,
    radii: tuple[float, float] = RADII,
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """A copy of `volume` (X, Y, Z) in [0, 1] with one anomaly of `kind`, its mask (uint8) and its recipe.

    foreign: another scan, where the kind needs one; of another shape it is read in proportion. radii: the least and the
    largest, in shares of the body's mean side. Of up to 40 places the first is taken at
    which the anomaly clearly shows, or the one at which it shows best. Raises InputError when there is none at which
    at least 20 voxels change.
    """
    best: tuple[dict[str, Any], Window, np.ndarray, np.ndarray] | None = None
    best_change = 0.0
    for _ in range(ATTEMPTS):
        recipe = _draw(body, kind, random, radii)
        if recipe is None:
            continue
        window, changed, mask, change = _make(volume, body, recipe, foreign)
        if mask.sum() >= MIN_VOXELS and change > best_change:
            best, best_change = (recipe, window, changed, mask), change
        if best_change >= VISIBLE:
            break
    if best is None:
        raise InputError(f"no place was found for an anomaly of kind {kind!r}")
    recipe, window, changed, mask = best
    return *_placed(volume, window, changed, mask), recipe


def make(
    volume: np.ndarray, body: Body, recipe: dict[str, Any], foreign: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The scan and mask of a recipe that `insert` returned for the same scan (and the same foreign one), once more."""
    window, changed, mask, _ = _make(volume, body, recipe, foreign)
    return _placed(volume, window, changed, mask)


def _draw(body: Body, kind: str, random: np.random.Generator, radii: tuple[float, float]) -> dict[str, Any] | None:
    """A recipe, JSON alone: everything else about the anomaly comes from its seed. None where no body is."""
    centre = body.centre(random)
    if centre is None:
        return None
    shapes = SHAPE_OF.get(kind, SMOOTH)
    return {
        "kind": kind,
        "shape": shapes[random.integers(len(shapes))],
        "centre": [int(c) for c in centre],
        "radius": max(2.0, body.side * float(random.uniform(*radii))),
        "rim": float(random.uniform(*RIMS)),
        "seed": int(random.integers(2**31)),
    }


def _make(volume: np.ndarray, body: Body, recipe: dict[str, Any], foreign: np.ndarray | None) -> Made:
    """The window of an anomaly, its new values and mask there, and the mean change within the shape."""
    random, radius = np.random.default_rng(recipe["seed"]), recipe["radius"]
    centre, reach = np.array(recipe["centre"]), int(np.ceil(REACH * radius))
    window = _window(centre, reach, volume.shape)
    offsets = np.stack(
        np.meshgrid(
            *(np.arange(s.start, s.stop, dtype=np.float32) - c for s, c in zip(window, centre, strict=True)),
            indexing="ij",
        )
    )
    around = np.array(volume[window])
    distance = SHAPES[recipe["shape"]](offsets / np.float32(radius), random).astype(np.float32)

    def elsewhere() -> np.ndarray:
        places = (body.centre(random) for _ in range(ATTEMPTS))
        place = next((place for place in places if place is not None), centre)
        return _values_at(volume, place[:, None, None, None] + offsets)

    def same_place() -> np.ndarray:
        if foreign is None:
            raise InputError(f"an anomaly of kind {recipe['kind']!r} takes tissue from another scan, and there is none")
        scale = np.array(foreign.shape) / np.array(volume.shape)
        return _values_at(foreign, scale[:, None, None, None] * (centre[:, None, None, None] + offsets))

    patch = Patch(around, distance, offsets, radius, random, elsewhere, same_place)
    changed = np.clip(KINDS[recipe["kind"]](patch), 0, 1).astype(np.float32)
    weight = np.clip((1 - distance) / recipe["rim"], 0, 1)
    changed = weight * changed + (1 - weight) * around
    where = (distance < 1) & body.mask[window]
    mask = where & (np.abs(changed - around) > MIN_CHANGE)
    mask = ndimage.binary_closing(mask) & where
    change = float(np.abs(changed - around)[where].mean()) if where.any() else 0.0
    return window, np.where(where, changed, around), mask, change


def _placed(volume: np.ndarray, window: Window, changed: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    result, labels = volume.copy(order="K"), np.zeros(volume.shape, np.uint8)
    result[window] = changed
    labels[window] = mask
    return result, labels


def _window(centre: np.ndarray, reach: int, shape: tuple[int, ...]) -> Window:
    return tuple(slice(max(0, int(c) - reach), min(n, int(c) + reach + 1)) for c, n in zip(centre, shape, strict=True))


def _values_at(volume: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Values at voxel coordinates (3, ...), linear, edges repeated; only the part that is needed is looked at."""
    low = np.clip(np.floor(at.min(axis=(1, 2, 3))).astype(int), 0, np.array(volume.shape) - 1)
    high = np.clip(np.ceil(at.max(axis=(1, 2, 3))).astype(int) + 1, low + 1, volume.shape)
    part = np.asarray(volume[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], np.float32)
    return ndimage.map_coordinates(part, at - low[:, None, None, None], order=1, mode="nearest")
