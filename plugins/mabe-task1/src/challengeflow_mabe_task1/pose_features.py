"""What a pose says about behaviour: who is where, faces whom, moves how, as numbers that do not know the camera.

All features are unchanged when the arena is turned, shifted, mirrored or zoomed as a whole. Positions are complex
numbers x + iy, so that a turn is a product and an angle to a heading is a product with its conjugate.
"""

from collections.abc import Sequence

import numpy as np

from challengeflow_mabe_task1.pose_cleaning import clean
from challengeflow_mabe_task1.pose_windows import window_statistics

LAGS = (0.1, 0.4, 1.2)
"""Seconds over which displacements are taken, centred on the frame."""

Axis = tuple[int, int]
"""Indices of the body parts the body axis runs from (rear) and to (front)."""


def pose_features(
    keypoints: np.ndarray, fps: float, axis: Axis, windows: Sequence[float], longest_gap: float
) -> tuple[np.ndarray, list[str]]:
    """Return features (T, F) float32, NaN where the parts were not seen, and their F names.

    keypoints: (T, 2, 2, P) float, frame, animal, xy, part, in pixels. windows: lengths in seconds. longest_gap:
    seconds of missing tracking to bridge. Lengths are in body lengths (median of the axis), speeds in those a second.
    """
    seen = np.isfinite(keypoints).all(axis=2)
    points = keypoints[:, :, 0].astype(np.float64) + 1j * keypoints[:, :, 1].astype(np.float64)
    points[~seen] = np.nan
    points = clean(points, fps, longest_gap) / body_length(points, axis)
    posture = _posture(points, axis)
    context = _relation(points, axis) | _motion(points, axis, fps) | _missing(seen)
    columns = posture | context
    names = list(columns)
    moving = np.stack(list(context.values()), axis=1).astype(np.float32)
    features = np.empty((len(points), len(columns) + 2 * len(context) * len(windows)), np.float32)
    for place, column in enumerate(columns.values()):
        features[:, place] = column
    start = len(columns)
    for window in windows:
        stop = start + 2 * len(context)
        window_statistics(moving, round(window * fps / 2), features[:, start:stop])
        names += [f"{name} mean {window} s" for name in context] + [f"{name} spread {window} s" for name in context]
        start = stop
    return features, names


def body_length(points: np.ndarray, axis: Axis) -> float:
    """Median length of the body axis over frames and both animals in pixels; 1 where it was never seen."""
    lengths = np.abs(points[:, :, axis[1]] - points[:, :, axis[0]])
    lengths = lengths[np.isfinite(lengths) & (lengths > 0)]
    return float(np.median(lengths)) if len(lengths) else 1.0


def heading_and_centre(points: np.ndarray, axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    """Unit heading (T, 2) and centre (T, 2) of each animal; the centre falls back on the one axis part that is seen."""
    rear, front = points[:, :, axis[0]], points[:, :, axis[1]]
    with np.errstate(invalid="ignore", divide="ignore"):
        heading = (front - rear) / np.abs(front - rear)
    centre = np.where(np.isnan(rear), front, np.where(np.isnan(front), rear, (rear + front) / 2))
    return heading, centre


def _posture(points: np.ndarray, axis: Axis) -> dict[str, np.ndarray]:
    """Parts of both animals in the frame of each: x along its heading, y towards the side where the partner is."""
    heading, centre = heading_and_centre(points, axis)
    columns = {}
    for animal in (0, 1):
        partner = 1 - animal
        turned = (points - centre[:, animal, None, None]) * np.conj(heading[:, animal, None, None])
        side = np.sign(((centre[:, partner] - centre[:, animal]) * np.conj(heading[:, animal])).imag)
        for who, label in ((animal, "own"), (partner, "partner")):
            for part in range(points.shape[2]):
                columns[f"{animal} {label} part {part} ahead"] = turned[:, who, part].real
                columns[f"{animal} {label} part {part} aside"] = turned[:, who, part].imag * side
    return columns


def _relation(points: np.ndarray, axis: Axis) -> dict[str, np.ndarray]:
    """Distances between the animals and the angles at which they face each other."""
    heading, centre = heading_and_centre(points, axis)
    between = centre[:, 1] - centre[:, 0]
    columns = {"distance": np.abs(between), "nearest": _nearest(points)}
    for one in key_parts(points.shape[2], axis):
        for other in key_parts(points.shape[2], axis):
            columns[f"distance {one}-{other}"] = np.abs(points[:, 1, other] - points[:, 0, one])
    with np.errstate(invalid="ignore", divide="ignore"):
        towards = between / np.abs(between)
    for animal, sign in ((0, 1), (1, -1)):
        bearing = sign * towards * np.conj(heading[:, animal])
        columns[f"{animal} faces partner"] = bearing.real
        columns[f"{animal} beside partner"] = np.abs(bearing.imag)
        shape = points[:, animal]
        columns[f"{animal} stretch"] = np.abs(shape[:, 0] - shape[:, axis[0]])
        columns[f"{animal} axis"] = np.abs(shape[:, axis[1]] - shape[:, axis[0]])
    relative = heading[:, 1] * np.conj(heading[:, 0])
    columns["parallel"], columns["crossed"] = relative.real, np.abs(relative.imag)
    return columns


def _motion(points: np.ndarray, axis: Axis, fps: float) -> dict[str, np.ndarray]:
    """Speeds of bodies and parts, turning, and approach to the partner, over each lag."""
    heading, centre = heading_and_centre(points, axis)
    between = centre[:, 1] - centre[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        towards = between / np.abs(between)
    columns = {}
    for lag in LAGS:
        before, after, seconds = _lagged(len(points), lag, fps)
        step = (centre[after] - centre[before]) / seconds[:, None]
        columns[f"distance change {lag} s"] = (np.abs(between[after]) - np.abs(between[before])) / seconds
        columns[f"relative speed {lag} s"] = np.abs(step[:, 1] - step[:, 0])
        for animal, sign in ((0, 1), (1, -1)):
            own = step[:, animal]
            turn = np.angle(heading[after, animal] * np.conj(heading[before, animal]))
            columns[f"{animal} speed {lag} s"] = np.abs(own)
            columns[f"{animal} forward {lag} s"] = (own * np.conj(heading[:, animal])).real
            columns[f"{animal} approach {lag} s"] = (sign * own * np.conj(towards)).real
            columns[f"{animal} turn {lag} s"] = np.abs(turn) / seconds
    before, after, seconds = _lagged(len(points), LAGS[0], fps)
    speed = np.abs(points[after] - points[before]) / seconds[:, None, None]
    for animal in (0, 1):
        for part in key_parts(points.shape[2], axis):
            columns[f"{animal} speed of part {part}"] = speed[:, animal, part]
    return columns


def _missing(seen: np.ndarray) -> dict[str, np.ndarray]:
    """Which animal, and which part of it, the tracker lost: hidden parts are a sign of contact."""
    columns = {}
    for animal in (0, 1):
        columns[f"{animal} missing"] = 1 - seen[:, animal].mean(axis=1)
        for part in range(seen.shape[2]):
            columns[f"{animal} missing part {part}"] = 1.0 - seen[:, animal, part]
    return columns


def key_parts(parts: int, axis: Axis) -> list[int]:
    """Few parts stand for the body where there are many: the first (nose, by custom), and both ends of the axis."""
    return list(range(parts)) if parts <= 5 else sorted({0, axis[0], axis[1]})


def _nearest(points: np.ndarray) -> np.ndarray:
    """Smallest distance between a part of one animal and a part of the other, (T,); NaN where none is seen."""
    distances = np.abs(points[:, 1, None, :] - points[:, 0, :, None]).reshape(len(points), -1)
    nearest = np.where(np.isnan(distances), np.inf, distances).min(axis=1)
    return np.where(np.isinf(nearest), np.nan, nearest)


def _lagged(frames: int, lag: float, fps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frame numbers half a lag before and after each frame, cut off at the ends, and the seconds between them."""
    half = max(1, round(lag * fps / 2))
    now = np.arange(frames)
    before, after = np.maximum(now - half, 0), np.minimum(now + half, frames - 1)
    return before, after, np.maximum(after - before, 1) / fps
