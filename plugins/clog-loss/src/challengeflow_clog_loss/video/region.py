"""The outlined region of a video: where it is, what is inside, and the picture without the line drawn over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from challengeflow_clog_loss.video.decode import Frame, VideoError

LOOKED_AT = 5  # frames, evenly spread, whose colour must agree: the outline stays, chroma noise does not
STRENGTHS = (28, 12)  # of the outline's hue, tried in turn; thin lines lose most of their colour to compression
CONSENSUS = 0.5  # share of them in which a pixel must be coloured
SMALLEST = 12  # pixels of half resolution, for an outline and for what it encloses
GAPS = (0, 2, 5)  # half widths of gaps in the outline that are closed, tried in turn; pixels of half resolution
NO_OUTLINE = "no outline found"
GREY_FRAMES = 16
GREY_LUMA = (118, 150)  # luma of the orange outline once its colour is lost
GREY_CHANGE = 4.0  # an outline keeps its luma within this standard deviation over time, an image never does
AROUND = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Region:
    """inside, outline: bool (rows, columns) of the whole frame. found_by: "colour", "luma" or "whole frame".

    stability: coloured pixels that all frames share, of those that any has (1 is the same in all; None: not by colour).
    gap: pixels of full resolution up to which openings in the line had to be closed. outlines: how many were drawn.
    """

    inside: np.ndarray
    outline: np.ndarray
    found_by: str
    stability: float | None = None
    gap: int = 0
    outlines: int = 1

    def box(self, margin: int) -> tuple[slice, slice]:
        """Rows and columns of outline and inside with `margin` pixels around, within the frame."""
        return _box(self.outline | self.inside, margin)

    def quality(self) -> dict[str, float | int | bool | None]:
        """Figures to judge the region by: area in pixels, stability, gap, contact with the frame's edge, outlines."""
        edge = (self.inside[0], self.inside[-1], self.inside[:, 0], self.inside[:, -1])
        return {
            "area": int(self.inside.sum()),
            "stability": self.stability,
            "gap": self.gap,
            "at_border": any(bool(side.any()) for side in edge),
            "outlines": self.outlines,
        }


def find_region(frames: Sequence[Frame]) -> Region:
    """Find the outline by its colour, or by its constant luma where there is no colour; VideoError if there is none."""
    shape = frames[0].luma.shape
    hue = np.stack([frame.orange() for frame in _spread(frames, LOOKED_AT)])
    smallest = 0
    for strength in STRENGTHS:
        coloured = hue > strength
        enclosed, largest = _enclosed(coloured.mean(axis=0) > CONSENSUS)
        if enclosed is not None:
            stability = round(float(coloured.all(axis=0).sum() / coloured.any(axis=0).sum()), 3)
            return _region(enclosed, shape, "colour", stability)
        smallest = max(smallest, largest)
    enclosed, _ = _enclosed(_steady_grey(frames))
    if enclosed is not None:
        return _region(enclosed, shape, "luma", None)
    if smallest:
        raise VideoError(f"outline too small: it encloses some {4 * smallest} pixels, expected {4 * SMALLEST} or more")
    raise VideoError(NO_OUTLINE)


def whole_frame(frames: Sequence[Frame]) -> Region:
    """The region where none is outlined: all of the frame."""
    shape = frames[0].luma.shape
    return Region(np.ones(shape, bool), np.zeros(shape, bool), "whole frame")


def _spread(frames: Sequence[Frame], count: int) -> list[Frame]:
    return [frames[place] for place in np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int))]


class _Enclosed(NamedTuple):
    line: np.ndarray  # bool, half resolution
    inside: np.ndarray
    gap: int
    outlines: int


def _region(found: _Enclosed, shape: tuple[int, int], found_by: str, stability: float | None) -> Region:
    """The region at full resolution; the line is a pixel wider there, for its colour fades at its sides."""
    line, inside = (_double(part, shape) for part in (found.line, found.inside))
    region = Region(inside, line, found_by, stability, 2 * found.gap, found.outlines)
    near = region.box(1)
    line[near] = ndimage.binary_dilation(line[near], AROUND)
    inside &= ~line
    return region


def _enclosed(line: np.ndarray) -> tuple[_Enclosed | None, int]:
    """The line and the largest part of the frame that it cuts off; gaps of a few pixels are closed first.

    The frame's edge closes an outline that was drawn up to it. Where nothing, or too little, is cut off: None and how
    much.
    """
    if line.sum() < SMALLEST:
        return None, 0
    window, most = _window(line), 0
    for gap in GAPS:
        padded = np.pad(line[window], gap + 1, mode="edge")
        closed = ndimage.binary_closing(padded, AROUND, gap) if gap else padded
        closed = closed[gap + 1 : -gap - 1, gap + 1 : -gap - 1]
        parts, count = ndimage.label(~closed)
        if not count:
            break
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        sizes[[0, *_outside(parts, sizes, window, line.shape)]] = 0
        largest = int(sizes.argmax())
        if sizes[largest] >= SMALLEST:
            inside = parts == largest
            near = ndimage.binary_dilation(inside, AROUND, 2)
            labels, _ = ndimage.label(closed, AROUND)
            line_of_it = np.isin(labels, np.unique(labels[near & closed]))
            outlines = _count_outlines(parts, sizes, inside, line_of_it)
            return _Enclosed(_placed(line_of_it, window, line), _placed(inside, window, line), gap, outlines), 0
        most = max(most, int(sizes[largest]))
    return None, most


def _window(line: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of all of the line, and enough around that it touches no side but the frame's own."""
    return _box(line, max(GAPS) + 2)


def _box(drawn: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns of all that is drawn with `margin` pixels around, within the frame."""
    rows, columns = (
        slice(max(int(places[0]) - margin, 0), min(int(places[-1]) + 1 + margin, length))
        for places, length in zip(
            (np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))), drawn.shape, strict=True
        )
    )
    return rows, columns


def _outside(parts: np.ndarray, sizes: np.ndarray, window: tuple[slice, slice], shape: tuple[int, int]) -> np.ndarray:
    """Labels of what lies outside: it goes on beyond the window.

    Where the window is the whole frame, that is what touches the frame's edge, or the largest part if all do.
    """
    rows, columns = window
    beyond = (rows.start > 0, rows.stop < shape[0], columns.start > 0, columns.stop < shape[1])
    sides = (parts[0], parts[-1], parts[:, 0], parts[:, -1])
    found = [side for side, goes_on in zip(sides, beyond, strict=True) if goes_on]
    at_side = np.unique(np.concatenate(found or sides))
    inner = np.delete(sizes, [0, *at_side])
    return at_side if found or inner.max(initial=0) >= SMALLEST else np.array([1 + int(sizes[1:].argmax())])


def _placed(part: np.ndarray, window: tuple[slice, slice], line: np.ndarray) -> np.ndarray:
    whole = np.zeros_like(line)
    whole[window] = part
    return whole


def _count_outlines(parts: np.ndarray, sizes: np.ndarray, inside: np.ndarray, line: np.ndarray) -> int:
    """Outlines drawn: the one taken, and enclosed parts that its line does not touch, or that lie within it."""
    others = set(np.flatnonzero(sizes >= SMALLEST)) - set(np.unique(parts[ndimage.binary_dilation(line, AROUND)]))
    within = ndimage.binary_fill_holes(inside) & ~inside
    inner, count = ndimage.label(within & (parts > 0))
    return 1 + len(others) + int((np.bincount(inner.ravel(), minlength=count + 1)[1:] >= SMALLEST).sum())


def _steady_grey(frames: Sequence[Frame]) -> np.ndarray:
    """Half-resolution pixels of the outline's luma that hardly change."""
    some = np.stack([frame.luma for frame in _spread(frames, GREY_FRAMES)]).astype(np.float32)
    mean, change = some.mean(axis=0), some.std(axis=0)
    steady = (mean > GREY_LUMA[0]) & (mean < GREY_LUMA[1]) & (change < GREY_CHANGE)
    steady = np.pad(steady, ((0, steady.shape[0] % 2), (0, steady.shape[1] % 2)))
    blocks: np.ndarray = steady.reshape(steady.shape[0] // 2, 2, steady.shape[1] // 2, 2)
    return np.asarray(blocks.any(axis=(1, 3)))


def _double(half: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return half.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]


def without_outline(frames: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """`frames` (frames, rows, columns), changed in place: a pixel under the outline becomes its nearest clear one."""
    if outline.any() and not outline.all():
        rows, columns = ndimage.distance_transform_edt(outline, return_distances=False, return_indices=True)
        frames[:, outline] = frames[:, rows[outline], columns[outline]]
    return frames
