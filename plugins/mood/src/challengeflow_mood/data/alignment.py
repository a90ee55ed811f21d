"""Alignment of a scan onto the prepared grid by its moments, and the way back.

The body's centre and spread along right, anterior and superior place the grid: an axis-aligned map with one start and
one step an axis. So a scan is never turned or flipped in memory, resampling is a product of three sparse matrices,
and a map returns to the stored orientation exactly. Every voxel counts alike in the moments, so that a scan flipped,
permuted or padded lies on the grid as before.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import nibabel as nib
import numpy as np
from scipy import ndimage, sparse

COARSE = 80  # voxels a side of the grids on which the body is looked for
SPREADS = 2.4  # half side of the grid in standard deviations: an ellipsoid's surface lies at sqrt(5) = 2.24
MIN_RATIO = 0.5  # a thin slab is not stretched beyond twice its proportion
MOST_GRIDS = 8  # nor is it thinner than an eighth of the grid, whatever voxel sizes its header states


def body_mask(volume: np.ndarray) -> np.ndarray:
    """Foreground of (X, Y, Z) values in [0, 1]: above air, the largest component, holes filled; bool."""
    threshold = 0.04 + 0.1 * float(np.percentile(volume, 95))
    mask = ndimage.binary_opening(volume > threshold)
    labels, count = ndimage.label(mask)
    if count == 0:
        return volume > threshold
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return ndimage.binary_fill_holes(labels == sizes.argmax())


def foreground(volume: np.ndarray) -> np.ndarray:
    """What is no air in a scan (X, Y, Z) of any size, in [0, 1]: one threshold, from every fourth voxel; bool."""
    return volume > 0.04 + 0.1 * float(np.percentile(volume[::4, ::4, ::4], 95))


def align(volume: np.ndarray, affine: np.ndarray, grid: int) -> dict[str, Any]:
    """The mapping of a scan (X, Y, Z) onto a grid of `grid`^3 in right, anterior, superior order, as plain JSON.

    Grid index i along grid axis k lies at stored coordinate `start[k] + step[k] * i` of stored axis `axis[k]`;
    a negative step is a flip. `stored` is the scan's three-dimensional shape; `box` are the voxels along each stored
    axis that it was not padded with: from the first up to the last plane that holds more than one value.
    The body is looked for on a grid on the box, and then on one about what was found there. So the order of storage,
    and how much of a border there is, make no difference.
    """
    axis, sign = _orientation(affine)
    box = _box(volume)
    centre, reach = np.array([((first + end - 1) / 2, max(1, end - first - 1) / 2) for first, end in box]).T
    widest = MOST_GRIDS * reach

    def onto(centre: np.ndarray, half: np.ndarray, size: int) -> dict[str, Any]:
        half = half[axis] * sign
        return {
            "stored": [int(n) for n in volume.shape],
            "axis": [int(a) for a in axis],
            "start": [float(v) for v in centre[axis] - half],
            "step": [float(v) for v in 2 * half / (size - 1)],
            "grid": size,
            "box": box,
        }

    for _ in range(2):
        coarse = onto(centre, reach, COARSE)
        body = body_mask(to_grid(volume, coarse)).transpose(np.argsort(axis))
        lines = [coarse["start"][k] + coarse["step"][k] * np.arange(COARSE) for k in np.argsort(axis)]
        centre, spread, reach = _moments(body, lines)
    sizes = nib.affines.voxel_sizes(affine)
    physical = spread * sizes
    half = SPREADS * np.maximum(physical, MIN_RATIO * physical.max()) / sizes
    return onto(centre, np.minimum(half, widest), grid)


def body_size(facts: dict[str, Any]) -> float:
    """How wide a body is, in mm: the geometric mean of its extents, as if it were an ellipsoid of its spread. facts:
    `mapping` (see `align`) and `affine`.
    """
    mapping = facts["mapping"]
    sizes = nib.affines.voxel_sizes(np.asarray(facts["affine"]))[mapping["axis"]]
    sides = np.abs(mapping["step"]) * (mapping["grid"] - 1) * sizes
    return float(np.prod(sides) ** (1 / 3) * np.sqrt(5) / SPREADS)


def to_grid(volume: np.ndarray, mapping: dict[str, Any]) -> np.ndarray:
    """Resample a scan onto its grid, float32 (grid, grid, grid); outside the scan is 0.

    The kernel is a triangle as wide as the step, so that down-sampling averages instead of skipping voxels.
    """
    size, weights = mapping["grid"], _weights(mapping)
    result, order = (volume.T, (2, 1, 0)) if volume.flags.f_contiguous else (volume, (0, 1, 2))
    for axis in order:  # always along the leading axis, which then becomes the last one: no copy of the full volume
        lead, rest = result.shape[0], result.shape[1:]
        small = weights[axis] @ np.ascontiguousarray(result).reshape(lead, -1)
        result = np.moveaxis(small.reshape(size, *rest), 0, -1)
    stored_order = np.argsort(order)
    return np.ascontiguousarray(result.transpose(stored_order).transpose(mapping["axis"]), np.float32)


def measured(padding: np.ndarray | None, mapping: dict[str, Any]) -> np.ndarray:
    """The share of each grid voxel that was measured, float32 (grid, grid, grid): inside the scan and no padding."""
    if padding is not None:
        return to_grid(~padding, mapping)
    weights = _weights(mapping)
    inside = [np.asarray(weights[axis].sum(axis=1), np.float32).ravel() for axis in mapping["axis"]]
    return inside[0][:, None, None] * inside[1][:, None] * inside[2]


def to_scan(values: np.ndarray, mapping: dict[str, Any]) -> np.ndarray:
    """Bring grid values (grid, grid, grid) back to the scan's stored shape, linearly, float32; outside the grid 0."""
    result = np.zeros(mapping["stored"], np.float32)
    for x, plane in planes_of_scan(values, mapping):
        result[x] = plane
    return result


def planes_of_scan(values: np.ndarray, mapping: dict[str, Any], least: float = 0.0) -> Iterator[tuple[int, np.ndarray]]:
    """The same as `to_scan`, one plane of the first stored axis at a time: pairs of index and float32 (Y, Z).

    Planes outside the grid are left out: they are 0; and so are those in which nothing can reach `least`. One case of
    512^3 costs 4 MB this way instead of 540.
    """
    stored = np.argsort(mapping["axis"])  # grid axis of each stored axis
    values = np.ascontiguousarray(values.transpose(stored), np.float32)
    ups = [
        _up_weights(mapping["stored"][a], mapping["start"][k], mapping["step"][k], mapping["grid"])
        for a, k in enumerate(stored)
    ]
    peaks = values.max(axis=(1, 2))

    @lru_cache(maxsize=2)
    def wide(at: int) -> np.ndarray:
        return (ups[2] @ (ups[1] @ values[at]).T).T

    first = ups[0].tocsr()
    for x in range(mapping["stored"][0]):
        row = slice(first.indptr[x], first.indptr[x + 1])
        near = first.indices[row]
        if len(near) and peaks[near].max() >= least:
            yield x, sum(share * wide(at) for at, share in zip(near.tolist(), first.data[row], strict=True))


def _moments(mask: np.ndarray, lines: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre, standard deviation and farthest voxel of a mask along each axis, the last from the centre and with a
    voxel to spare. lines: where the mask's voxels lie, in voxels of the scan.
    """
    centre, spread, reach = np.empty((3, 3))
    for axis, at in enumerate(lines):
        weight = mask.sum(axis=tuple(a for a in range(3) if a != axis)).astype(float)
        if weight.sum() == 0:
            weight[:] = 1  # nothing stands out: the whole scan
        voxel = abs(at[1] - at[0])
        centre[axis] = (at * weight).sum() / weight.sum()
        away = at - centre[axis]
        spread[axis] = max(np.sqrt((away**2 * weight).sum() / weight.sum()), len(at) * voxel / 20, 1.0)
        reach[axis] = np.abs(away[weight > 0]).max() + voxel
    return centre, spread, reach


def _orientation(affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stored axis and sign of the right, anterior and superior directions."""
    ornt = nib.io_orientation(affine)
    axis = np.argsort(ornt[:, 0])
    return axis, ornt[axis, 1]


def _box(volume: np.ndarray) -> list[list[int]]:
    """Along each axis the first plane that holds more than one value, and the one past the last; all where none
    does. Planes are those within the box, so that it is the same whatever value fills the border.
    """
    slow, box, before = 2 if volume.flags.f_contiguous else 0, [[0, n] for n in volume.shape], None
    while box != before:
        before = box
        inner = _uneven(volume[tuple(slice(*ends) for ends in box)], slow)
        box = [[first + low, first + high] for (first, _), (low, high) in zip(box, inner, strict=True)]
    return box


def _uneven(volume: np.ndarray, slow: int) -> list[tuple[int, int]]:
    """The same of the whole planes of a volume; `slow` is the axis that is its slowest in memory."""
    low, high = volume.min(axis=slow), volume.max(axis=slow)
    others = iter(high.max(axis=1 - at) > low.min(axis=1 - at) for at in (0, 1))
    uneven = [_uneven_ends(volume, slow) if axis == slow else np.flatnonzero(next(others)) for axis in range(3)]
    return [(int(at[0]), int(at[-1]) + 1) if len(at) else (0, n) for at, n in zip(uneven, volume.shape, strict=True)]


def _uneven_ends(volume: np.ndarray, axis: int) -> list[int]:
    """The first and the last plane along an axis that hold more than one value."""
    planes = np.moveaxis(volume, axis, 0)

    def first(order: range) -> list[int]:
        return [next((at for at in order if planes[at].min() < planes[at].max()), order[0])]

    return first(range(len(planes))) + first(range(len(planes) - 1, -1, -1))


def _weights(mapping: dict[str, Any]) -> dict[int, sparse.csr_matrix]:
    """Stored axis -> weights (grid, voxels of the axis) of the voxels in each grid voxel; those outside of the box have
    none.
    """
    return {
        axis: _down_weights(mapping["stored"][axis], start, step, mapping["grid"], mapping["box"][axis])
        for axis, start, step in zip(mapping["axis"], mapping["start"], mapping["step"], strict=True)
    }


def _down_weights(count: int, start: float, step: float, size: int, box: list[int]) -> sparse.csr_matrix:
    half = max(1.0, abs(step))
    at = start + step * np.arange(size)
    reach = np.arange(-int(np.ceil(half)) - 1, int(np.ceil(half)) + 2)
    columns = np.floor(at)[:, None].astype(int) + reach
    values = np.maximum(0, 1 - np.abs(columns - at[:, None]) / half)
    values /= values.sum(axis=1, keepdims=True)
    values[(columns < box[0]) | (columns >= box[1])] = 0
    return _sparse(values, columns, (size, count))


def _up_weights(count: int, start: float, step: float, size: int) -> sparse.csr_matrix:
    at = (np.arange(count) - start) / step
    low = np.clip(np.floor(at), 0, size - 2).astype(int)
    share = at - low
    values = np.stack([1 - share, share], axis=1)
    values[(at < 0) | (at > size - 1)] = 0
    return _sparse(values, np.stack([low, low + 1], axis=1), (count, size))


def _sparse(values: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    rows = np.broadcast_to(np.arange(shape[0])[:, None], columns.shape)
    keep = (columns >= 0) & (columns < shape[1]) & (values > 0)
    entries = (values[keep].astype(np.float32), (rows[keep], columns[keep]))
    return sparse.csr_matrix(entries, shape=shape)
