"""Ethogram of one sequence: truth (where known) and answer as coloured strips, the scores below, in lines of time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from challengeflow_mabe_task1.data.layouts import background
from challengeflow_mabe_task1.pictures import canvas

SECONDS_A_LINE = 120.0
MOST_LINES = 30
"""Longer sequences get longer lines instead of more."""

POINTS_A_LINE = 1200
"""Scores are averaged to about one point a pixel."""


def draw(
    path: Path,
    title: str,
    names: Sequence[str],
    fps: float,
    scores: np.ndarray,
    answer: np.ndarray,
    truth: np.ndarray | None = None,
) -> None:
    """scores: (T, C); answer, truth: class numbers (T,), -1 for none."""
    frames = len(answer)
    seconds = max(frames / fps, 1 / fps)
    lines = int(np.clip(np.ceil(seconds / SECONDS_A_LINE), 1, MOST_LINES))
    a_line = seconds if lines == 1 else max(SECONDS_A_LINE, seconds / lines)
    strips = {"truth": truth, "answer": answer} if truth is not None else {"answer": answer}
    heights = [0.28] * len(strips) + [0.75, 0.3]
    head, foot = 0.55, 0.15
    height = head + lines * sum(heights) + foot
    figure = canvas.new_figure(11, height)
    canvas.legend(figure, names)
    figure.text(0.01, 1 - 0.3 / height, title, fontsize=10, va="center", weight="bold")
    grid = figure.add_gridspec(
        lines * len(heights),
        1,
        height_ratios=heights * lines,
        left=0.065,
        right=0.99,
        top=1 - head / height,
        bottom=foot / height,
        hspace=0.08,
    )
    for line in range(lines):
        start, stop = line * a_line, (line + 1) * a_line
        part = slice(round(start * fps), min(round(stop * fps), frames))
        row = line * len(heights)
        for place, (name, labels) in enumerate(strips.items()):
            axes = figure.add_subplot(grid[row + place])
            axes.imshow(
                canvas.strip(labels[part], names), aspect="auto", extent=(part.start / fps, part.stop / fps, 0, 1)
            )
            axes.set(xlim=(start, stop), xticks=[], yticks=[])
            axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
            axes.spines[:].set_visible(False)
        axes = figure.add_subplot(grid[row + len(strips)])
        _draw_scores(axes, scores[part], names, part.start / fps, fps)
        axes.set(xlim=(start, stop), ylim=(0, 1), yticks=[0, 1])
        axes.set_ylabel("score", rotation=0, ha="right", va="center", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("seconds", fontsize=8, labelpad=1)
    canvas.save(figure, path)


def _draw_scores(axes: Axes, scores: np.ndarray, names: Sequence[str], start: float, fps: float) -> None:
    step = max(1, len(scores) // POINTS_A_LINE)
    firsts = np.arange(0, len(scores), step)
    if not len(firsts):
        return
    sizes = np.diff(np.append(firsts, len(scores)))
    means = np.add.reduceat(scores.astype(np.float64), firsts, axis=0) / sizes[:, None]
    times = start + (firsts + sizes / 2) / fps
    for k, colour in enumerate(canvas.colours(names)):
        if k != background(names):
            axes.plot(times, means[:, k], color=colour, linewidth=0.9)
