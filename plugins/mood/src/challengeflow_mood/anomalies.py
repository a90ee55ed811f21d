"""Made anomalies for the proxy split: inserted into healthy scans, on the scan's own grid, with a known mask.

The first five kinds are those of Foreign Patch Interpolation (Tan et al. 2020), the last follows the copy-and-paste
of CGV (2021's winner). Each takes the values around a sphere and a random generator and returns the new values there.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from challengeflow import InputError

RADII = (0.09, 0.15)  # of the body's mean side
MIN_CHANGE = 0.02  # a voxel counts as abnormal when its value changed by more, in values of [0, 1]
VISIBLE = 0.07  # mean change within the sphere: a sphere of even tissue turned about itself is no anomaly
MIN_VOXELS = 20
ATTEMPTS = 40


def insert(
    volume: np.ndarray, body: np.ndarray, kind: str, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A copy of `volume` (X, Y, Z) in [0, 1] with one anomaly of `kind` in its body, and the mask of it, uint8.

    body: bool (X, Y, Z), where anomalies may lie; centres are drawn in the middle half of its bounding box. Raises
    InputError when no place could be found at which the anomaly changes at least 20 voxels. Of up to 40 places the
    first is taken at which it clearly shows, or the one at which it shows best.
    """
    profiles = [np.flatnonzero(body.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    if not len(profiles[0]):
        raise InputError("has no foreground to insert an anomaly into")
    low, high = np.array([(p[0], p[-1] + 1) for p in profiles]).T
    side = float(np.mean(high - low))
    best, best_change = None, 0.0
    for _ in range(ATTEMPTS):
        centre = random.integers(low + (high - low) // 4, high - (high - low) // 4)
        if not body[tuple(centre)]:
            continue
        radius = max(2.0, side * random.uniform(*RADII))
        window = tuple(
            slice(max(0, int(c - 2 * radius)), min(n, int(c + 2 * radius) + 1))
            for c, n in zip(centre, volume.shape, strict=True)
        )
        around = np.array(volume[window])
        offsets = np.meshgrid(
            *(np.arange(s.start, s.stop) - c for s, c in zip(window, centre, strict=True)), indexing="ij"
        )
        distance = np.sqrt(sum(o.astype(np.float32) ** 2 for o in offsets)) / radius
        inside = distance < 1
        changed = np.clip(KINDS[kind](around, distance, np.stack(offsets), radius, random), 0, 1)
        mask = inside & (np.abs(changed - around) > MIN_CHANGE) & body[window]
        mask = ndimage.binary_closing(mask) & inside & body[window]
        where = inside & body[window]
        change = float(np.abs(changed - around)[where].mean()) if where.any() else 0.0
        if mask.sum() >= MIN_VOXELS and change > best_change:
            best, best_change = (window, np.where(where, changed, around), mask), change
        if best_change >= VISIBLE:
            break
    if best is None:
        raise InputError(f"no place was found for an anomaly of kind {kind!r}")
    window, changed, mask = best
    result, labels = volume.copy(order="K"), np.zeros(volume.shape, np.uint8)
    result[window] = changed
    labels[window] = mask
    return result, labels


def uniform(around, distance, offsets, radius, random):
    """A constant added or taken: 0.15 to 0.3."""
    return around + random.choice([-1, 1]) * random.uniform(0.15, 0.3)


def noise(around, distance, offsets, radius, random):
    """Independent noise on every voxel."""
    return around + random.uniform(0.08, 0.25) * random.standard_normal(around.shape).astype(np.float32)


def sink(around, distance, offsets, radius, random):
    """Tissue drawn to the centre: each voxel shows what lies farther out."""
    reach = np.clip(distance, 0.05, 1)
    return _sample(around, offsets, radius, offsets * (np.where(distance < 1, 1 / np.sqrt(reach), 1)))


def source(around, distance, offsets, radius, random):
    """Tissue pushed out of the centre: each voxel shows what lies farther in."""
    return _sample(around, offsets, radius, offsets * np.where(distance < 1, distance, 1))


def shift(around, distance, offsets, radius, random):
    """The sphere shows tissue from 0.4 to 0.9 of a radius beside it."""
    move = random.choice([-1, 1], size=3) * random.uniform(0.4, 0.9, size=3) * radius
    return _sample(around, offsets, radius, offsets + move[:, None, None, None])


def reflection(around, distance, offsets, radius, random):
    """The sphere mirrored about its centre along a random axis."""
    sign = np.ones(3)
    sign[random.integers(3)] = -1
    return _sample(around, offsets, radius, offsets * sign[:, None, None, None])


def paste(around, distance, offsets, radius, random):
    """Tissue from a quarter turn away, with the grey values jittered and a soft rim."""
    first, second = random.choice(3, size=2, replace=False)
    turned = offsets.copy()
    turned[first], turned[second] = offsets[second], -offsets[first]
    foreign = _sample(around, offsets, radius, turned) + random.uniform(-0.15, 0.15)
    weight = np.clip((1 - distance) / 0.3, 0, 1)
    return weight * foreign + (1 - weight) * around


KINDS: dict[str, Callable[..., np.ndarray]] = {
    kind.__name__: kind for kind in (uniform, noise, sink, source, shift, reflection, paste)
}


def _sample(around: np.ndarray, offsets: np.ndarray, radius: float, wanted: np.ndarray) -> np.ndarray:
    """Values of `around` at the offsets `wanted` (3, ...) from the centre, linear, edges repeated."""
    corner = offsets[:, 0, 0, 0]
    at = wanted - corner[:, None, None, None]
    return ndimage.map_coordinates(around, at, order=1, mode="nearest")
