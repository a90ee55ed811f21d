"""Decode an mp4 into its luma and where its outline's colour is, without any colour conversion."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHROMA = (
    40  # |U - 128| + |V - 128| above this is the outline: elsewhere it stays below 17, on the outline it is near 150
)


class VideoError(Exception):
    """Why a video cannot be used, in a few words."""


@dataclass(frozen=True)
class Video:
    """luma: uint8 (frames, rows, columns). coloured: float32, half that size: share of frames with strong chroma."""

    luma: np.ndarray
    coloured: np.ndarray


def decode(path: Path, expected_frames: int | None) -> Video:
    """Decode all frames of the first video stream on one thread.

    Raises VideoError for a file that is missing, empty, damaged or has another number of frames than expected: a
    damaged stream would otherwise pass as a short one.
    """
    import av

    if not path.exists():
        raise VideoError("file missing")
    if path.stat().st_size == 0:
        raise VideoError("file empty")
    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None or stream.codec_context is None:  # decoding without a codec would crash the process
                raise VideoError("no video stream")
            stream.thread_count = 1
            stream.codec_context.options = {"err_detect": "explode"}  # no damaged frame is to be mended in silence
            luma, counts = _collect(container.decode(stream))
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        raise VideoError(f"damaged: {type(error).__name__}") from None
    if expected_frames is not None and len(luma) != expected_frames:
        raise VideoError(f"{len(luma)} frames, expected {expected_frames}")
    if len(luma) < 3:
        raise VideoError(f"{len(luma)} frames, too few to see motion")
    return Video(np.stack(luma), (counts / len(luma)).astype(np.float32))


def _collect(frames) -> tuple[list[np.ndarray], np.ndarray]:
    luma, counts = [], None
    for frame in frames:
        if frame.is_corrupt:
            raise VideoError(f"damaged: frame {len(luma)}")
        if frame.format.name not in ("yuv420p", "yuvj420p"):
            frame = frame.reformat(format="yuv420p")
        y, u, v = (_plane(plane) for plane in frame.planes)
        coloured = np.abs(u.astype(np.int16) - 128) + np.abs(v.astype(np.int16) - 128) > CHROMA
        if luma and luma[0].shape != y.shape:
            raise VideoError("frame size changes")
        counts = coloured.astype(np.int32) if counts is None else counts + coloured
        luma.append(y)
    return luma, counts if counts is not None else np.zeros((0, 0), np.int32)


def _plane(plane) -> np.ndarray:
    """A plane without the padding at the end of its rows, copied out of the decoder's memory."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width].copy()
