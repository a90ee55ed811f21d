"""When each place along a vessel is in focus.

A step in time is a step in depth, so the focus travels along a vessel that dives: its kymograph is one slanted band,
which looks like flow. Taken from the frame of focus of each place, time stands upright again, and so does all that
stands still.
"""

import numpy as np
from scipy import ndimage

SMOOTH = (1.5, 1.5)  # frames and places over which light is averaged before its course is looked for
LEAP = 0.02  # of the vessel's light, times frames to the power of 1.5: what a leap between neighbouring places costs
NEAR = 4  # frames around the brightest one whose centre of light is the frame of focus
ROUNDS = 15  # of the robust fit


def course(lines: np.ndarray) -> np.ndarray:
    """The frame in which each place is in focus, float64 (places,), not within the recording where it is not.

    lines: light above dark tissue, float (frames, places). The brightest way through all places is followed (leaps
    cost, so that other vessels that cross are passed by), and a parabola fitted to it robustly: straight, or an arch.
    """
    smooth = ndimage.gaussian_filter(lines, SMOOTH, mode="nearest").clip(0)
    frames, places = smooth.shape
    way = _brightest_way(smooth / max(float(np.quantile(smooth, 0.98)), 1e-6))
    near = (way + np.arange(-NEAR, NEAR + 1)[:, None]).clip(0, frames - 1)
    light = smooth[near, np.arange(places)] ** 2 + 1e-9
    return _robust_parabola((near * light).sum(axis=0) / light.sum(axis=0), light.sum(axis=0))


def _brightest_way(light: np.ndarray) -> np.ndarray:
    """Frames (places,) whose light, less what leaps cost, sums up to the most, by dynamic programming."""
    frames = np.arange(len(light))
    cost = LEAP * np.abs(frames[:, None] - frames) ** 1.5
    best, before = light[:, 0], []
    for own in light.T[1:]:
        reached = best - cost
        before.append(reached.argmax(axis=1))
        best = reached.max(axis=1) + own
    way = [int(best.argmax())]
    for step in before[::-1]:
        way.append(int(step[way[-1]]))
    return np.array(way[::-1])


def _robust_parabola(frames: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A parabola through `frames` (places,), by least squares in which what lies far off counts little."""
    place = np.linspace(-1, 1, len(frames))
    terms = np.stack([np.ones_like(place), place, place**2], axis=1)
    ridge = np.diag([0, 1e-4, 1e-4])
    trust, fitted = np.ones_like(frames), frames
    for _ in range(ROUNDS):
        own = weight * trust
        fitted = terms @ np.linalg.solve(terms.T @ (terms * own[:, None]) + ridge * own.sum(), terms.T @ (own * frames))
        away = np.abs(frames - fitted)
        trust = 1 / (1 + (away / max(1.5 * float(np.median(away)), 1.0)) ** 2)
    return np.asarray(fitted)


def upright(values: np.ndarray, focus: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Values by frames from the focus of each place: (2 reach, ..., places), focus in row `reach`; and which are known.

    values: (frames, ..., places). Beyond the recording values are 0 and not known: bool (2 reach, places).
    """
    frame = np.rint(focus).astype(int) + np.arange(-reach, reach)[:, None]
    known = (frame >= 0) & (frame < len(values))
    moved = np.moveaxis(values, -1, 1)[frame.clip(0, len(values) - 1), np.arange(len(focus))]
    return np.moveaxis(moved * known.reshape(known.shape + (1,) * (moved.ndim - 2)), 1, -1), known
