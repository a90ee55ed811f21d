"""Cleaning of tracked body parts: swapped identities and spikes of the tracker go, short gaps are bridged, long stay.

Points are complex, x + iy, (T, 2, P): frame, animal, part; NaN where a part was not seen. Cleaned frames are made where
they are asked for, so that a day of video takes no more memory than some minutes of it.
"""

from dataclasses import dataclass

import numpy as np

BLOCK = 12_000
"""Frames that are looked at together."""


@dataclass(frozen=True)
class Track:
    """A recording whose frames are cleaned where they are asked for; see `survey`.

    keypoints: (T, 2, 2, P) float, frame, animal, xy, part, in pixels. exchanged: bool (T,), frames whose animals are to
    be exchanged. extent: of an animal, in pixels. longest: frames of the longest gap to bridge.
    """

    keypoints: np.ndarray
    exchanged: np.ndarray
    extent: float
    longest: int
    causal: bool

    def __len__(self) -> int:
        return len(self.keypoints)

    def cleaned(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Points of the frames from `first` up to `end`, and which were truly seen, bool (n, 2, P).

        Identities are mended, spikes of single frames blanked, gaps of up to `longest` frames bridged. Causal: no frame
        is changed in the light of a later one, so spikes stay, and a gap is bridged by the last place seen.
        """
        reach = self.longest + 2  # a gap's ends, and the frames that tell whether these are spikes
        begin, end = max(0, first - reach), min(end, len(self))
        around = slice(begin, end + reach)
        points, seen = _points(self.keypoints[around])
        exchanged = self.exchanged[around]
        points[exchanged] = points[exchanged][:, ::-1]
        if not self.causal:
            points = remove_spikes(points, self.extent)
        bridge = hold_gaps if self.causal else bridge_gaps
        for animal in range(points.shape[1]):
            for part in range(points.shape[2]):
                points[:, animal, part] = bridge(points[:, animal, part], self.longest)
        own = slice(first - begin, end - begin)
        return points[own], seen[own]


def survey(keypoints: np.ndarray, fps: float, longest_gap: float, causal: bool = False) -> Track:
    """The track of keypoints (T, 2, 2, P) in pixels, NaN where not seen. longest_gap: seconds."""
    found = np.zeros(len(keypoints), bool)
    for start in range(0, len(keypoints), BLOCK):
        first = max(0, start - 1)
        found[start : start + BLOCK] = swaps(_points(keypoints[first : start + BLOCK])[0])[start - first :]
    some, _ = _points(keypoints[:: max(1, len(keypoints) // 2000)])
    return Track(keypoints, np.cumsum(found) % 2 == 1, _extent(some), round(longest_gap * fps), causal)


def _points(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Complex points (T, 2, P), NaN where not seen, and where they were, bool."""
    seen = np.isfinite(keypoints).all(axis=2)
    points = keypoints[:, :, 0].astype(np.float64) + 1j * keypoints[:, :, 1].astype(np.float64)
    points[~seen] = np.nan
    return points, seen


def swaps(points: np.ndarray, ratio: float = 4.0) -> np.ndarray:
    """Whether the tracker exchanged the animals at each frame, bool (T,): from there on they have each other's names.

    An exchange: from one frame to the next both animals leap, by half the distance between them or more, to where the
    other one was; the ways with the names exchanged are `ratio` times shorter.
    """
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


def remove_spikes(points: np.ndarray, extent: float, ratio: float = 4.0) -> np.ndarray:
    """Blank the frames at which a part leaps away and back: a step in and a step out, each longer than a tenth of
    the animals' extent and `ratio` times longer than the way from the frame before to the frame after."""
    result = points.copy()
    if len(points) < 3:
        return result
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


def _extent(frames: np.ndarray) -> float:
    """Typical extent of one animal: the median over frames of its largest coordinate range."""
    some = (~np.isnan(frames)).sum(axis=2) > 1
    if not some.any():
        return 0.0
    width = np.nanmax(frames.real[some], axis=1) - np.nanmin(frames.real[some], axis=1)
    height = np.nanmax(frames.imag[some], axis=1) - np.nanmin(frames.imag[some], axis=1)
    return float(np.median(np.hypot(width, height)))
