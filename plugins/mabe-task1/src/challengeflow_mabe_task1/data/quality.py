"""How good a track is: what is missing, how it jumps, where the tracker may have exchanged the animals.

Nothing is mended here; the numbers go into the prepared shards, and from there into tables and warnings.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

FEWEST_FRAMES = 3
"""With fewer there is no motion to speak of."""

JUMP = 0.75
"""Way between two frames, in body extents, above which an animal is said to have jumped."""

SWAP = 0.5
"""An exchange is suspected where the animals, if exchanged, would have moved less than this share of what they did."""


def status(keypoints: np.ndarray) -> str:
    """Whether a track, keypoints (T, 2, 2, P), can be used: "ok", or why not."""
    if len(keypoints) < FEWEST_FRAMES:
        return f"the track has {len(keypoints)} frames; at least {FEWEST_FRAMES} are needed"
    return "no body part was seen in any frame" if np.isnan(keypoints).all() else "ok"


def assess(keypoints: np.ndarray, fps: float, doubtful: float = 0.0) -> dict[str, Any]:
    """Numbers about a track, keypoints (T, 2, 2, P) in pixels, and `warnings`: sentences on what stands out.

    doubtful: share of the points that were left out for low confidence. Body extent is the median of the larger side of
    an animal's bounding box.
    """
    points = keypoints[:, :, 0] + 1j * keypoints[:, :, 1]
    seen = np.isfinite(points)
    extent = body_extent(points)
    steps = _step(points[1:], points[:-1])
    facts: dict[str, Any] = {
        "seconds": round(len(points) / fps, 3),
        "missing": [round(float(1 - seen[:, animal].mean()), 4) for animal in (0, 1)],
        "longest_gap_s": [round(_longest(~np.any(seen[:, animal], axis=1)) / fps, 3) for animal in (0, 1)],
        "jumps": [int((steps[:, animal] > JUMP * extent).sum()) for animal in (0, 1)],
        "swaps": suspected_swaps(points, extent).size,
        "doubtful": round(doubtful, 4),
        "body_extent_px": round(extent, 1),
    }
    return facts | {"warnings": list(_warnings(facts))}


def suspected_swaps(points: np.ndarray, extent: float) -> np.ndarray:
    """Frames at which the tracker may have exchanged the animals; points: (T, 2, P) complex."""
    kept = _step(points[1:], points[:-1]).sum(axis=1)
    exchanged = _step(points[1:, ::-1], points[:-1]).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((exchanged < SWAP * kept) & (kept > 2 * SWAP * extent)) + 1


def body_extent(points: np.ndarray) -> float:
    """Median over frames and animals of the larger side of the box around the parts, in pixels; 0 if never seen."""
    whole = points[np.isfinite(points).sum(axis=2) > 1]
    if not len(whole):
        return 0.0
    sides = [np.nanmax(axis, axis=1) - np.nanmin(axis, axis=1) for axis in (whole.real, whole.imag)]
    return float(np.median(np.maximum(*sides)))


def _step(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Mean way of an animal's parts seen in both frames, (T, 2); NaN where there is none."""
    way = np.abs(after - before)
    known = np.isfinite(way)
    with np.errstate(invalid="ignore"):
        return np.where(known, way, 0).sum(axis=2) / np.where(known.any(axis=2), known.sum(axis=2), np.nan)


def _longest(flags: np.ndarray) -> int:
    """Length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _warnings(facts: dict[str, Any]) -> Iterator[str]:
    for animal, who in enumerate(("resident", "intruder")):
        if facts["missing"][animal] > 0.3:
            yield f"{facts['missing'][animal]:.0%} of the {who}'s points are missing"
        if facts["longest_gap_s"][animal] > 2:
            yield f"the {who} is lost for {facts['longest_gap_s'][animal]:.1f} s on end"
        if facts["jumps"][animal] > facts["seconds"] / 30:
            yield f"the {who} jumps ({facts['jumps'][animal]} frames)"
    if facts["swaps"]:
        yield f"the animals may have been exchanged ({facts['swaps']} frames)"
    if facts["doubtful"] > 0.2:
        yield f"{facts['doubtful']:.0%} of the points were left out for low confidence"
    if facts["seconds"] < 2:
        yield f"only {facts['seconds']:.2f} s long: windows do not fill"
