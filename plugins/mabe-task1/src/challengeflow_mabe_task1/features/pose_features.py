"""What a pose says about behaviour: who is where, faces whom, moves how, as named numbers that do not know the camera.

All features are unchanged when the arena is turned, shifted or mirrored as a whole and, where no scale is known, when
it is zoomed. Positions are complex numbers x + iy, so that a turn is a product and an angle to a heading is a product
with its conjugate.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

LAGS = (0.1, 0.4, 1.2)
"""Seconds over which displacements are taken, centred on the frame (causal: up to the frame)."""

LONGEST_ABSENCE = 10.0
"""Seconds after which it makes no difference how long a part has not been seen."""

CONTACT = 0.5
"""Body lengths below which the nearest parts of two animals count as touching."""

Axis = tuple[int, int]
"""Indices of the body parts the body axis runs from (rear) and to (front)."""

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Scene:
    """Some frames of a recording: cleaned points and what was truly seen, and constants of the whole recording.

    points: (T, 2, P) complex, in the unit of the features; seen: (T, 2, P) bool, before gaps were bridged.
    body: length of the body axis in that unit. walls: half planes (n, 3) whose intersection is the ground that the
    animals cover: normal x, normal y, offset; see `survey_walls`. parts: their names.
    """

    points: np.ndarray
    seen: np.ndarray
    parts: Sequence[str]
    axis: Axis
    fps: float
    body: float
    walls: np.ndarray
    causal: bool = False

    @cached_property
    def heading(self) -> np.ndarray:
        """Unit heading (T, 2) of each animal; NaN where an end of its axis is missing."""
        way = self.points[:, :, self.axis[1]] - self.points[:, :, self.axis[0]]
        with np.errstate(invalid="ignore", divide="ignore"):
            return way / np.abs(way)

    @cached_property
    def centre(self) -> np.ndarray:
        """Centre (T, 2) of each body axis; where one end of it is missing, the other."""
        rear, front = self.points[:, :, self.axis[0]], self.points[:, :, self.axis[1]]
        return np.where(np.isnan(rear), front, np.where(np.isnan(front), rear, (rear + front) / 2))

    @cached_property
    def place(self) -> np.ndarray:
        """Mean (T, 2) of all parts that are there: rougher than the centre, but nearly always known."""
        return _quiet_mean(self.points)

    @cached_property
    def between(self) -> np.ndarray:
        """The way (T,) from the first animal's centre to the second's."""
        return self.centre[:, 1] - self.centre[:, 0]

    def lagged(self, lag: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frames a lag apart, centred on each frame (causal: ending at it), cut off at the ends; seconds between."""
        now, frames = np.arange(len(self.points)), len(self.points)
        half = max(1, round(lag * self.fps / 2))
        before = np.maximum(now - (2 * half if self.causal else half), 0)
        after = now if self.causal else np.minimum(now + half, frames - 1)
        return before, after, np.maximum(after - before, 1) / self.fps


def posture(scene: Scene) -> Columns:
    """Parts of both animals in the frame of each: x along its heading, y towards the side where the partner is."""
    columns = {}
    for animal in (0, 1):
        partner = 1 - animal
        back = np.conj(scene.heading[:, animal])
        turned = (scene.points - scene.centre[:, animal, None, None]) * back[:, None, None]
        side = np.sign(((scene.centre[:, partner] - scene.centre[:, animal]) * back).imag)
        for who, label in ((animal, "own"), (partner, "partner")):
            for part, name in enumerate(scene.parts):
                columns[f"{animal} {label} {name} ahead"] = turned[:, who, part].real
                columns[f"{animal} {label} {name} aside"] = turned[:, who, part].imag * side
    return columns


def pair_distances(scene: Scene) -> Columns:
    """All distances between two parts, of one animal or of both, but those that `relation` has."""
    columns, key, count = {}, key_parts(len(scene.parts), scene.axis), len(scene.parts)
    for animal in (0, 1):
        for one in range(count):
            for other in range(one + 1, count):
                way = scene.points[:, animal, other] - scene.points[:, animal, one]
                columns[f"{animal} {scene.parts[one]} to {scene.parts[other]}"] = np.abs(way)
    for one in range(count):
        for other in range(count):
            if one not in key or other not in key:
                way = scene.points[:, 1, other] - scene.points[:, 0, one]
                columns[f"distance {scene.parts[one]}-{scene.parts[other]}"] = np.abs(way)
    return columns


def relation(scene: Scene) -> Columns:
    """Distances between the animals and the angles at which they face each other."""
    points, between = scene.points, scene.between
    nearest = _nearest(points[:, 1, None, :], points[:, 0, :, None])
    touching = np.where(np.isnan(nearest), np.nan, nearest < CONTACT * scene.body)
    columns = {"distance": np.abs(between), "nearest": nearest, "contact": touching}
    columns["rough distance"] = np.abs(scene.place[:, 1] - scene.place[:, 0])
    for one in key_parts(len(scene.parts), scene.axis):
        for other in key_parts(len(scene.parts), scene.axis):
            way = points[:, 1, other] - points[:, 0, one]
            columns[f"distance {scene.parts[one]}-{scene.parts[other]}"] = np.abs(way)
    with np.errstate(invalid="ignore", divide="ignore"):
        towards = between / np.abs(between)
    for animal, sign in ((0, 1), (1, -1)):
        bearing = sign * towards * np.conj(scene.heading[:, animal])
        columns[f"{animal} faces partner"] = bearing.real
        columns[f"{animal} beside partner"] = np.abs(bearing.imag)
        shape, (rear, front) = points[:, animal], scene.axis
        columns[f"{animal} stretch"] = np.abs(shape[:, 0] - shape[:, rear])
        columns[f"{animal} axis"] = np.abs(shape[:, front] - shape[:, rear])
        columns[f"{animal} {scene.parts[front]} to partner"] = _nearest(points[:, 1 - animal], shape[:, front, None])
        columns[f"{animal} to wall"] = wall_distance(scene.place[:, animal], scene.walls)
    relative = scene.heading[:, 1] * np.conj(scene.heading[:, 0])
    columns["parallel"], columns["crossed"] = relative.real, np.abs(relative.imag)
    return columns


def motion(scene: Scene) -> Columns:
    """Speeds of bodies and parts, turning, and approach to the partner, over each lag."""
    between, columns = scene.between, {}
    with np.errstate(invalid="ignore", divide="ignore"):
        towards = between / np.abs(between)
    for lag in LAGS:
        before, after, seconds = scene.lagged(lag)
        step = (scene.centre[after] - scene.centre[before]) / seconds[:, None]
        rough = np.abs(scene.place[after] - scene.place[before]) / seconds[:, None]
        columns[f"distance change {lag} s"] = (np.abs(between[after]) - np.abs(between[before])) / seconds
        columns[f"relative speed {lag} s"] = np.abs(step[:, 1] - step[:, 0])
        columns[f"rough speed sum {lag} s"] = rough.sum(axis=1)
        columns[f"rough speed larger {lag} s"] = rough.max(axis=1)
        for animal, sign in ((0, 1), (1, -1)):
            own = step[:, animal]
            turn = np.angle(scene.heading[after, animal] * np.conj(scene.heading[before, animal]))
            columns[f"{animal} speed {lag} s"] = np.abs(own)
            columns[f"{animal} forward {lag} s"] = (own * np.conj(scene.heading[:, animal])).real
            columns[f"{animal} approach {lag} s"] = (sign * own * np.conj(towards)).real
            columns[f"{animal} turn {lag} s"] = np.abs(turn) / seconds
    before, after, seconds = scene.lagged(LAGS[0])
    speed = np.abs(scene.points[after] - scene.points[before]) / seconds[:, None, None]
    for animal in (0, 1):
        for part in key_parts(len(scene.parts), scene.axis):
            columns[f"{animal} speed of {scene.parts[part]}"] = speed[:, animal, part]
    return columns


def absence(scene: Scene) -> Columns:
    """Which animal, and which part of it, the tracker lost and for how long: hidden parts are a sign of contact."""
    columns = {}
    for animal in (0, 1):
        seen = scene.seen[:, animal]
        columns[f"{animal} missing"] = 1 - seen.mean(axis=1)
        for part, name in enumerate(scene.parts):
            columns[f"{animal} missing {name}"] = 1.0 - seen[:, part]
        for label, there in (("", np.any(seen, axis=1)), (f"{scene.parts[scene.axis[1]]} ", seen[:, scene.axis[1]])):
            columns[f"{animal} {label}not seen since"] = _frames_since(there) / scene.fps
            if not scene.causal:
                columns[f"{animal} {label}not seen until"] = _frames_since(there[::-1])[::-1] / scene.fps
    return {name: np.minimum(column, LONGEST_ABSENCE) for name, column in columns.items()}


def exchanged_name(name: str, parts: Sequence[str]) -> str:
    """The column that a column becomes when the two animals change places."""
    if name[:2] in ("0 ", "1 "):
        return f"{1 - int(name[0])} {name[2:]}"
    pairs = ((one, other) for one in parts for other in parts)
    return next((f"distance {b}-{a}" for a, b in pairs if name == f"distance {a}-{b}"), name)


def key_parts(parts: int, axis: Axis) -> list[int]:
    """Few parts stand for the body where there are many: the first (nose, by custom), and both ends of the axis."""
    return list(range(parts)) if parts <= 5 else sorted({0, axis[0], axis[1]})


def axis_lengths(points: np.ndarray, axis: Axis) -> np.ndarray:
    """Lengths (n,) of the body axis in all frames, of both animals, where it was seen."""
    lengths = np.abs(points[:, :, axis[1]] - points[:, :, axis[0]])
    return lengths[np.isfinite(lengths) & (lengths > 0)]


def survey_walls(points: np.ndarray) -> np.ndarray:
    """Half planes (n, 3) around the ground that the animals cover: the convex hull of their places, without strays.

    points: (T, 2, P) complex, some thousand frames. The farthest half per cent of places from the middle are left out.
    (0, 3) where there are too few places to enclose anything.
    """
    from scipy.spatial import ConvexHull, QhullError

    places = _quiet_mean(points).ravel()
    places = places[np.isfinite(places)]
    if len(places) < 3:
        return np.empty((0, 3))
    ways = np.abs(places - (np.median(places.real) + 1j * np.median(places.imag)))
    places = places[ways <= np.quantile(ways, 0.995)]
    try:
        return ConvexHull(np.stack([places.real, places.imag], axis=1)).equations
    except (QhullError, ValueError):
        return np.empty((0, 3))


def wall_distance(places: np.ndarray, walls: np.ndarray) -> np.ndarray:
    """Distance of complex places (T,) from the nearest wall, negative outside; NaN where there are no walls."""
    if not len(walls):
        return np.full(len(places), np.nan)
    farthest = np.full(len(places), -np.inf)
    for across, along, offset in walls:
        farthest = np.maximum(farthest, across * places.real + along * places.imag + offset)
    return -farthest


def _nearest(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Smallest distance (T,) between points that are broadcast against each other; NaN where none is seen."""
    distances = np.abs(some - others).reshape(len(some), -1)
    nearest = np.where(np.isnan(distances), np.inf, distances).min(axis=1)
    return np.where(np.isinf(nearest), np.nan, nearest)


def _frames_since(there: np.ndarray) -> np.ndarray:
    """Frames since the last one at which `there` (T,) was true; endless before the first."""
    frames = np.arange(len(there), dtype=np.float64)
    return frames - np.maximum.accumulate(np.where(there, frames, -np.inf))


def _quiet_mean(points: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not missing; NaN where all is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(points, axis=-1)
