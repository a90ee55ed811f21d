"""Answers over the video: the animals' skeletons, the behaviour and its score on every frame, as mp4."""

import warnings
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.arrays import Arrays, Predictions
from challengeflow_mabe_task1.data.layouts import background
from challengeflow_mabe_task1.pictures import canvas

DOT = 3
"""Radius of a body part in pixels."""

TEXT = 18
"""Height of the letters in pixels."""


def write(
    video: Path,
    target: Path,
    prepared: Path,
    predictions: Path,
    name: str,
    labels: np.ndarray,
    frames: tuple[int, int] | None = None,
) -> int:
    """Write `target` (mp4): frames `frames[0]` to before `frames[1]` of the video, by default all that are tracked.

    name: the sequence in the folders `prepared` and `predictions`; labels: its class numbers (T,). Returns how many
    frames the video has less than was asked for. Raises InputError where it cannot be read, or PyAV is not there.
    """
    tracks = Arrays(prepared)
    facts, points = tracks.attributes(name), tracks[name]["keypoints"]
    scores, first = Predictions(predictions)[name], facts.get("first_frame", 0)
    edges, colours = skeleton(points), canvas.colours(facts["vocabulary"])
    start, stop = frames or (first, first + len(points))
    rest = background(facts["vocabulary"])

    def drawn(number: int, picture: np.ndarray) -> np.ndarray:
        row = number - first
        if not 0 <= row < len(points):
            return picture
        k = int(labels[row])
        said = f"{facts['vocabulary'][k]}  {scores[row, k]:.2f}"
        return draw_frame(picture, points[row], edges, said, "#ffffff" if k == rest else colours[k], number)

    pictures = (drawn(number, picture) for number, picture in read(video, start, stop))
    return stop - start - _encode(target, pictures, facts["fps"])


def read(video: Path, start: int, stop: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (frame, picture (H, W, 3) uint8) of a video from frame `start` to before `stop`.

    Frames are counted, as trackers do, and not told by their times, which cameras space unevenly.

    Raises InputError where it cannot be read or has no such frames.
    """
    av = _pyav()
    found = False
    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            times = _times(container, stream) if start else []
            if start < len(times):
                container.seek(times[start], stream=stream)
            elif start:
                container.seek(0)
            for counted, frame in enumerate(container.decode(stream)):
                number = bisect_left(times, frame.pts) if start < len(times) else counted
                if number >= stop:
                    break
                if number >= start:
                    found = True
                    yield number, frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, IndexError) as error:
        raise InputError(f"{video.name} is not a readable video ({error}); convert it to mp4") from None
    if not found:
        raise InputError(f"{video.name} has no frame {start}; is it the video that was tracked?")


def _times(container: Any, stream: Any) -> list[int]:
    """The time of each frame in the video's unit, rising; empty where it is not known of all of them."""
    packets = [packet for packet in container.demux(stream) if packet.size and not packet.is_discard]
    return sorted(packet.pts for packet in packets) if all(packet.pts is not None for packet in packets) else []


def draw_frame(
    picture: np.ndarray, points: np.ndarray, edges: Sequence[tuple[int, int]], said: str, colour: str, number: int
) -> np.ndarray:
    """A picture (H, W, 3) with both animals, points (2, 2, P) in pixels, and what is said of the frame."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for own, paint in zip(points, canvas.ANIMALS.values(), strict=True):
        seen = np.isfinite(own).all(axis=0)
        for one, other in edges:
            if seen[one] and seen[other]:
                draw.line([tuple(own[:, one]), tuple(own[:, other])], fill=paint, width=2)
        for part in np.flatnonzero(seen):
            x, y = own[:, part]
            draw.ellipse([x - DOT, y - DOT, x + DOT, y + DOT], fill=paint)
    font = ImageFont.load_default(TEXT)
    draw.rectangle([0, 0, image.width, TEXT + 8], fill="#000000")
    draw.text((6, 3), said, fill=colour, font=font)
    draw.text((image.width - 6, 3), f"frame {number}", fill="#ffffff", font=font, anchor="ra")
    return np.asarray(image)


def skeleton(keypoints: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of parts to join by lines: the shortest tree over the parts' median distances, since files name no bones.

    keypoints: (T, 2, 2, P).
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    points = keypoints[:: max(1, len(keypoints) // 500)]
    ways = np.hypot(*np.moveaxis(points[..., :, None] - points[..., None, :], 2, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # parts that are never seen together
        middle = np.nan_to_num(np.nanmedian(ways.reshape(-1, *ways.shape[2:]), axis=0), nan=1e6)
    tree = minimum_spanning_tree(np.triu(middle + 1e-3, 1)).tocoo()
    return sorted(zip(tree.row.tolist(), tree.col.tolist(), strict=True))


def _encode(target: Path, pictures: Iterator[np.ndarray], fps: float) -> int:
    """Write pictures as mp4; returns how many."""
    count = 0
    av = _pyav()
    # one thread and no date: the same answers are the same bytes
    with av.open(str(target), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = None
        for picture in pictures:
            count += 1
            height, width = (side - side % 2 for side in picture.shape[:2])
            if stream is None:
                options = {"crf": "26", "preset": "veryfast", "threads": "1"}
                stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options=options)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            whole = np.ascontiguousarray(picture[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
    return count


def _pyav() -> Any:
    try:
        import av
    except ModuleNotFoundError:
        raise InputError("videos need PyAV; run: pip install 'challengeflow-mabe-task1[video]'") from None
    return av
