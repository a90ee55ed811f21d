"""A second, differently made generator: other optics, speeds, noise and code. The package knows nothing of it.

Here cells are single dark blobs that ride along a polyline, drawn one by one; light is counted in photons; depth
sharpens and blurs the picture; the outline is an ellipse or follows the vessel; the codec's quality and the frame rate
differ. A vessel is a curve in three dimensions, through which the plane of focus moves by one step a frame.
"""

from pathlib import Path

import av
import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree

WIDTH, HEIGHT = 320, 256
PHOTONS = (1.5, 5.0)
REACH = 12
SHAPES = ("planar", "diagonal", "horseshoe", "c-shaped")


def shape_of(seed: int) -> str:
    """How the outlined vessel of a video lies: one of SHAPES, as many of each."""
    return SHAPES[int(np.random.default_rng([78, seed]).integers(len(SHAPES)))]


def write_other_video(
    path: Path, seed: int, stalled: bool, lies: str = "", dive: tuple[float, float] = (8, 45), frames: int = 0
) -> int:
    """Write one video of a vessel that is stalled or flows; return its number of frames.

    lies: one of SHAPES (by the seed where empty); dive: least and most frames that a vessel other than a planar one
    dives; frames: 22 to 56 where 0.
    """
    luma, outline = draw_other_video(seed, stalled, lies or shape_of(seed), dive, frames)
    _write(path, luma, outline)
    return len(luma)


def draw_other_video(
    seed: int, stalled: bool, lies: str, dive: tuple[float, float], frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """Luma uint8 (frames, HEIGHT, WIDTH) and outline bool (HEIGHT, WIDTH) of one video."""
    random = np.random.default_rng([77, seed])
    frames = frames or int(random.integers(22, 57))
    scene = np.zeros((frames, HEIGHT, WIDTH), np.float32)
    centre = random.uniform((90, 100), (HEIGHT - 90, WIDTH - 100))
    angle, length = random.uniform(0, np.pi), random.uniform(50, 80)
    path = _path(random, centre, angle, length, lies)
    depth = _depth(random, lies, len(path), dive)
    scene += _vessel(random, frames, path, depth + frames * random.uniform(0.35, 0.65), not stalled)
    for _ in range(random.integers(1, 4)):  # others pass above or below it
        place = frames * random.choice([random.uniform(-0.3, 0.2), random.uniform(0.8, 1.3)])
        crossing = centre + random.normal(0, 14, 2)
        tilt = angle + random.uniform(0.2, 0.8) * np.pi
        scene += _other(random, frames, crossing, tilt, random.uniform(60, 110), place)
    for _ in range(6):
        away = centre + random.uniform(70, 150) * _direction(random.uniform(0, 2 * np.pi))
        place = frames * random.uniform(0, 1)
        tilt, long = random.uniform(0, np.pi), random.uniform(40, 110)
        scene += _other(random, frames, away, tilt, long, place)
    for frame in scene:  # what registration leaves
        frame[:] = np.roll(frame, random.integers(-2, 3, 2) * (random.random() < 0.3), (0, 1))
    photons = random.uniform(*PHOTONS)
    counted = random.poisson(np.maximum(scene * photons + 0.12 * photons, 0)) / photons
    luma = np.clip(16 + random.uniform(75, 130) * counted, 16, 235)
    luma = np.stack([gaussian_filter(frame, 0.6) for frame in luma]).astype(np.uint8)
    return luma, _around(path) if lies == "c-shaped" else _ellipse(centre, angle, length)


def _direction(angle: float) -> np.ndarray:
    return np.array([np.sin(angle), np.cos(angle)])


def _travel(random, frames: int, flows: bool) -> np.ndarray:
    """How far cells have come at each frame: steadily where blood flows, else to and fro with a jump now and then."""
    if flows:
        return np.arange(frames) * np.exp(random.uniform(np.log(0.4), np.log(8.0))) * random.choice([-1, 1])
    jumps = (random.random(frames) < 0.05) * random.uniform(-5, 5, frames)
    return np.cumsum(jumps) + random.uniform(0, 1) * np.sin(np.arange(frames) * random.uniform(0.5, 2.5))


def _path(random, centre, angle, length, lies) -> np.ndarray:
    """Points (n, 2), half a pixel apart: slightly bowed, or half of an ellipse."""
    places = np.linspace(-1, 1, int(length * 2))
    along, across = length / 2 * places, random.uniform(-10, 10) * (1 - places**2)
    if lies == "c-shaped":
        along, across = length / 3 * np.sin(places * np.pi / 2), length / 3 * np.cos(places * np.pi / 2)
    return centre + along[:, None] * _direction(angle) + across[:, None] * _direction(angle + np.pi / 2)


def _depth(random, lies, points, dive) -> np.ndarray:
    """Frames by which focus is late at each point (points,)."""
    places = np.linspace(-1, 1, points)
    by = random.choice([-1, 1]) * (random.uniform(0, 6) if lies == "planar" else random.uniform(*dive))
    course = {"horseshoe": np.cos(places * np.pi / 2) - 0.6, "c-shaped": np.sin(places * np.pi / 4) * 0.7}
    return by * course.get(lies, places / 2)


def _other(random, frames, centre, angle, length, place) -> np.ndarray:
    """A vessel that is not outlined, of any shape."""
    lies = str(random.choice(SHAPES))
    path = _path(random, centre, angle, length, lies)
    return _vessel(random, frames, path, place + _depth(random, lies, len(path), (8, 45)), random.random() > 0.15)


def _vessel(random, frames, path, depth, flows) -> np.ndarray:
    """A tube with dark blobs: (frames, HEIGHT, WIDTH), 1 is full plasma; depth: frame of focus by point of the path."""
    travel = _travel(random, frames, flows)
    length = len(path) / 2
    inside = (path[:, 0] > 1) & (path[:, 0] < HEIGHT - 2) & (path[:, 1] > 1) & (path[:, 1] < WIDTH - 2)
    tube = np.ones((HEIGHT, WIDTH), bool)
    tube[tuple(np.round(path[inside]).astype(int).T)] = False
    darkness, thickness = random.uniform(0.35, 0.8), random.uniform(6, 24)
    plasma = (distance_transform_edt(tube) < random.uniform(2.5, 3.5)).astype(np.float32)
    cells = np.cumsum(random.uniform(8, 24, 60))
    cells = cells - cells[30]
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    result = np.zeros((frames, HEIGHT, WIDTH), np.float32)
    if not plasma.any():
        return result
    box = tuple(
        slice(max(int(places.min()) - REACH, 0), int(places.max()) + REACH) for places in np.nonzero(plasma)
    )  # beyond it the blur leaves nothing
    nearest = cKDTree(path).query(np.stack([rows[box].ravel(), columns[box].ravel()], axis=1))[1]
    deep = depth[nearest].reshape(rows[box].shape)
    for frame in range(frames):
        away = np.abs(frame - deep) / thickness
        if away.min() > 1:
            continue
        blocked = np.zeros((HEIGHT, WIDTH), np.float32)
        for cell in cells + travel[frame] + random.normal(0, 0.4):
            if abs(cell) < length / 2:
                spot = path[int((cell + length / 2) * (len(path) - 1) / length)]
                near = (
                    slice(max(int(spot[0]) - 8, 0), int(spot[0]) + 9),
                    slice(max(int(spot[1]) - 8, 0), int(spot[1]) + 9),
                )
                square = (rows[near] - spot[0]) ** 2 + (columns[near] - spot[1]) ** 2
                blocked[near] = np.maximum(blocked[near], np.exp(-square / 18))
        seen = (plasma * (1 - darkness * blocked))[box]
        sharp, dull = (gaussian_filter(seen, width, truncate=3.0) for width in (0.8, 3.0))
        light = np.clip(1 - away, 0, 1)
        result[frame][box] = (light * sharp + (1 - light) * dull) * light**1.5
    return result


def _ellipse(centre, angle, length) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] - centre[:, None, None]
    along = rows * np.sin(angle) + columns * np.cos(angle)
    across = rows * np.cos(angle) - columns * np.sin(angle)
    radius = np.hypot(along / (length / 2 + 16), across / 26)
    return np.abs(radius - 1) * 26 < 1.6


def _around(path) -> np.ndarray:
    """The closed curve 13 pixels away from a path."""
    away = np.ones((HEIGHT, WIDTH), bool)
    away[tuple(np.round(path).astype(int).T)] = False
    return np.abs(distance_transform_edt(away) - 13) < 1.6


def _write(path: Path, luma: np.ndarray, outline: np.ndarray) -> None:
    """Through colour and swscale, as a person with other software would."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": "18", "preset": "superfast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in luma:
            colour = np.repeat((np.clip(frame, 16, 235) - 16.0)[..., None] * 255 / 219, 3, axis=2).astype(np.uint8)
            colour[outline] = (255, 102, 0)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(colour, format="rgb24")))
        container.mux(stream.encode())
