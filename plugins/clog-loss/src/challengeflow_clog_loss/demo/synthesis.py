"""One demo video: an outlined vessel among others, noise, residual motion, registration borders; then its mp4."""

from pathlib import Path

import numpy as np

from challengeflow_clog_loss.demo import vessels

BLACK = 16  # luma of black in video range
OUTLINE = (133, 57, 206)  # Y, U, V of #FF6600 as the real videos hold it
MARGIN = 8  # pixels of canvas beyond each side, so that residual motion has something to bring in
FRAME_RATE = 15
CROSSINGS = (0.2, 0.4, 0.4)  # chances of no, one and two vessels that cross the outlined one at another depth


def shape_of(seed: int, sample: str) -> str:
    """How the outlined vessel of a demo sample lies: one of vessels.SHAPES."""
    return vessels.draw_shape(np.random.default_rng([seed, 6, *sample.encode()]))


def write_video(path: Path, seed: int, sample: str, project: str, stalled: bool, frames: int, width: int) -> None:
    """Write the mp4 of a demo sample; the same arguments always give the same bytes."""
    look = vessels.draw_look(np.random.default_rng([seed, 1, *project.encode()]))
    random = np.random.default_rng([seed, 2, *sample.encode()])
    luma, outline = draw_video(random, look, stalled, frames, (384, width), shape_of(seed, sample))
    encode(path, luma, outline)


def draw_video(
    random: np.random.Generator, look: vessels.Look, stalled: bool, frames: int, shape: tuple[int, int], lies: str
) -> tuple[np.ndarray, np.ndarray]:
    """Draw luma (frames, rows, columns) uint8 and the outline (rows, columns) bool, 3 pixels wide and closed.

    lies: how the outlined vessel does, one of vessels.SHAPES.
    """
    large = (shape[0] + 2 * MARGIN, shape[1] + 2 * MARGIN)
    canvas = np.zeros((frames, *large), np.float32)
    target = _target_path(random, shape, lies)
    _surroundings(random, look, canvas, target)
    _crossing(random, look, canvas, target)
    speed = 0.0 if stalled else vessels.flow_speed(random, look)
    deep = frames * random.uniform(0.25, 0.75)
    vessel = vessels.draw_vessel(random, look, frames, large, target + MARGIN, speed, deep, lies)
    wobble = vessels.stalled_wobble(random, frames)
    vessels.render(canvas, vessel, wobble if stalled else 0 * wobble)
    luma = _expose(random, look, _residual_motion(random, look, canvas, shape))
    _black_borders(random, luma)
    outline = draw_outline(target, shape)
    luma[:, outline] = OUTLINE[0]
    return luma, outline


def _target_path(random: np.random.Generator, shape: tuple[int, int], lies: str) -> np.ndarray:
    """The centreline of the vessel to judge: short enough to be outlined, clear of the frame's edge."""
    while True:
        start = random.uniform((50, 50), (shape[0] - 50, shape[1] - 50))
        path = vessels.centreline(random, start, random.uniform(30, 75), 0.5, lies)
        if np.all(path.min(axis=0) > 20) and np.all(path.max(axis=0) < np.array(shape) - 20):
            return path


def _surroundings(random: np.random.Generator, look: vessels.Look, canvas: np.ndarray, target: np.ndarray) -> None:
    """Other vessels at all depths, most of them flowing, and a few still bright cells, none of them on the target."""
    frames, height, width = canvas.shape
    for _ in range(random.integers(16, 26)):
        path = vessels.centreline(random, random.uniform((0, 0), (height, width)), random.uniform(40, 180), 0.5)
        if np.linalg.norm(path[::8, None] - (target + MARGIN)[None, ::8], axis=2).min() < 22:
            continue
        still = random.random() < 0.12
        speed = 0.0 if still else vessels.flow_speed(random, look)
        deep = random.uniform(-0.3, 1.3) * frames
        lies = vessels.draw_shape(random)
        vessel = vessels.draw_vessel(random, look, frames, (height, width), path, speed, deep, lies)
        vessels.render(canvas, vessel, vessels.stalled_wobble(random, frames) * still)


def _crossing(random: np.random.Generator, look: vessels.Look, canvas: np.ndarray, target: np.ndarray) -> None:
    """In most videos, a vessel or two that pass above or below the target, through the outline; most of them flow."""
    frames, height, width = canvas.shape
    for _ in range(random.choice(3, p=CROSSINGS)):
        place = target[random.integers(len(target))] + MARGIN + random.normal(0, 6, 2)
        path = vessels.centreline(random, place, random.uniform(50, 120), 0.4)
        still = random.random() < 0.12
        speed = 0.0 if still else vessels.flow_speed(random, look)
        deep = frames * random.choice([random.uniform(-0.4, 0.1), random.uniform(0.9, 1.4)])
        lies = vessels.draw_shape(random)
        vessel = vessels.draw_vessel(random, look, frames, (height, width), path, speed, deep, lies)
        vessels.render(canvas, vessel, vessels.stalled_wobble(random, frames) * still)


def _residual_motion(
    random: np.random.Generator, look: vessels.Look, canvas: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """What registration leaves: the tissue shifts by a pixel in some frames and by several in a few (a breath)."""
    moved = np.empty((len(canvas), *shape), np.float32)
    small = random.random((len(canvas), 2)) < look.jitter
    shift = small * random.choice([-1, 1], (len(canvas), 2))
    shift[random.random(len(canvas)) < 0.04] += random.choice([-4, -3, 3, 4])
    for frame, (down, right) in zip(range(len(canvas)), shift + MARGIN, strict=True):
        moved[frame] = canvas[frame, down : down + shape[0], right : right + shape[1]]
    return moved


def _expose(random: np.random.Generator, look: vessels.Look, light: np.ndarray) -> np.ndarray:
    """Photon and detector noise, background that drifts, and the camera's limits: uint8 in video range."""
    level = 20 * look.gain + np.cumsum(random.normal(0, 0.4, len(light))).astype(np.float32)
    light += level[:, None, None]
    exposed = np.empty(light.shape, np.uint8)
    for frame, seen in zip(exposed, light, strict=True):
        noise = random.standard_normal(seen.shape, np.float32)
        noise[:, 1:] += noise[:, :-1]  # the detector's bandwidth smears along the scan lines
        noise[1:] += 0.5 * noise[:-1]  # and registration interpolates across them
        noise *= look.noise * (2.0 + 0.65 * np.sqrt(np.maximum(seen, 0)))
        frame[:] = np.clip(seen + noise + BLACK, BLACK, 235)
    return exposed


def _black_borders(random: np.random.Generator, luma: np.ndarray) -> None:
    """Black where registration moved the frame away from the edge; the borders wander from frame to frame."""
    frames, height, width = luma.shape
    walk = np.cumsum(random.normal(0, 1.5, (frames, 4)), axis=0) + random.uniform(0, 8, 4)
    top, bottom, left, right = np.clip(walk, 0, 20).astype(int).T
    for frame in range(frames):
        luma[frame, : top[frame]] = BLACK
        luma[frame, height - bottom[frame] :] = BLACK
        luma[frame, :, : left[frame]] = BLACK
        luma[frame, :, width - right[frame] :] = BLACK


def draw_outline(path: np.ndarray, shape: tuple[int, int], distance: float = 11.0) -> np.ndarray:
    """The closed curve at `distance` around a centreline, 3 pixels wide: bool (rows, columns)."""
    from scipy.ndimage import distance_transform_edt

    away = np.ones(shape, bool)
    away[tuple(np.round(path).astype(int).T)] = False
    return np.abs(distance_transform_edt(away) - distance) < 1.5


def encode(path: Path, luma: np.ndarray, outline: np.ndarray) -> None:
    """Write grey frames (frames, rows, columns) with the orange outline as the challenge's mp4s are written.

    x264, every frame an I-frame, crf 15, High profile, yuv420p, 15 frames a second, moov after mdat.
    """
    import av

    frames, height, width = luma.shape
    half = outline.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    chroma = [np.round(128 + half * (value - 128)).astype(np.uint8) for value in OUTLINE[1:]]
    options = {"crf": "15", "g": "1", "bf": "0", "refs": "1", "profile": "high", "preset": "veryfast", "threads": "1"}
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.thread_count = 1
        for number in range(frames):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane, values in zip(frame.planes, (luma[number], *chroma), strict=True):
                padded = np.zeros((plane.height, plane.line_size), np.uint8)
                padded[:, : plane.width] = values
                plane.update(padded.tobytes())
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
