"""The outlined vessel pulled straight: pictures along and across its centreline."""

import numpy as np
from scipy import ndimage

from challengeflow_clog_loss.video.centreline import vessel_of

PLACE = 2.0  # pixels from one place along the vessel to the next
ACROSS = 11  # rows of the straightened picture, one pixel apart, the middle one on the centreline
SMOOTH = 4.0  # pixels over which the centreline is smoothed


def straighten(cube: np.ndarray, inside: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Luma along and across the region's vessel, float32 (frames, ACROSS, places).

    cube: uint8 (frames, rows, columns); inside: bool (rows, columns); background: luma of dark tissue by frame.
    """
    path = _smoothed(vessel_of(cube.astype(np.float32), inside, background).path)
    slope = np.gradient(path, axis=0)
    normal = np.stack([-slope[:, 1], slope[:, 0]], axis=1) / np.maximum(np.linalg.norm(slope, axis=1), 1e-6)[:, None]
    offsets = np.arange(ACROSS) - ACROSS // 2
    return _sampled(cube, path[None] + offsets[:, None, None] * normal[None])


def _smoothed(path: np.ndarray) -> np.ndarray:
    """Points (places, 2), `PLACE` pixels apart, along a path of pixels (n, 2) without its corners; at least three."""
    if len(path) < 3:
        return path[:1] + np.arange(3)[:, None] * (0, PLACE)
    path = ndimage.gaussian_filter1d(path.astype(float), SMOOTH, axis=0, mode="nearest")
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    steps = np.arange(0, max(length[-1], 2 * PLACE), PLACE)
    return np.stack([np.interp(steps, length, values) for values in path.T], axis=1)


def _sampled(cube: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Luma at points (..., 2) between pixels, by bilinear interpolation; points beyond the edge are moved to it."""
    limits = np.array(cube.shape[1:]) - 1
    points = points.clip(0, limits)
    first = np.minimum(np.floor(points).astype(int), limits - 1).clip(0)
    part = (points - first).astype(np.float32)
    value = np.zeros((len(cube), *points.shape[:-1]), np.float32)
    for row in (0, 1):
        for column in (0, 1):
            weight = np.abs(1 - row - part[..., 0]) * np.abs(1 - column - part[..., 1])
            value += (
                cube[:, np.minimum(first[..., 0] + row, limits[0]), np.minimum(first[..., 1] + column, limits[1])]
                * weight
            )
    return value
