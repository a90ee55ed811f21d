"""Decode a video frame by frame into luma and chroma as they are stored, without any colour conversion."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import av

ORANGE = (-71.0, 78.0)  # U - 128 and V - 128 of the outline: no other hue is taken for it
STRONG = 28  # of chroma: grey pictures stay below 12
NEAR = 0.95  # cosine of the angle between a pixel's hue and the outline's, from which on they are the same
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")
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

    def orange(self, at: np.ndarray | EllipsisType = ...) -> np.ndarray:
        """How strong the outline's hue is, float32, half the size of luma; 0 where the hue is another or none.

        at: where alone to look, bool (rows, columns) of half size.
        On the real outline it is near 105, elsewhere below 12; on a line one pixel thick, much compressed, 15 or more.
        """
        if self.chroma is None:
            return np.zeros([-(-length // 2) for length in self.luma.shape], np.float32)[at]
        u, v = (plane[at].astype(np.float32) - 128 for plane in self.chroma)
        along = (u * ORANGE[0] + v * ORANGE[1]) / np.hypot(*ORANGE)
        return np.where(along > NEAR * np.hypot(u, v), along, 0)

    def other_colour(self) -> float:
        """Share of the frame whose colour is strong and not the outline's."""
        if self.chroma is None:
            return 0.0
        u, v = (plane.astype(np.float32) - 128 for plane in self.chroma)
        return float(((np.hypot(u, v) > STRONG) & (self.orange() == 0)).mean())


def streams(path: Path) -> tuple[int, int]:
    """How many video streams a readable file has, and the frames it says the first one has (0: it does not say)."""
    import av

    with av.open(str(path)) as container:
        found = container.streams.video
        return len(found), found[0].frames


def share_there(path: Path) -> float:
    """How much of the length that a readable file states for its first video stream is there, up to 1.

    Matroska and WebM state no number of frames, and end without a fault wherever they are cut off; of other files, and
    of those that state no length, 1.
    """
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if not container.format.name.startswith("matroska"):
            return 1.0
        said = CLOCK.fullmatch(stream.metadata.get("DURATION", ""))
        stated = 3600 * int(said[1]) + 60 * int(said[2]) + float(said[3]) if said else 0.0
        if not stated and len(container.streams) == 1:
            stated = (container.duration or 0) / av.time_base
        packets = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
        if not stated or stream.time_base is None or len(packets) < 2:
            return 1.0
        first, last = (float(place * stream.time_base) for place in (min(packets), max(packets)))
        return min((last + (last - first) / (len(packets) - 1)) / stated, 1.0)


def rate(path: Path) -> str:
    """Frames a second that a readable file states for its first video stream; empty where it does not say."""
    import av

    with av.open(str(path)) as container:
        stated = container.streams.video[0].average_rate
        return f"{float(stated):.4g}" if stated else ""


def frames(path: Path) -> Iterator[Frame]:
    """Decode the frames of the first video stream on one thread.

    Raises VideoError for a file that is missing, empty or damaged, wherever the damage is.
    """
    import av

    if not path.exists():
        raise VideoError("file missing")
    if path.is_dir():
        raise VideoError("a folder, not a file")
    if path.stat().st_size == 0:
        raise VideoError("file empty")
    with open(path, "rb") as file:
        if file.read(4) in TIFF:
            raise VideoError("a tif stack; save it as a video (mp4, avi or mov)")
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
