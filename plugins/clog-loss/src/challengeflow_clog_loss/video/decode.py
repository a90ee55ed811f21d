"""Decode an mp4 frame by frame into luma and chroma as they are stored, without any colour conversion."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import av

# |U - 128| + |V - 128| above this is the outline: elsewhere it stays below 17, on the outline it is near 150.
CHROMA = 40
AS_STORED = ("yuv420p", "yuvj420p")


class VideoError(Exception):
    """Why a video cannot be used, in a few words."""


class Frame(NamedTuple):
    """luma: uint8 (rows, columns). chroma: U and V, uint8, half that size; None where the codec has no colour.

    The arrays are views of the decoder's memory, which they keep alive. codec_format: FFmpeg's pixel format.
    """

    luma: np.ndarray
    chroma: tuple[np.ndarray, np.ndarray] | None
    codec_format: str

    def coloured(self) -> np.ndarray:
        """Where chroma is strong: bool, half the size of luma."""
        if self.chroma is None:
            return np.zeros([-(-length // 2) for length in self.luma.shape], bool)
        u, v = (plane.astype(np.int16) for plane in self.chroma)
        return np.abs(u - 128) + np.abs(v - 128) > CHROMA


def frames(path: Path) -> Iterator[Frame]:
    """Decode the frames of the first video stream on one thread.

    Raises VideoError for a file that is missing, empty or damaged, wherever the damage is.
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
            size = None
            for number, decoded in enumerate(container.decode(stream)):
                if decoded.is_corrupt:
                    raise VideoError(f"damaged: frame {number}")
                frame = _planes(decoded)
                if size not in (None, frame.luma.shape):
                    raise VideoError("frame size changes")
                size = frame.luma.shape
                yield frame
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        raise VideoError(f"damaged: {type(error).__name__}") from None


def _planes(decoded: "av.VideoFrame") -> Frame:
    name = decoded.format.name
    if name == "gray":
        return Frame(_view(decoded.planes[0]), None, name)
    if name not in AS_STORED:
        decoded = decoded.reformat(format="yuv420p")
    luma, u, v = (_view(plane) for plane in decoded.planes)
    return Frame(luma, (u, v), name)


def _view(plane: Any) -> np.ndarray:
    """A plane without the padding at the end of its rows."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
