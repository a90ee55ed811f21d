"""A vessel unrolled: brightness by time and by place along the vessel, where moving cells draw slanted lines."""

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

BIN = 2.0  # pixels along the vessel that one column of the kymograph averages
SPREAD = 0.4  # a pixel belongs to the vessel from this share of the region's brightest on


def vessel_of(cube: np.ndarray, inside: np.ndarray, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (rows, columns) bool of the region's main vessel, and how bright each gets, float32.

    cube: (frames, rows, columns); background: luma of dark tissue by frame. A vessel is bright while it is in focus:
    the maximum over time of a mean over five frames, which noise does not reach, weighted down towards the outline.
    """
    smooth = ndimage.gaussian_filter1d(ndimage.gaussian_filter1d(cube, 1.0, axis=1), 1.0, axis=2)
    smooth = ndimage.uniform_filter1d(smooth, 5, axis=0, mode="nearest") - background[:, None, None]
    # outlines are drawn round their vessel: what is bright near the outline is another one, which crosses
    depth = ndimage.distance_transform_edt(inside)
    depth = np.sqrt(depth / max(float(depth.max()), 1.0))
    peak = np.where(inside, smooth.max(axis=0) * depth, 0).clip(min=0).astype(np.float32)
    floor = np.median(peak[inside])
    top = np.quantile(peak[inside], 0.97)
    candidates = inside & (peak > floor + SPREAD * (top - floor))
    labels, count = ndimage.label(candidates, np.ones((3, 3), bool))
    if count == 0:
        return inside, peak
    weight = ndimage.sum_labels(peak, labels, np.arange(1, count + 1))
    return labels == 1 + int(np.argmax(weight)), peak


def along(vessel: np.ndarray) -> np.ndarray:
    """Distance along the vessel of each of its pixels (n,), in pixels, from one of its two far ends.

    The far end is found as in a tree: the pixel farthest from the pixel farthest from any one.
    """
    number = np.full(vessel.shape, -1)
    number[vessel] = np.arange(vessel.sum())
    edges = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        moved = np.full_like(number, -1)
        rows = slice(down, None), slice(None, -down or None)
        columns = (
            (slice(right, None), slice(None, -right or None))
            if right >= 0
            else (slice(None, right), slice(-right, None))
        )
        moved[rows[1], columns[1]] = number[rows[0], columns[0]]
        pair = (number >= 0) & (moved >= 0)
        edges.append((number[pair], moved[pair], np.full(pair.sum(), np.hypot(down, right))))
    first, second, length = (np.concatenate(part) for part in zip(*edges, strict=True))
    count = int(vessel.sum())
    graph = coo_matrix((length, (first, second)), shape=(count, count)).tocsr()
    start = 0
    for _ in range(2):
        distance = dijkstra(graph, directed=False, indices=start)
        start = int(np.argmax(np.where(np.isfinite(distance), distance, -1)))
    return dijkstra(graph, directed=False, indices=start)


def kymograph(cube: np.ndarray, vessel: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Luma by frame and place, float32 (frames, places): means of stretches of `BIN` pixels, weighted by `peak`."""
    place = (along(vessel) / BIN).astype(int)
    weight = peak[vessel] + 1e-3
    total = np.bincount(place, weight)
    # short stretches at the ends hold little light: they are left to their neighbours
    keep = total > 0.3 * np.median(total)
    pixels = cube[:, vessel] * weight
    columns = np.zeros((len(cube), len(total)), np.float32)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.flatnonzero(total > 0))
    columns[:, total > 0] = np.add.reduceat(pixels[:, order], starts, axis=1)
    return columns[:, keep] / total[keep].astype(np.float32)
