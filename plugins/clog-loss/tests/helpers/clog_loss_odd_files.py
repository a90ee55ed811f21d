"""Some eighty kinds of odd file, each with what must become of it: read, read with a remark, refused with a reason."""

import shutil
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from clog_loss_small_videos import BOX, write_small_video, write_sound
from PIL import Image

FRAMES = 20
Maker = Callable[[Path], Any]


class Odd(NamedTuple):
    """A kind of file: how it is made, and what is said of it: "" for nothing, else a part of it."""

    name: str
    make: Maker
    read: bool
    said: str = ""


def kinds() -> Iterator[Odd]:
    """All kinds."""
    yield from _containers()
    yield from _pictures()
    yield from _outlines()
    yield from _damage()
    yield from _no_videos()


def _containers() -> Iterator[Odd]:
    small = partial(write_small_video, frames=FRAMES)
    yield Odd("plain mp4", small, True)
    for container in ("mov", "matroska", "mpegts", "avi"):
        yield Odd(f"{container} container", partial(small, container=container), True)
    yield Odd("avi, motion JPEG", partial(small, container="avi", codec="mjpeg", codec_format="yuvj420p"), True)
    yield Odd(
        "avi, uncompressed RGB",
        partial(small, container="avi", codec="rawvideo", codec_format="bgr24"),
        True,
        "pixel format",
    )
    yield Odd("animated gif", partial(small, container="gif", codec="gif", codec_format="rgb8"), True, "pixel format")
    yield Odd("mpeg-4 part 2", partial(small, codec="mpeg4"), True)
    yield Odd("webm", partial(small, container="webm", codec="libvpx"), True)
    yield Odd("lossless ffv1", partial(small, container="matroska", codec="ffv1"), True)
    yield Odd("groups of 12 frames with B-frames", partial(small, options={"g": "12", "bf": "2"}), True)
    yield Odd("five frames a second", partial(small, rate=5), True)
    yield Odd("sound beside it", partial(_with_second, kind="sound"), True)
    yield Odd("a second video stream", partial(_with_second, kind="video"), True, "2 video streams")
    yield Odd("edit list that hides half", _edited, True, "frames are hidden by the file")
    for codec_format in ("yuv422p", "yuv444p", "yuv420p10le", "nv12"):
        yield Odd(
            codec_format,
            partial(small, codec_format=codec_format),
            True,
            "" if codec_format == "nv12" else "pixel format",
        )
    yield Odd("full range", partial(small, codec_format="yuvj420p"), True)
    yield Odd("grey, no colour", partial(small, codec_format="gray"), True, "outline found by its brightness")
    yield Odd("odd size", partial(small, size=(97, 131), codec_format="yuv444p"), True, "odd size 131 x 97")
    yield Odd("418 pixels wide", partial(small, size=(384, 418)), True)
    yield Odd("1,280 x 1,024", partial(small, size=(1024, 1280)), True)
    for frames in (1, 2, 3, 7):
        yield Odd(
            f"{frames} frames",
            partial(write_small_video, frames=frames),
            False,
            f"too few frames to see motion: {frames}",
        )
    for frames in (8, 16):
        yield Odd(f"{frames} frames", partial(write_small_video, frames=frames), True, f"only {frames} frames")
    for frames in (17, 400):
        yield Odd(f"{frames} frames", partial(write_small_video, frames=frames), True)


def _pictures() -> Iterator[Odd]:
    small = partial(write_small_video, frames=FRAMES)
    yield Odd(
        "frozen", partial(small, scene=lambda luma: luma[[0] * FRAMES]), False, "too few different frames to see motion"
    )
    yield Odd(
        "frozen after half",
        partial(small, scene=lambda luma: luma[np.minimum(np.arange(FRAMES), 9)]),
        True,
        "10 of 20 frames repeat",
    )
    yield Odd(
        "every frame twice",
        partial(small, scene=lambda luma: luma[np.arange(FRAMES) // 2]),
        True,
        "of 20 frames repeat",
    )
    yield Odd(
        "every frame twice, predicted from the one before",
        partial(small, scene=lambda luma: luma[np.arange(FRAMES) // 2], options={}),
        True,
        "10 of 20 frames repeat",
    )
    yield Odd(
        "three frames over and over",
        partial(small, scene=lambda luma: luma[np.arange(FRAMES) % 3]),
        False,
        "too few different frames to see motion",
    )
    yield Odd("black", partial(small, scene=lambda luma: 0 * luma), False, "too few different frames")
    yield Odd(
        "nearly black",
        partial(small, scene=lambda luma: luma * 0 + np.random.default_rng(1).normal(0, 3, luma.shape)),
        True,
        "region black",
    )
    yield Odd("white", partial(small, scene=lambda luma: 0 * luma + 255), False, "too few different frames")
    yield Odd("saturated", partial(small, scene=lambda luma: 8 * luma), True, "region saturated")
    yield Odd("inverted", partial(small, scene=lambda luma: 255 - luma), True)
    yield Odd("flickering", partial(small, scene=lambda luma: luma * (1 + np.arange(FRAMES)[:, None, None] % 2)), True)
    yield Odd(
        "noise alone", partial(small, scene=lambda luma: np.random.default_rng(2).normal(90, 40, luma.shape)), True
    )
    yield Odd(
        "one white frame",
        partial(small, scene=lambda luma: luma + 255.0 * (np.arange(FRAMES) == 9)[:, None, None]),
        True,
    )
    yield Odd("moving black borders", partial(small, scene=_bordered), True)
    for name, tint in {"green": (0.3, 1.0, 0.3), "red": (1.0, 0.3, 0.3), "blue": (0.3, 0.4, 1.0)}.items():
        yield Odd(f"{name} tissue", partial(small, tint=tint, scene=lambda luma: luma + 60), True, "in another colour")
    yield Odd("faint sepia", partial(small, tint=(1.0, 0.95, 0.85)), True)


def _outlines() -> Iterator[Odd]:
    small = partial(write_small_video, frames=FRAMES)
    yield Odd("no outline", partial(small, outlines=()), False, "no outline found")
    for crf in (15, 28, 35):
        open_ = "outline open" if crf == 35 else ""
        yield Odd(f"line of one pixel, crf {crf}", partial(small, thickness=1, crf=crf), True, open_)
    yield Odd("line of two pixels, crf 35", partial(small, thickness=2, crf=35), True)
    yield Odd("line of six pixels", partial(small, thickness=6), True)
    yield Odd("outline of 10 pixels", partial(small, outlines=((40, 50, 50, 60),)), False, "outline too small")
    yield Odd("outline of 16 pixels", partial(small, outlines=((40, 56, 50, 66),)), True, "region of only")
    yield Odd(
        "two outlines alike", partial(small, size=(96, 200), outlines=(BOX, (20, 60, 110, 170))), True, "2 outlines"
    )
    second = ((30, 50, 12, 34), (10, 90, 50, 190))
    yield Odd("a second one many times larger", partial(small, size=(96, 200), outlines=second), True, "2 outlines")
    yield Odd("one within another", partial(small, outlines=((10, 86, 10, 118), BOX)), True, "2 outlines")
    blue = partial(small, size=(96, 200), outlines=((30, 50, 12, 34),), second=((10, 90, 50, 190), (30, 60, 255)))
    yield Odd("a larger one in blue beside it", blue, True, "in another colour; region of only")
    for gap in (4, 8):
        yield Odd(f"gap of {gap} pixels", partial(small, gap=gap), True, "outline open")
    yield Odd("gap of 30 pixels", partial(small, gap=30), False, "no outline found")
    yield Odd(
        "open at the frame's edge", partial(small, outlines=((20, 60, -9, 50),)), True, "touches the frame's edge"
    )
    yield Odd("round the whole frame", partial(small, outlines=((1, 95, 1, 127),)), True)
    for dashes, open_ in ((4, "up to 8 pixels"), (12, "up to 20 pixels")):
        yield Odd(f"dashes of {dashes} pixels", partial(small, dashes=dashes), True, f"outline open, gaps {open_}")
    yield Odd("dashes of 30 pixels", partial(small, dashes=30), False, "what is orange encloses nothing")
    yield Odd("gone after half", partial(small, shown=slice(FRAMES // 2 + 1)), True, "not there, or elsewhere, in 9 of")
    yield Odd("gone after a fifth", partial(small, shown=slice(FRAMES // 5)), False, "not there in all frames")
    full = partial(write_small_video, frames=60, size=(384, 512))
    for name, shown in {"gone after 30 of 60": slice(30), "there from 30 of 60 on": slice(30, None)}.items():
        yield Odd(f"512 x 384, {name}", partial(full, shown=shown), True, "not there, or elsewhere, in 30 of 60 frames")
    for name, colour in {"blue": (30, 60, 255), "red": (255, 0, 0), "yellow": (255, 255, 0)}.items():
        yield Odd(f"a {name} outline", partial(small, colour=colour), False, "in colour, but not orange")
    yield Odd("a white outline", partial(small, colour=(255, 255, 255)), False, "no outline found")
    yield Odd("a darker orange", partial(small, colour=(190, 76, 0)), True)


def _damage() -> Iterator[Odd]:
    for share in (0.1, 0.5, 0.9):
        yield Odd(
            f"first {share:.0%} of the bytes", partial(_damaged, change=partial(_cut, share=share)), False, "damaged"
        )
    for place in (0.3, 0.6):
        yield Odd(
            f"zeros from {place:.0%} on", partial(_damaged, change=partial(_zeroed, place=place)), False, "damaged"
        )
    yield Odd("random bytes within", partial(_damaged, change=_scribbled), False, "damaged")
    yield Odd("header alone", partial(_damaged, change=lambda data: data[:32]), False, "damaged")
    for container, codec in (("matroska", "libx264"), ("webm", "libvpx")):
        cut = partial(_damaged, change=partial(_cut, share=0.5), container=container, codec=codec)
        yield Odd(f"{container}, cut in half", cut, False, "damaged: cut off after")
    yield Odd("avi, cut in half", partial(_damaged, change=partial(_cut, share=0.5), container="avi"), False, "damaged")


def _no_videos() -> Iterator[Odd]:
    yield Odd("empty", Path.touch, False, "file empty")
    yield Odd("missing", lambda path: None, False, "file missing")
    yield Odd("link to nowhere", lambda path: path.symlink_to(path.parent / "nowhere"), False, "file missing")
    yield Odd("link to itself", lambda path: path.symlink_to(path), False, "file missing")
    yield Odd("a folder", Path.mkdir, False, "a folder, not a file")
    yield Odd("sound alone", write_sound, False, "no video stream")
    yield Odd("text", lambda path: path.write_text("no video\n" * 50), False, "damaged")
    yield Odd("a web page", lambda path: path.write_text("<html><body>404 not found</body></html>"), False, "damaged")
    yield Odd("random bytes", lambda path: path.write_bytes(np.random.default_rng(0).bytes(50_000)), False, "damaged")
    yield Odd("zip archive", _zipped, False, "damaged")
    for name, kind in (("JPEG", "jpeg"), ("PNG", "png")):
        yield Odd(f"a {name} picture", partial(_picture, kind=kind), False, "too few frames to see motion: 1")
    yield Odd("tif stack", partial(_picture, kind="tiff", save_all=True), False, "a tif stack")


def _bordered(luma: np.ndarray) -> np.ndarray:
    luma = luma.copy()
    for number, frame in enumerate(luma):
        frame[: number % 5] = frame[:, : number % 7] = 0
    return luma


def _damaged(path: Path, change: Callable[[bytes], bytes], container: str = "mp4", codec: str = "libx264") -> None:
    write_small_video(path, frames=2 * FRAMES, container=container, codec=codec)
    path.write_bytes(change(path.read_bytes()))


def _cut(data: bytes, share: float) -> bytes:
    return data[: int(share * len(data))]


def _zeroed(data: bytes, place: float) -> bytes:
    start = int(place * len(data))
    return data[:start] + bytes(4000) + data[start + 4000 :]


def _scribbled(data: bytes) -> bytes:
    start = len(data) // 2
    return data[:start] + np.random.default_rng(3).bytes(3000) + data[start + 3000 :]


def _edited(path: Path) -> None:
    """Frames before time 0, which the mp4's edit list then hides."""
    write_small_video(path, frames=FRAMES, start=-FRAMES // 2)


def _with_second(path: Path, kind: str) -> None:
    """A plain video beside sound, or beside a second video."""
    part, other = path.with_suffix(".a"), path.with_suffix(".b")
    write_small_video(part, frames=FRAMES)
    write_small_video(other, 1, frames=FRAMES, outlines=()) if kind == "video" else write_sound(other)
    with av.open(str(part)) as first, av.open(str(other)) as second, av.open(str(path), "w", format="mp4") as target:
        sources = [(first, first.streams[0]), (second, second.streams[0])]
        streams = [target.add_stream_from_template(source) for _, source in sources]
        for (container, source), stream in zip(sources, streams, strict=True):
            for packet in container.demux(source):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    part.unlink()
    other.unlink()


def _zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.mp4", bytes(5000))


def _picture(path: Path, kind: str, **options: Any) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 96), np.uint8))
    image.save(path, kind, **options)


def write_all(folder: Path) -> dict[str, Odd]:
    """Make a file of every kind in an empty folder, all with names of mp4s; returns file name -> kind."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = {f"{number:03}.mp4": odd for number, odd in enumerate(kinds())}
    for name, odd in made.items():
        odd.make(folder / name)
    return made
