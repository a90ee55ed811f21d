"""Cutting a prepared volume into overlapping patches at fixed places, and putting their maps together."""

import itertools

import numpy as np


def starts(grid: int, patch: int) -> list[tuple[int, int, int]]:
    """Lower corners: one where the patch is the whole grid, else three along each axis, 27 in all, overlapping."""
    if patch >= grid:
        return [(0, 0, 0)]
    line = [0, (grid - patch) // 2, grid - patch]
    return list(itertools.product(line, line, line))


def cut(values: np.ndarray, start: tuple[int, int, int], patch: int) -> np.ndarray:
    """The patch of (..., g, g, g) that begins at `start`, along the last three axes."""
    x, y, z = (slice(at, at + patch) for at in start)
    return values[..., x, y, z]


def joined(maps: list[np.ndarray], grid: int, patch: int) -> np.ndarray:
    """The mean of the patches' maps at each voxel, float32 (g, g, g)."""
    total, count = np.zeros((2, grid, grid, grid), np.float32)
    for values, start in zip(maps, starts(grid, patch), strict=True):
        cut(total, start, patch)[...] += values
        cut(count, start, patch)[...] += 1
    return total / np.maximum(count, 1)
