"""Two-photon-like videos of capillaries: plasma is bright, red blood cells are dark gaps that move, or do not.

Only the demo uses this. Lengths are pixels, times are frames, intensities are luma above the background. A frame is a
step in time and in depth at once, so a vessel that dives is in focus at one end earlier than at the other.
"""

from dataclasses import dataclass

import numpy as np

STEP = 0.5  # spacing of the points of a centreline, pixels
FRINGE = 4.0  # pixels beyond the vessel's radius that its blurred edge still reaches
# How vessels lie, and how many of them: in the plane of the picture; from one end down to the other; both ends deeper
# than the middle, or less deep; bent into half a circle, and diving the more the nearer to one end.
SHAPES = {"planar": 0.4, "diagonal": 0.3, "horseshoe": 0.15, "c-shaped": 0.15}
LEVEL = 6.0  # frames, one standard deviation, between the ends of a planar vessel
# Frames that another one dives: the median, and the spread of their logarithm (one in six beyond 40).
DIVE = (22.0, 0.6)
DEEPEST = 90.0


@dataclass(frozen=True)
class Look:
    """How one project's microscope and animal look; drawn without regard to labels."""

    gain: float
    noise: float
    speed: float
    contrast: float
    focus: float
    jitter: float


@dataclass(frozen=True)
class Vessel:
    """A capillary: pixels (rows, columns), their place `along` it and distance `off` its centre, and what fills it.

    level: the light of plasma in each pixel; depth: the frame in which it is in focus; sharp: for how many frames it
    is, one standard deviation.
    """

    rows: np.ndarray
    columns: np.ndarray
    along: np.ndarray
    off: np.ndarray
    radius: float
    level: np.ndarray
    depth: np.ndarray
    sharp: float
    cells: np.ndarray
    contrast: float
    speed: float


def draw_look(random: np.random.Generator) -> Look:
    """The look of a project."""
    return Look(
        gain=float(np.exp(random.uniform(np.log(0.6), np.log(1.7)))),
        noise=float(np.exp(random.uniform(np.log(0.5), np.log(1.4)))),
        speed=random.uniform(0.6, 1.6),
        contrast=random.uniform(0.7, 1.0),
        focus=random.uniform(0.65, 1.2),
        jitter=random.uniform(0.1, 0.5),
    )


def draw_shape(random: np.random.Generator) -> str:
    """One of SHAPES, by their shares."""
    return str(random.choice(list(SHAPES), p=list(SHAPES.values())))


def depth_along(random: np.random.Generator, shape: str, place: np.ndarray) -> np.ndarray:
    """Frames by which focus is late at places (n,) along a vessel, from -0.5 at one end to 0.5 at the other."""
    median, spread = DIVE
    dive = random.normal(0, LEVEL) if shape == "planar" else min(median * np.exp(random.normal(0, spread)), DEEPEST)
    course = {"horseshoe": 4 * place**2 - 0.5, "c-shaped": (place + 0.5) ** 2 - 0.3}.get(shape, place)
    return np.asarray(random.choice([-1, 1]) * dive * course)


def centreline(
    random: np.random.Generator, start: np.ndarray, length: float, bend: float, shape: str = "planar"
) -> np.ndarray:
    """A smooth curve as points (n, 2) of row and column, `STEP` apart, that turns by a random walk of angle `bend`."""
    count = max(int(length / STEP), 8)
    knots = random.normal(0, bend, size=max(count // 40, 2) + 2)
    turn = np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots) * STEP / 20
    if shape == "c-shaped":
        turn = 0.3 * turn + random.choice([-1, 1]) * random.uniform(0.6, 1.1) * np.pi / count
    angle = random.uniform(0, 2 * np.pi) + np.cumsum(turn)
    steps = STEP * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    path = np.cumsum(steps, axis=0)
    return start + path - path[count // 2]


def vessel_pixels(path: np.ndarray, reach: float, shape: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Pixels within `reach` of a centreline: rows, columns, place along it and distance from it, all (n,)."""
    from scipy.spatial import cKDTree

    low = np.maximum(np.floor(path.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(path.max(axis=0) + reach) + 1, shape).astype(int)
    if np.any(high <= low):
        nothing = np.empty(0)
        return nothing.astype(int), nothing.astype(int), nothing, nothing
    grid = np.mgrid[low[0] : high[0], low[1] : high[1]].reshape(2, -1).T
    off, nearest = cKDTree(path).query(grid, distance_upper_bound=reach)
    near = np.isfinite(off)
    return grid[near, 0], grid[near, 1], nearest[near] * STEP, off[near]


def cell_pattern(random: np.random.Generator, length: float) -> np.ndarray:
    """Share of the light that red cells take, by place along the stream (one value a pixel), in [0, 1].

    Cells of 5 to 9 pixels follow each other in trains with plasma between them, as in capillaries.
    """
    pattern = np.zeros(int(length) + 1, np.float32)
    place = 0.0
    spacing = random.uniform(9, 20)
    while place < length:
        size = random.uniform(5, 9)
        pattern[int(place) : int(place + size)] = random.uniform(0.6, 1.0)
        place += size + random.exponential(spacing)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.0) ** 2)
    return np.convolve(pattern, kernel / kernel.sum(), mode="same").astype(np.float32)


def unevenness(random: np.random.Generator, points: int) -> np.ndarray:
    """Light along a path of so many points, around 1, float32: walls, width and what lies above differ, and stay."""
    from scipy.ndimage import gaussian_filter1d

    coarse = gaussian_filter1d(random.normal(0, 1, points), random.uniform(6, 16) / STEP, mode="nearest")
    coarse *= random.uniform(0, 0.12) / max(float(coarse.std()), 1e-6)
    return np.clip(1 + coarse, 0.4, 1.6).astype(np.float32)


def draw_vessel(
    random: np.random.Generator,
    look: Look,
    frames: int,
    shape: tuple[int, int],
    path: np.ndarray,
    speed: float,
    deep: float,
    lies: str,
) -> Vessel:
    """Fill a centreline with cells that move at `speed` pixels a frame; its middle is in focus around frame `deep`.

    lies: one of SHAPES.
    """
    radius = random.uniform(2.2, 4.0)
    rows, columns, along, off = vessel_pixels(path, radius + FRINGE, shape)
    length = len(path) * STEP + abs(speed) * frames + 20
    return Vessel(
        rows=rows,
        columns=columns,
        along=along.astype(np.float32),
        off=off.astype(np.float32),
        radius=radius,
        level=look.gain * random.uniform(45, 110) * unevenness(random, len(path))[(along / STEP).astype(int)],
        depth=(deep + depth_along(random, lies, along / max(len(path) * STEP, 1) - 0.5)).astype(np.float32),
        sharp=float(np.clip(9 * look.focus * np.exp(random.normal(-0.3, 0.45)), 2.5, 14)),
        cells=cell_pattern(random, length),
        contrast=look.contrast * random.uniform(0.7, 1.0),
        speed=speed,
    )


def render(canvas: np.ndarray, vessel: Vessel, wobble: np.ndarray) -> None:
    """Add a vessel to `canvas` (frames, rows, columns), float32. wobble: (frames,) pixels that its cells are displaced.

    Where the vessel leaves the focal plane it dims and its cells blur into one another.
    """
    if not len(vessel.rows):
        return
    frames = np.arange(len(canvas), dtype=np.float32)[:, None]
    focus = np.exp(-0.5 * ((frames - vessel.depth) / vessel.sharp) ** 2)
    profile = vessel.level / (1 + np.exp((vessel.off - vessel.radius) / 0.7))
    travelled = (
        vessel.speed * frames + wobble[:, None] + (abs(vessel.speed) * len(canvas) if vessel.speed < 0 else 0) + 5
    )
    place = np.clip((vessel.along + travelled).astype(np.int32), 0, len(vessel.cells) - 1)
    blur = min(abs(vessel.speed) / 16, 0.6)  # a fast cell smears while the laser scans it
    taken = vessel.contrast * (1 - blur) * focus * vessel.cells[place]
    canvas[:, vessel.rows, vessel.columns] += profile * focus * (1 - taken)


def flow_speed(random: np.random.Generator, look: Look) -> float:
    """Pixels a frame: log-normal around the project's speed, so that some flow is hardly faster than none."""
    speed = np.clip(look.speed * np.exp(random.normal(0.85, 0.9)), 0.7, 20)
    return float(speed * random.choice([-1, 1]))


def stalled_wobble(random: np.random.Generator, frames: int) -> np.ndarray:
    """Displacement of stuck cells: they tremble with the pulse, and now and then the plug slips by some pixels."""
    tremble = random.normal(0, random.uniform(0, 0.8), frames)
    slips = np.cumsum((random.random(frames) < 0.045) * random.uniform(-6, 6, frames))
    return (tremble + slips - slips.min()).astype(np.float32)
