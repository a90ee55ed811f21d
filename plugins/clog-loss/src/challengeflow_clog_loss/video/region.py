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
OTHER_COLOUR = 0.001  # share of the frame from which on something is drawn in another colour
NO_OUTLINE = "no outline found"
GREY_FRAMES = 16
GREY_LUMA = (118, 150)  # luma of the orange outline once its colour is lost
GREY_CHANGE = 4.0  # an outline keeps its luma within this standard deviation over time, an image never does
AROUND = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Region:
    """inside, outline: bool (rows, columns) of the whole frame. found_by: "colour", "luma" or "whole frame".

    stability: coloured pixels that all frames share, of those that any has (1 is the same in all; None: not by colour).
    gap: pixels of full resolution up to which openings in the line had to be closed. outlines: how many parts are
    enclosed.
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
    found = region_by_colour(frames)
    if found is None and (steady := _first_enclosed([_steady_grey(frames)])):
        found = _region(steady[1], frames[0].luma.shape, "luma", None)
    if found is None:
        raise VideoError(_why_none(frames))
    return found


def region_by_colour(frames: Sequence[Frame]) -> Region | None:
    """The region that the outline's colour encloses in most of some frames; None where it encloses none."""
    hue = np.stack([frame.orange() for frame in _spread(frames, LOOKED_AT)])
    lines = [(hue > strength).mean(axis=0) > CONSENSUS for strength in STRENGTHS]
    first = _first_enclosed(lines)
    if first is None:
        return None
    coloured = hue > STRENGTHS[first[0]]
    stability = round(float(coloured.all(axis=0).sum() / coloured.any(axis=0).sum()), 3)
    return _region(first[1], frames[0].luma.shape, "colour", stability)


def line_shown(frame: Frame, region: Region) -> float:
    """How strong the outline's colour is on its line, on average, in a frame of its video."""
    return float(frame.orange(region.outline[::2, ::2]).mean())


def _why_none(frames: Sequence[Frame]) -> str:
    some = _spread(frames, LOOKED_AT)
    coloured = np.stack([frame.orange() for frame in some]) > STRENGTHS[-1]
    if any(_first_enclosed([one]) for one in coloured):
        return f"{NO_OUTLINE} that stays: it moves, or is not there in all frames"
    line = coloured.mean(axis=0) > CONSENSUS
    other = float(np.median([frame.other_colour() for frame in some]))
    if other > max(OTHER_COLOUR, line.mean()):
        return f"{NO_OUTLINE}: {other:.1%} of the frame is in colour, but not orange (255, 102, 0)"
    if line.sum() < SMALLEST:
        return NO_OUTLINE
    smallest = max(int(_parts(line, gap).sizes.max()) for gap in GAPS)
    if smallest:
        return f"outline too small: it encloses some {4 * smallest} pixels, expected {4 * SMALLEST} or more"
    return f"{NO_OUTLINE}: what is orange encloses nothing; gaps of up to {4 * GAPS[-1]} pixels are closed"


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
    region = Region(inside, line, found_by, stability, 4 * found.gap, found.outlines)
    near = region.box(1)
    line[near] = ndimage.binary_dilation(line[near], AROUND)
    inside &= ~line
    return region


def _first_enclosed(lines: Sequence[np.ndarray]) -> tuple[int, _Enclosed] | None:
    """Which of some lines encloses a part of the frame, and what; those that need no gap closed come first."""
    for gap in GAPS:
        for place, line in enumerate(lines):
            if line.sum() >= SMALLEST and (found := _enclosed(line, gap)) is not None:
                return place, found
    return None


class _Parts(NamedTuple):
    window: tuple[slice, slice]
    thick: np.ndarray  # bool, the line within the window, so thick that gaps are closed
    labels: np.ndarray  # of the parts that it leaves
    sizes: np.ndarray  # pixels by label; 0 of what is not enclosed


def _parts(line: np.ndarray, gap: int) -> _Parts:
    """What the line cuts off; the frame's edge closes an outline that was drawn up to it."""
    window = _window(line)
    thick = ndimage.binary_dilation(line[window], AROUND, gap) if gap else line[window]
    labels, count = ndimage.label(~thick)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[[0, *(_outside(labels, sizes, window, line.shape) if count else ())]] = 0
    return _Parts(window, thick, labels, sizes)


def _enclosed(line: np.ndarray, gap: int) -> _Enclosed | None:
    """The line and the largest part of the frame that it cuts off; None where nothing, or too little, is."""
    window, thick, labels, sizes = _parts(line, gap)
    largest = int(sizes.argmax())
    if sizes[largest] < SMALLEST:
        return None
    inside = labels == largest
    if gap:  # back to the line as it is
        inside = ndimage.binary_dilation(inside, AROUND, gap)
    near = ndimage.binary_dilation(inside, AROUND, gap + 2)
    pieces, _ = ndimage.label(thick, AROUND)
    own = np.isin(pieces, np.unique(pieces[near & thick])) & line[window]
    outlines = int((sizes >= SMALLEST).sum())
    return _Enclosed(_placed(own, window, line), _placed(inside, window, line), gap, outlines)


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
