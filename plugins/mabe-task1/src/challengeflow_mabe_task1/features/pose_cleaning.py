"""Cleaning of tracked body parts: swapped identities and spikes of the tracker go, short gaps are bridged, long stay.

Points are complex, x + iy, (T, 2, P): frame, animal, part; NaN where a part was not seen.
"""

import numpy as np


def clean(points: np.ndarray, fps: float, longest_gap: float, causal: bool = False) -> np.ndarray:
    """Return `points` with identities mended, without single-frame spikes, gaps of up to `longest_gap` seconds bridged.

    The input is left as it is. Causal: no frame is changed in the light of a later one, so spikes stay, and a gap is
    bridged by the last place seen.
    """
    cleaned = mend_swaps(points)
    if not causal:
        cleaned = remove_spikes(cleaned)
    bridge = hold_gaps if causal else bridge_gaps
    for animal in range(cleaned.shape[1]):
        for part in range(cleaned.shape[2]):
            cleaned[:, animal, part] = bridge(cleaned[:, animal, part], round(longest_gap * fps))
    return cleaned


def mend_swaps(points: np.ndarray, ratio: float = 4.0) -> np.ndarray:
    """Give the animals back the identities that a tracker exchanged between two frames, from there on.

    An exchange: from one frame to the next both animals leap, by half the distance between them or more, to where the
    other one was; the ways with the names exchanged are `ratio` times shorter. A copy is returned.
    """
    result = points.copy()
    exchanged = np.cumsum(swaps(points, ratio)) % 2 == 1
    result[exchanged] = points[exchanged][:, ::-1]
    return result


def swaps(points: np.ndarray, ratio: float = 4.0) -> np.ndarray:
    """Whether the tracker exchanged the animals at each frame, bool (T,); see `mend_swaps`."""
    found = np.zeros(len(points), bool)
    if len(points) < 2 or points.shape[1] != 2:
        return found
    stayed = _mean_way(points[1:], points[:-1])
    crossed = _mean_way(points[1:], points[:-1, ::-1])
    apart = _mean_way(points[:-1], points[:-1, ::-1])
    with np.errstate(invalid="ignore"):
        both = (stayed > 0.5 * apart) & (ratio * crossed < stayed)
    found[1:] = both.all(axis=1)
    return found


def _mean_way(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Mean distance over the parts seen in both, (T, animals); NaN where there are none."""
    ways = np.abs(after - before)
    seen = ~np.isnan(ways)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seen, ways, 0).sum(axis=2) / seen.sum(axis=2)


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


def hold_gaps(track: np.ndarray, longest: int) -> np.ndarray:
    """Hold the last place seen of a complex track (T,) for at most `longest` frames."""
    frames = np.arange(len(track))
    last = np.maximum.accumulate(np.where(np.isnan(track), -1, frames))
    fill = (last >= 0) & (frames - last <= longest)
    result = track.copy()
    result[fill] = track[last[fill]]
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
