"""Shapes of anomalies: the distance from a centre in units of the shape's own size; below 1 is inside.

Each function takes offsets from the centre (3, X, Y, Z) in radii and a random generator, and returns float32 (X, Y, Z).
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

REACH = 1.8  # no shape goes farther from its centre, in radii

# Centres and radii (right, front, up) of the ellipsoids that make a gorilla, in radii.
GORILLA = (
    ((0.0, 0.10, 0.95), (0.30, 0.32, 0.36)),  # head
    ((0.0, 0.25, 0.85), (0.16, 0.25, 0.16)),  # muzzle
    ((0.0, 0.00, 0.25), (0.55, 0.40, 0.55)),  # chest
    ((0.0, 0.05, -0.30), (0.45, 0.42, 0.45)),  # belly
    ((-0.62, 0.10, 0.25), (0.22, 0.22, 0.50)),  # upper arms
    ((0.62, 0.10, 0.25), (0.22, 0.22, 0.50)),
    ((-0.75, 0.25, -0.55), (0.18, 0.20, 0.55)),  # forearms, down to the knuckles
    ((0.75, 0.25, -0.55), (0.18, 0.20, 0.55)),
    ((-0.30, 0.05, -0.90), (0.22, 0.25, 0.45)),  # legs
    ((0.30, 0.05, -0.90), (0.22, 0.25, 0.45)),
)


def sphere(offsets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A ball of one radius."""
    return np.sqrt((offsets**2).sum(axis=0))


def ellipsoid(offsets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """An ellipsoid in any direction, its half axes 0.6 to 1.4 radii."""
    axes = random.uniform(0.6, 1.4, size=3).astype(np.float32)
    return np.sqrt(((_turned(offsets, random) / axes[:, None, None, None]) ** 2).sum(axis=0))


def box(offsets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A box in any direction, its half sides 0.5 to 1 radius."""
    sides = random.uniform(0.5, 1.0, size=3).astype(np.float32)
    return np.abs(_turned(offsets, random) / sides[:, None, None, None]).max(axis=0)


def blob(offsets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """An ellipsoid with a smoothly uneven surface."""
    bumps = random.standard_normal((7, 7, 7)).astype(np.float32)
    at = (offsets / REACH + 1) * 3
    uneven = ndimage.map_coordinates(ndimage.gaussian_filter(bumps, 0.7), at, order=1, mode="nearest")
    return ellipsoid(offsets, random) + np.clip(uneven, -0.25, 0.25)


def sheet(offsets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A thin, curved piece of a surface: a scar. About a sixth of a radius thick."""
    first, second, height = _turned(offsets, random)
    bend = random.uniform(-0.4, 0.4, size=2).astype(np.float32)
    height = height + bend[0] * first**2 + bend[1] * second**2
    return np.maximum(np.hypot(first, second) / 1.4, np.abs(height) / 0.09)


def gorilla(offsets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A gorilla in any direction (Drew et al. 2013: radiologists who searched a CT for nodules did not see it)."""
    turned = _turned(offsets, random)
    distance = np.full(offsets.shape[1:], np.inf, np.float32)
    for centre, radii in GORILLA:
        parts = ((turned[axis] - centre[axis]) / radii[axis] for axis in range(3))
        distance = np.minimum(distance, np.sqrt(sum(part**2 for part in parts)))
    return distance


def _turned(offsets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    matrix = Rotation.random(rng=random).as_matrix().astype(np.float32)
    return np.einsum("ij,jxyz->ixyz", matrix, offsets)


SHAPES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    shape.__name__: shape for shape in (sphere, ellipsoid, box, blob, sheet, gorilla)
}
SMOOTH = ("sphere", "ellipsoid", "box", "blob")
