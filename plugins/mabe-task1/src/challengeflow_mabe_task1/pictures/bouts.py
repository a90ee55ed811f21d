"""The worst mistakes with the animals drawn: the longest stretches of one wrong answer, a few moments of each."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from scipy.spatial import ConvexHull, QhullError

from challengeflow_mabe_task1.formats.bouts import runs
from challengeflow_mabe_task1.pictures import canvas

MOMENTS = 5
LABEL = {"facecolor": canvas.GROUND, "edgecolor": "none", "alpha": 0.7, "pad": 1}


@dataclass(frozen=True)
class Mistake:
    """Frames `start` to before `stop` of a sequence, whose truth and answer are two classes."""

    sequence: str
    start: int
    stop: int
    truth: int
    answer: int


def mistakes(sequence: str, truth: np.ndarray, answer: np.ndarray, scored: Sequence[int]) -> list[Mistake]:
    """Stretches of one wrong answer where truth or answer is a scored class; truth: (T,), -1 where unknown."""
    wrong = (truth >= 0) & (truth != answer) & (np.isin(truth, scored) | np.isin(answer, scored))
    kind = np.where(wrong, truth.astype(np.int64) * 1000 + answer, -1)
    return [Mistake(sequence, start, stop, int(k) // 1000, int(k) % 1000) for k, start, stop in runs(kind) if k >= 0]


def draw(path: Path, names: Sequence[str], found: Sequence[tuple[Mistake, np.ndarray, float]]) -> None:
    """found: each mistake with its sequence's keypoints (T, 2, 2, P) in pixels and frames a second; one row each."""
    height = 0.6 + 1.75 * len(found)
    figure = canvas.new_figure(11, height)
    figure.text(0.01, 1 - 0.25 / height, "The longest wrong answers", fontsize=10, weight="bold", va="center")
    for place, (who, colour) in enumerate(canvas.ANIMALS.items()):
        figure.text(0.86 + 0.07 * place, 1 - 0.25 / height, who, color=colour, fontsize=9, va="center")
    for row, (mistake, keypoints, fps) in enumerate(found):
        top = 0.6 + 1.75 * row
        text = f"{mistake.sequence}, {mistake.start / fps:.1f} to {mistake.stop / fps:.1f} s: "
        text += f"truth {names[mistake.truth]}, answer {names[mistake.answer]}"
        figure.text(0.01, 1 - top / height, text, fontsize=8.5, va="center")
        frames = np.linspace(mistake.start, mistake.stop - 1, MOMENTS).round().astype(int)
        centre, reach = _view(keypoints[frames])
        for column, frame in enumerate(frames):
            axes = figure.add_axes((0.01 + 0.198 * column, 1 - (top + 1.5) / height, 0.188, 1.35 / height))
            for animal, colour in enumerate(canvas.ANIMALS.values()):
                _draw_animal(axes, keypoints[frame, animal], colour)
            axes.set(
                xlim=(centre[0] - 1.6 * reach, centre[0] + 1.6 * reach),
                ylim=(centre[1] + reach, centre[1] - reach),
                xticks=[],
                yticks=[],
            )
            axes.set_aspect("equal")
            axes.spines[:].set_color(canvas.BACKGROUND)
            axes.text(
                0.02,
                0.04,
                f"{frame / fps:.2f} s",
                transform=axes.transAxes,
                fontsize=7,
                color=canvas.WRITING,
                bbox=LABEL,
            )
    canvas.save(figure, path)


def _view(keypoints: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and half height of what has to be seen, in pixels."""
    points = keypoints.transpose(0, 1, 3, 2).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return np.zeros(2), 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, max(float(np.max((high - low) / (2 * np.array([1.6, 1.0])))) * 1.1, 1.0)


def _draw_animal(axes: Axes, points: np.ndarray, colour: str) -> None:
    """points: (2, P), NaN where not seen. Their hull, the parts, a ring at the first (by custom the nose)."""
    seen = points[:, np.isfinite(points).all(axis=0)].T
    if len(seen) >= 3:
        with suppress(QhullError):  # the parts may lie on a line
            axes.fill(*seen[ConvexHull(seen).vertices].T, color=colour, alpha=0.3, linewidth=0)
    axes.plot(*seen.T, ".", color=colour, markersize=3)
    if np.isfinite(points[:, 0]).all():
        axes.plot(*points[:, 0], "o", markerfacecolor="none", color=colour, markersize=6)
