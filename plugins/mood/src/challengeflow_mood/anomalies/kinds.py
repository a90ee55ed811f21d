"""Kinds of anomalies: what becomes of the values in and around a shape. Each is one small function of a `Patch`.

Sources: foreign patches and the deformations, Tan et al. 2020 (Foreign Patch Interpolation, arXiv 2011.04197);
Poisson, Tan et al. 2021 (arXiv 2107.02622); copy and paste with rotation, constant, edges, permutation and scar, the
winner of 2021 (Cho et al., 10.1007/978-3-030-97281-3_15).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from challengeflow_mood.anomalies.blending import seamless

JITTER = 0.15  # grey values of foreign tissue are moved by up to this


@dataclass(frozen=True)
class Patch:
    """The surroundings of one anomaly: all arrays (X, Y, Z), float32, values in [0, 1].

    values: what is there; distance: from the centre in units of the shape, below 1 inside; offsets (3, X, Y, Z): from
    the centre, in voxels; elsewhere: the same scan around another place of the body; foreign: another scan around the
    same place.
    """

    values: np.ndarray
    distance: np.ndarray
    offsets: np.ndarray
    radius: float
    random: np.random.Generator
    elsewhere: Callable[[], np.ndarray]
    foreign: Callable[[], np.ndarray]

    def sample(self, wanted: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        """`values` (of this place by default) at offsets `wanted` (3, X, Y, Z) from the centre; linear, edges
        repeated.
        """
        at = wanted - self.offsets[:, :1, :1, :1]
        return ndimage.map_coordinates(self.values if values is None else values, at, order=1, mode="nearest")

    def level(self) -> float:
        """The mean value within the shape."""
        inside = self.distance < 1
        return float(self.values[inside].mean()) if inside.any() else 0.5


def uniform(patch: Patch) -> np.ndarray:
    """A constant added or taken: 0.15 to 0.3."""
    return patch.values + patch.random.choice([-1, 1]) * patch.random.uniform(0.15, 0.3)


def noise(patch: Patch) -> np.ndarray:
    """Independent noise on every voxel, deviation 0.08 to 0.25."""
    size = patch.random.uniform(0.08, 0.25)
    return patch.values + size * patch.random.standard_normal(patch.values.shape).astype(np.float32)


def sink(patch: Patch) -> np.ndarray:
    """Tissue drawn to the centre: each voxel shows what lies farther out."""
    reach = np.clip(patch.distance, 0.05, 1)
    return patch.sample(patch.offsets * np.where(patch.distance < 1, 1 / np.sqrt(reach), 1))


def source(patch: Patch) -> np.ndarray:
    """Tissue pushed out of the centre: each voxel shows what lies farther in."""
    return patch.sample(patch.offsets * np.minimum(patch.distance, 1))


def shift(patch: Patch) -> np.ndarray:
    """The shape shows tissue from 0.4 to 0.9 of a radius beside it, along each axis."""
    move = patch.random.choice([-1, 1], size=3) * patch.random.uniform(0.4, 0.9, size=3) * patch.radius
    return patch.sample(patch.offsets + move[:, None, None, None])


def reflection(patch: Patch) -> np.ndarray:
    """The shape mirrored about its centre along a random axis."""
    sign = np.ones(3)
    sign[patch.random.integers(3)] = -1
    return patch.sample(patch.offsets * sign[:, None, None, None])


def gorilla(patch: Patch) -> np.ndarray:
    """An object of one grey value, clearly another than what is there, with a little texture."""
    texture = 0.03 * patch.random.standard_normal(patch.values.shape).astype(np.float32)
    return _other_level(patch) + texture


def constant(patch: Patch) -> np.ndarray:
    """One grey value throughout, clearly another than the mean of what is there."""
    return np.full_like(patch.values, _other_level(patch))


def bias(patch: Patch) -> np.ndarray:
    """Brighter or darker by up to 30 to 60 % in the middle, less and less towards the rim."""
    size = patch.random.choice([-1, 1]) * patch.random.uniform(0.3, 0.6)
    return patch.values * (1 + size * np.clip(1 - patch.distance**2, 0, 1))


def scar(patch: Patch) -> np.ndarray:
    """As dark as fluid or as bright as calcium."""
    return np.full_like(patch.values, patch.random.choice([0.1, 0.9]))


def foreign_patch(patch: Patch) -> np.ndarray:
    """The same place of another scan, mixed in by 0.4 to 1."""
    share = patch.random.uniform(0.4, 1)
    return share * (patch.foreign() + _jitter(patch)) + (1 - share) * patch.values


def poisson(patch: Patch) -> np.ndarray:
    """The gradients of another scan's same place, the values at the rim kept: no edge shows."""
    return seamless(patch.values, patch.foreign(), patch.distance < 1)


def copy_paste(patch: Patch) -> np.ndarray:
    """Tissue from elsewhere in the same scan, somewhat brighter or darker."""
    return patch.elsewhere() + _jitter(patch)


def rotation(patch: Patch) -> np.ndarray:
    """Tissue from elsewhere in the same scan, turned by up to half a turn about any axis, brighter or darker."""
    matrix = Rotation.random(rng=patch.random).as_matrix()
    turned = np.einsum("ij,jxyz->ixyz", matrix, patch.offsets)
    return patch.sample(turned, patch.elsewhere()) + _jitter(patch)


def permutation(patch: Patch) -> np.ndarray:
    """Small cubes of what is there, in another order."""
    side = max(2, round(patch.radius / patch.random.uniform(2, 4)))
    counts = [n // side for n in patch.values.shape]
    whole = tuple(slice(0, n * side) for n in counts)
    cut = patch.values[whole].reshape(counts[0], side, counts[1], side, counts[2], side)
    cubes = cut.transpose(0, 2, 4, 1, 3, 5).reshape(-1, side, side, side)
    cubes = cubes[patch.random.permutation(len(cubes))].reshape(*counts, side, side, side)
    result = patch.values.copy()
    result[whole] = cubes.transpose(0, 3, 1, 4, 2, 5).reshape([n * side for n in counts])
    return result


def edges(patch: Patch) -> np.ndarray:
    """The size of the gradient (Sobel) in place of the value."""
    size = np.sqrt(sum(ndimage.sobel(patch.values, axis) ** 2 for axis in range(3)))
    return size / max(float(size.max()), 1e-6)


KINDS: dict[str, Callable[[Patch], np.ndarray]] = {
    kind.__name__: kind
    for kind in (
        *(uniform, noise, sink, source, shift, reflection, gorilla),
        *(constant, bias, scar, foreign_patch, poisson, copy_paste, rotation, permutation, edges),
    )
}
SHAPE_OF = {"gorilla": ("gorilla",), "scar": ("sheet",), "sink": ("sphere",), "source": ("sphere",)}
"""Kinds that have shapes of their own; the others take any smooth one."""


def _jitter(patch: Patch) -> float:
    return patch.random.uniform(-JITTER, JITTER)


def _other_level(patch: Patch) -> float:
    level = patch.level()
    return level + 0.2 + 0.5 * patch.random.random() if level < 0.4 else level * patch.random.uniform(0, 0.6)
