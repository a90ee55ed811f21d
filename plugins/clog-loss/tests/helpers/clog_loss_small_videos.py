"""Small videos that take milliseconds to make: noise with a drifting blob, outlined; sound ones and strange ones."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import av
import numpy as np

BOX = (20, 60, 30, 90)  # top, bottom, left, right of the outline
ORANGE = (255, 102, 0)
ALL_INTRA = {"g": "1", "bf": "0"}


def write_small_video(
    path: Path,
    seed: int = 0,
    frames: int = 18,
    size: tuple[int, int] = (96, 128),
    outlines: Sequence[tuple[int, int, int, int]] = (BOX,),
    codec_format: str = "yuv420p",
    *,
    thickness: int = 3,
    colour: tuple[int, int, int] = ORANGE,
    gap: int = 0,
    dashes: int = 0,
    shown: slice = slice(None),
    second: tuple[tuple[int, int, int, int], tuple[int, int, int]] | None = None,
    scene: Callable[[np.ndarray], np.ndarray] | None = None,
    tint: tuple[float, float, float] = (1, 1, 1),
    container: str = "mp4",
    codec: str = "libx264",
    crf: int = 15,
    rate: int = 15,
    start: int = 0,
    options: Mapping[str, str] = ALL_INTRA,
) -> Path:
    """Write a video of (rows, columns) = `size`, all-intra H.264 unless told otherwise, with boxes drawn as outlines.

    gap: pixels left open in the upper side; dashes: pixels of each dash, and of the gaps between them; shown: frames
    that have the outline; second: another box and its colour; scene: changes the luma (frames, rows, columns); tint:
    of the tissue; start: the first frame's time, in frames.
    """
    random = np.random.default_rng(seed)
    luma = random.normal(40, 8, (frames, *size))
    for number, frame in enumerate(luma):
        frame[35:45, 35 + number : 45 + number] += 90
    luma = luma if scene is None else scene(luma)
    rgb = (np.clip(luma, 0, 255)[..., None] * tint).astype(np.uint8)
    for box in outlines:
        rgb[shown, _line(size, box, thickness, gap, dashes)] = colour
    if second is not None:
        rgb[:, _line(size, second[0], thickness, 0)] = second[1]
    quality = {"crf": str(crf), "preset": "ultrafast"} if codec == "libx264" else {}
    with av.open(str(path), "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate, options={**quality, **options} if codec == "libx264" else {})
        stream.thread_count = 1
        stream.height, stream.width = size
        stream.pix_fmt = codec_format
        if codec in ("mjpeg", "mpeg4"):
            stream.bit_rate = 4_000_000
        for number, image in enumerate(rgb):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = start + number
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return path


def _line(
    size: tuple[int, int], box: tuple[int, int, int, int], thickness: int, gap: int, dashes: int = 0
) -> np.ndarray:
    """Where a box is drawn, bool (rows, columns); what lies beyond the frame is cut off."""
    top, bottom, left, right = box
    rows, columns = np.mgrid[: size[0], : size[1]]
    depth = np.minimum.reduce([rows - top, bottom - 1 - rows, columns - left, right - 1 - columns])
    middle = (left + right) // 2
    open_ = (rows < (top + bottom) / 2) & (columns >= middle - gap // 2) & (columns < middle - gap // 2 + gap)
    if dashes:
        open_ |= (rows + columns) // dashes % 2 == 1
    return (depth >= 0) & (depth < thickness) & ~open_


def write_sound(path: Path) -> Path:
    """Write an mp4 without a video stream."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
