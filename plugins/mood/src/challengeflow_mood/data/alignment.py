"""Alignment of a scan onto the prepared grid by its moments, and the way back.

The body's centre and spread along right, anterior and superior place the grid: an axis-aligned map with one start and
one step an axis. So a scan is never turned or flipped in memory, resampling is a product of three sparse matrices,
and a map returns to the stored orientation exactly.
"""

from collections.abc import Iterator
from typing import Any

import nibabel as nib
import numpy as np
from scipy import ndimage, sparse

COARSE = 64
SPREADS = 2.4  # half side of the grid in standard deviations: an ellipsoid's surface lies at sqrt(5) = 2.24
MIN_RATIO = 0.5  # a thin slab is not stretched beyond twice its proportion


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
    a negative step is a flip. `stored` is the scan's three-dimensional shape.
    """
    strides = [max(1, n // COARSE) for n in volume.shape]
    mask = body_mask(np.ascontiguousarray(volume[:: strides[0], :: strides[1], :: strides[2]]))
    centre, spread = _moments(mask, strides, volume.shape)
    sizes = nib.affines.voxel_sizes(affine)
    sizes = np.where(np.isfinite(sizes) & (sizes > 0), sizes, 1.0)
    physical = spread * sizes
    spread = np.maximum(physical, MIN_RATIO * physical.max()) / sizes
    axis, sign = _orientation(affine)
    half = SPREADS * spread[axis] * sign
    return {
        "stored": [int(n) for n in volume.shape],
        "axis": [int(a) for a in axis],
        "start": [float(v) for v in centre[axis] - half],
        "step": [float(v) for v in 2 * half / (grid - 1)],
        "grid": grid,
    }


def to_grid(volume: np.ndarray, mapping: dict[str, Any]) -> np.ndarray:
    """Resample a scan onto its grid, float32 (grid, grid, grid); outside the scan is 0.

    The kernel is a triangle as wide as the step, so that down-sampling averages instead of skipping voxels.
    """
    size = mapping["grid"]
    weights = {
        axis: _down_weights(volume.shape[axis], start, step, size)
        for axis, start, step in zip(mapping["axis"], mapping["start"], mapping["step"], strict=True)
    }
    result, order = (volume.T, (2, 1, 0)) if volume.flags.f_contiguous else (volume, (0, 1, 2))
    for axis in order:  # always along the leading axis, which then becomes the last one: no copy of the full volume
        lead, rest = result.shape[0], result.shape[1:]
        small = weights[axis] @ np.ascontiguousarray(result).reshape(lead, -1)
        result = np.moveaxis(small.reshape(size, *rest), 0, -1)
    stored_order = np.argsort(order)
    return np.ascontiguousarray(result.transpose(stored_order).transpose(mapping["axis"]), np.float32)


def to_scan(values: np.ndarray, mapping: dict[str, Any]) -> np.ndarray:
    """Bring grid values (grid, grid, grid) back to the scan's stored shape, linearly, float32; outside the grid 0."""
    result = np.zeros(mapping["stored"], np.float32)
    for x, plane in planes_of_scan(values, mapping):
        result[x] = plane
    return result


def planes_of_scan(values: np.ndarray, mapping: dict[str, Any]) -> Iterator[tuple[int, np.ndarray]]:
    """The same as `to_scan`, one plane of the first stored axis at a time: pairs of index and float32 (Y, Z).

    Planes outside the grid are left out: they are 0. One case of 512^3 costs 70 MB this way instead of 540.
    """
    stored = np.argsort(mapping["axis"])  # grid axis of each stored axis
    values = np.ascontiguousarray(values.transpose(stored), np.float32)
    ups = [_up_weights(mapping["stored"][a], mapping["start"][k], mapping["step"][k], mapping["grid"]) for a, k in
           enumerate(stored)]  # fmt: skip
    size = mapping["grid"]
    wide = np.stack([(ups[2] @ (ups[1] @ plane).T).T for plane in values]).reshape(size, -1)
    first = ups[0].tocsr()
    for x in range(mapping["stored"][0]):
        row = slice(first.indptr[x], first.indptr[x + 1])
        if row.start == row.stop:
            continue
        plane = first.data[row.start] * wide[first.indices[row.start]]
        for index in range(row.start + 1, row.stop):
            plane += first.data[index] * wide[first.indices[index]]
        yield x, plane.reshape(mapping["stored"][1:])


def _moments(mask: np.ndarray, strides: list[int], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    centre, spread = np.empty(3), np.empty(3)
    for axis in range(3):
        weight = mask.sum(axis=tuple(a for a in range(3) if a != axis)).astype(float)
        if weight.sum() == 0:
            weight[:] = 1  # nothing stands out: the whole scan
        at = np.arange(len(weight)) * strides[axis]
        centre[axis] = (at * weight).sum() / weight.sum()
        spread[axis] = max(np.sqrt(((at - centre[axis]) ** 2 * weight).sum() / weight.sum()), shape[axis] / 20, 1.0)
    return centre, spread


def _orientation(affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stored axis and sign of the right, anterior and superior directions; an unusable affine counts as RAS."""
    if np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-12:
        ornt = nib.io_orientation(affine)
        if np.isfinite(ornt).all():
            axis = np.argsort(ornt[:, 0])
            return axis, ornt[axis, 1]
    return np.arange(3), np.ones(3)


def _down_weights(count: int, start: float, step: float, size: int) -> sparse.csr_matrix:
    half = max(1.0, abs(step))
    at = start + step * np.arange(size)
    reach = np.arange(-int(np.ceil(half)) - 1, int(np.ceil(half)) + 2)
    columns = np.floor(at)[:, None].astype(int) + reach
    values = np.maximum(0, 1 - np.abs(columns - at[:, None]) / half)
    values /= values.sum(axis=1, keepdims=True)
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
