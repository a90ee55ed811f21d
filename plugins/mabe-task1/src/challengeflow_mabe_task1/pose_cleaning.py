"""Cleaning of tracked body parts: spikes of the tracker go, short gaps are bridged, long ones stay missing."""

import numpy as np


def clean(points: np.ndarray, fps: float, longest_gap: float) -> np.ndarray:
    """Return `points` without single-frame spikes and with gaps of up to `longest_gap` seconds bridged.

    points: (T, 2, P) complex, x + iy in pixels, NaN where a part was not seen; the input is left as it is.
    """
    cleaned = remove_spikes(points)
    for animal in range(cleaned.shape[1]):
        for part in range(cleaned.shape[2]):
            cleaned[:, animal, part] = bridge_gaps(cleaned[:, animal, part], round(longest_gap * fps))
    return cleaned


def remove_spikes(points: np.ndarray, ratio: float = 4.0) -> np.ndarray:
    """Blank the frames at which a part leaps away and back: a step in and a step out, each longer than a tenth of
    the animals' extent and `ratio` times longer than the way from the frame before to the frame after."""
    result = points.copy()
    if len(points) < 3:
        return result
    extent = _extent(points)
    step_in = np.abs(points[1:-1] - points[:-2])
    step_out = np.abs(points[2:] - points[1:-1])
    across = np.abs(points[2:] - points[:-2])
    smaller = np.minimum(step_in, step_out)
    with np.errstate(invalid="ignore"):
        spike = (smaller > 0.1 * extent) & (smaller > ratio * across)
    result[1:-1][spike] = np.nan
    return result


def bridge_gaps(track: np.ndarray, longest: int) -> np.ndarray:
    """Fill gaps of at most `longest` frames between two seen frames of a complex track (T,) linearly."""
    seen = np.flatnonzero(~np.isnan(track))
    if len(seen) < 2 or longest < 1:
        return track
    frames = np.arange(len(track))
    after = np.searchsorted(seen, frames)
    inside = (after > 0) & (after < len(seen))
    after = np.clip(after, 1, len(seen) - 1)
    gap = seen[after] - seen[after - 1] - 1
    fill = inside & (gap <= longest) & np.isnan(track)
    result = track.copy()
    result[fill] = np.interp(frames[fill], seen, track[seen].real) + 1j * np.interp(
        frames[fill], seen, track[seen].imag
    )
    return result


def _extent(points: np.ndarray) -> float:
    """Typical extent of one animal in pixels: the median over frames of its largest coordinate range."""
    frames = points[:: max(1, len(points) // 2000)]
    some = (~np.isnan(frames)).sum(axis=2) > 1
    if not some.any():
        return 0.0
    width = np.nanmax(frames.real[some], axis=1) - np.nanmin(frames.real[some], axis=1)
    height = np.nanmax(frames.imag[some], axis=1) - np.nanmin(frames.imag[some], axis=1)
    return float(np.median(np.hypot(width, height)))
