"""Where the outlined vessel runs: the brightest way from one end of the region to the other."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra

CORE = 0.5  # the vessel's ends are those of the part this share of the greatest depth, or more, inside the outline
SHARP = 4.0  # a dark pixel costs the way exp(SHARP) times as much as a bright one
LEAST_COST = 0.02  # of a pixel, of that of a dark one: a way does not wander for the sake of light
BRIGHT = 0.97  # this quantile of the region counts as bright, its median as dark
WIDE = 1.5  # pixels to either side of the way that belong to the vessel


@dataclass(frozen=True)
class Vessel:
    """path: pixels (n, 2) of row and column, neighbours in order; mask: bool (rows, columns), the path and what lies
    within `WIDE` pixels of it; place: float (rows, columns), pixels along the path up to the point nearest to each
    pixel; peak: float32 (rows, columns), how bright each pixel gets.
    """

    path: np.ndarray
    mask: np.ndarray
    place: np.ndarray
    peak: np.ndarray


def vessel_of(cube: np.ndarray, inside: np.ndarray, background: np.ndarray) -> Vessel:
    """The region's vessel.

    cube: (frames, rows, columns); inside: bool (rows, columns); background: luma of dark tissue by frame. Outlines are
    drawn round their vessel, so the way runs from end to end of the region's core. It is the cheapest one
    where light is cheap, and therefore follows a vessel that is dim in places, and crosses brighter ones that cross it.
    """
    peak = _peak(cube, inside, background)
    path = _cheapest(inside, _cost(peak, inside), *_ends(_core(inside)))
    on_path = np.zeros(inside.shape, bool)
    on_path[tuple(path.T)] = True
    away, (rows, columns) = ndimage.distance_transform_edt(~on_path, return_indices=True)
    length = np.zeros(inside.shape)
    length[tuple(path.T)] = np.append(0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    return Vessel(path, inside & (away <= WIDE), length[rows, columns], peak)


def _peak(cube: np.ndarray, inside: np.ndarray, background: np.ndarray) -> np.ndarray:
    """How bright each pixel gets while it is in focus, weighted down towards the outline, where other vessels cross.

    It is the maximum over time of a mean over five frames, which noise does not reach.
    """
    smooth = ndimage.gaussian_filter1d(ndimage.gaussian_filter1d(cube, 1.0, axis=1), 1.0, axis=2)
    smooth = ndimage.uniform_filter1d(smooth, 5, axis=0, mode="nearest") - background[:, None, None]
    depth = ndimage.distance_transform_edt(inside)
    depth = np.sqrt(depth / max(float(depth.max()), 1.0))
    return np.where(inside, smooth.max(axis=0) * depth, 0).clip(min=0).astype(np.float32)


def _cost(peak: np.ndarray, inside: np.ndarray) -> np.ndarray:
    dark, bright = np.median(peak[inside]), np.quantile(peak[inside], BRIGHT)
    return np.exp(-SHARP * np.clip((peak - dark) / max(bright - dark, 1e-6), 0, 1)) + LEAST_COST


def _core(inside: np.ndarray) -> np.ndarray:
    """The largest connected part that lies deep inside the outline, bool."""
    depth = ndimage.distance_transform_edt(inside)
    labels, count = ndimage.label(depth >= CORE * depth.max(), np.ones((3, 3), bool))
    sizes = np.bincount(labels[labels > 0], minlength=count + 1)
    return labels == int(np.argmax(sizes))


def _ends(core: np.ndarray) -> list[np.ndarray]:
    """Its two far ends, found as in a tree: the pixel farthest from the pixel farthest from any one."""
    graph, ends = _graph(core, np.ones(core.shape)), [0]
    for _ in range(2):
        ends.append(int(np.argmax(dijkstra(graph, directed=False, indices=ends[-1]))))
    return list(np.argwhere(core)[ends[1:]])


def _cheapest(region: np.ndarray, cost: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Pixels (n, 2) of the cheapest way within a region."""
    number = np.cumsum(region).reshape(region.shape) - 1
    start, end = (int(number[tuple(pixel)]) for pixel in (first, last))
    _, before = dijkstra(_graph(region, cost), directed=False, indices=start, return_predecessors=True)
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return np.argwhere(region)[path[::-1]]


def _graph(region: np.ndarray, cost: np.ndarray) -> csr_matrix:
    """Steps between neighbours, diagonal ones too; each costs its length times the mean cost of both pixels."""
    number = np.pad(np.where(region, np.cumsum(region).reshape(region.shape) - 1, -1), 1, constant_values=-1)
    cost = np.pad(cost, 1)
    here, rows, columns = (slice(1, -1), slice(1, -1)), *number.shape
    edges = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        there = slice(1 + down, rows - 1 + down), slice(1 + right, columns - 1 + right)
        pair = (number[here] >= 0) & (number[there] >= 0)
        length = np.hypot(down, right) * (cost[here][pair] + cost[there][pair]) / 2
        edges.append((number[here][pair], number[there][pair], length))
    first, second, length = (np.concatenate(part) for part in zip(*edges, strict=True))
    count = int(region.sum())
    return coo_matrix((length, (first, second)), shape=(count, count)).tocsr()
