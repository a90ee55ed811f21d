"""Small videos that take milliseconds to make: noise with a drifting blob, outlined; sound ones and strange ones."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

BOX = (20, 60, 30, 90)  # top, bottom, left, right of the outline


def write_small_video(
    path: Path,
    seed: int = 0,
    frames: int = 8,
    size: tuple[int, int] = (96, 128),
    outlines: Sequence[tuple[int, int, int, int]] = (BOX,),
    codec_format: str = "yuv420p",
) -> Path:
    """Write an all-intra H.264 mp4 of (rows, columns) = `size`, with orange boxes drawn 3 pixels wide."""
    random = np.random.default_rng(seed)
    luma = random.normal(40, 8, (frames, *size))
    for number, frame in enumerate(luma):
        frame[35:45, 35 + number : 45 + number] += 90
    rgb = np.repeat(np.clip(luma, 0, 255).astype(np.uint8)[..., None], 3, axis=3)
    for top, bottom, left, right in outlines:
        drawn = np.zeros(size, bool)
        drawn[top:bottom, left:right] = True
        drawn[top + 3 : bottom - 3, left + 3 : right - 3] = False
        rgb[:, drawn] = (255, 102, 0)
    options = {"crf": "15", "g": "1", "bf": "0", "preset": "ultrafast"}
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=15, options=options)
        stream.thread_count = 1
        stream.height, stream.width = size
        stream.pix_fmt = codec_format
        for image in rgb:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write an mp4 without a video stream."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
