"""One case in three planes: the scan, the map over it from transparent to yellow with its scale, the outline of a
known anomaly. Shown is the prepared grid: the patient's right, or in the sagittal plane the front, is to the right;
front or top is up.

Pictures have a dark ground of their own, in light pages and in dark ones, and writing of 10 pixels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DOTS_PER_INCH = 90
POINTS = 8  # of writing: 10 pixels
GROUND, WRITING, OUTLINE = "#14191f", "#dfe5ea", "#35d0ff"
PLANES = ("axial", "coronal", "sagittal")
FOOT = 0.42  # inches below, for the scale


@dataclass(frozen=True)
class Shown:
    """One case on the prepared grid: volume and map (g, g, g) in [0, 1], known anomaly (g, g, g) bool, and its row of
    scores.
    """

    volume: np.ndarray
    scores: np.ndarray
    anomaly: np.ndarray
    row: dict[str, Any]


def middle(anomaly: np.ndarray) -> tuple[int, int, int]:
    """The voxel of the anomaly that is nearest to its centre; the middle of the grid where there is none."""
    places = np.argwhere(anomaly)
    if not len(places):
        return tuple(n // 2 for n in anomaly.shape)
    return tuple(places[np.linalg.norm(places - places.mean(axis=0), axis=1).argmin()].tolist())


def draw_plane(axes: Axes, case: Shown, plane: int, at: tuple[int, int, int], overlay: bool) -> None:
    """One plane through the voxel `at`: 0 axial, 1 coronal, 2 sagittal."""
    axis = 2 - plane
    cut = [np.take(array, at[axis], axis).T for array in (case.volume, case.scores, case.anomaly)]
    axes.imshow(cut[0], cmap="gray", vmin=0, vmax=1, origin="lower", interpolation="bilinear")
    if overlay:
        _lay_over(axes, cut[1])
    if cut[2].any():
        axes.contour(cut[2], [0.5], colors=OUTLINE, linewidths=0.9)
    _bare(axes)


def draw_row(line: np.ndarray, case: Shown, at: tuple[int, int, int], named: bool) -> None:
    """Three planes through `at`, each without the map and with it, on six axes; `named`: with the planes' names."""
    for number, plane in enumerate(PLANES):
        draw_plane(line[2 * number], case, number, at, overlay=False)
        draw_plane(line[2 * number + 1], case, number, at, overlay=True)
        if named:
            line[2 * number].set_title(plane, fontsize=POINTS, loc="left", color=WRITING)


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches, free of pyplot's global state."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, facecolor=GROUND)
    FigureCanvasAgg(figure)
    return figure


def draw_scale(figure: Figure) -> None:
    """What the colours of the map mean, at the foot of the figure."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((1 - 1.6 / width, 0.26 / height, 1.4 / width, 0.1 / height))
    axes.imshow(np.full((1, 2), 0.45), cmap="gray", vmin=0, vmax=1, aspect="auto", extent=(0, 1, 0, 1))
    _lay_over(axes, np.linspace(0, 1, 100)[None], extent=(0, 1, 0, 1), aspect="auto")
    axes.set(yticks=[], xlim=(0, 1))
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"], fontsize=POINTS, color=WRITING)
    axes.tick_params(length=0, pad=2)
    figure.text(
        1 - 1.7 / width, 0.31 / height, "score of a voxel", fontsize=POINTS, color=WRITING, ha="right", va="center"
    )


def save(figure: Figure, path: Path) -> None:
    """Write a PNG without the note of the software that wrote it."""
    figure.savefig(path, metadata={"Software": None})


def _lay_over(axes: Axes, scores: np.ndarray, **options: Any) -> None:
    axes.imshow(scores, cmap="hot", vmin=0, vmax=1, alpha=np.clip(scores * 1.4, 0, 0.85), origin="lower", **options)


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
