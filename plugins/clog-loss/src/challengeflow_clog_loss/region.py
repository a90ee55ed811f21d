"""The outlined region of a video: where it is, what is inside, and the picture without the line drawn over it."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from challengeflow_clog_loss.video import Video, VideoError

CONSENSUS = 0.5  # share of frames in which a pixel must be coloured: the outline stays, chroma noise does not
SMALLEST = 12  # pixels of half resolution, for an outline and for what it encloses
GREY_LUMA = (118, 150)  # luma of the orange outline once its colour is lost
GREY_CHANGE = 4.0  # an outline keeps its luma within this standard deviation over time, an image never does


@dataclass(frozen=True)
class Region:
    """inside, outline: bool (rows, columns) of the whole frame. found_by: "colour" or "luma"."""

    inside: np.ndarray
    outline: np.ndarray
    found_by: str

    def box(self, margin: int) -> tuple[slice, slice]:
        """Rows and columns of outline and inside with `margin` pixels around, within the frame."""
        rows, columns = np.nonzero(self.outline | self.inside)
        height, width = self.inside.shape
        return (
            slice(max(int(rows.min()) - margin, 0), min(int(rows.max()) + 1 + margin, height)),
            slice(max(int(columns.min()) - margin, 0), min(int(columns.max()) + 1 + margin, width)),
        )


def find_region(video: Video) -> Region:
    """Find the outline by its colour, or by its constant luma where there is no colour; VideoError if there is none."""
    shape = video.luma.shape[1:]
    for found_by, line in (("colour", video.coloured > CONSENSUS), ("luma", None)):
        line = _steady_grey(video.luma) if line is None else line
        enclosed = _enclosed(line)
        if enclosed is not None:
            line, inside = (_double(part, shape) for part in enclosed)
            outline = ndimage.binary_dilation(line, np.ones((3, 3), bool))
            return Region(inside & ~outline, outline, found_by)
    raise VideoError("no outline found")


def _enclosed(line: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The line and the largest part of the frame that it cuts off; gaps of a few pixels are closed first.

    The frame's edge closes an outline that was drawn up to it: the largest part that is left is taken for outside.
    """
    if line.sum() < SMALLEST:
        return None
    for gap in (0, 2, 5):
        padded = np.pad(line, gap + 1, mode="edge")
        closed = ndimage.binary_closing(padded, np.ones((3, 3), bool), gap) if gap else padded
        closed = closed[gap + 1 : -gap - 1, gap + 1 : -gap - 1]
        parts, count = ndimage.label(~closed)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
        if count >= 2 and np.sort(sizes)[-2] >= SMALLEST:
            inside = parts == 1 + int(np.argsort(sizes, kind="stable")[-2])
            near = ndimage.binary_dilation(inside, np.ones((3, 3), bool), 2)
            labels, _ = ndimage.label(closed, np.ones((3, 3), bool))
            return np.isin(labels, np.unique(labels[near & closed])), inside
    return None


def _steady_grey(luma: np.ndarray) -> np.ndarray:
    """Half-resolution pixels of the outline's luma that hardly change."""
    step = max(len(luma) // 16, 1)
    some = luma[::step].astype(np.float32)
    mean, change = some.mean(axis=0), some.std(axis=0)
    steady = (mean > GREY_LUMA[0]) & (mean < GREY_LUMA[1]) & (change < GREY_CHANGE)
    steady = np.pad(steady, ((0, steady.shape[0] % 2), (0, steady.shape[1] % 2)))
    return steady.reshape(steady.shape[0] // 2, 2, steady.shape[1] // 2, 2).any(axis=(1, 3))


def _double(half: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return half.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]


def without_outline(frames: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """A copy of frames (frames, rows, columns) where each pixel under the outline is that of its nearest clear one."""
    filled = frames.copy()
    if outline.any() and not outline.all():
        rows, columns = ndimage.distance_transform_edt(outline, return_distances=False, return_indices=True)
        filled[:, outline] = frames[:, rows[outline], columns[outline]]
    return filled
