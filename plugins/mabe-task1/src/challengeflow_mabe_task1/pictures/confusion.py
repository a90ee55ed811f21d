"""Confusion matrix: what became of the frames of each behaviour."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from challengeflow_mabe_task1.pictures import canvas

SHARES = LinearSegmentedColormap.from_list("shares", ["#1d242c", "#1f77c0"])  # white is read on both ends


def draw(path: Path, title: str, names: Sequence[str], counts: np.ndarray) -> None:
    """counts: frames (C, C), row the truth, column the answer; shown as shares of each row, with the frames below."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 0.95 * len(names)
    left, top, right, bottom = 1.2, 0.6, 0.15, 0.65
    width, height = left + side + right, top + side + bottom
    figure = canvas.new_figure(max(width, 5.5), height)
    axes = figure.add_axes((left / max(width, 5.5), bottom / height, side / max(width, 5.5), side / height))
    axes.imshow(shares, cmap=SHARES, vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            axes.text(
                column,
                row,
                f"{shares[row, column]:.0%}\n{counts[row, column]:,}",
                ha="center",
                va="center",
                fontsize=8,
            )
    ticks = range(len(names))
    axes.set_xticks(ticks, names, fontsize=8, rotation=20 if max(map(len, names)) > 9 else 0)
    axes.set_yticks(ticks, names, fontsize=8)
    axes.set_xlabel("answer", fontsize=9)
    axes.set_ylabel("truth", fontsize=9)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.text(0.02, 1 - 0.3 / height, title, fontsize=10, weight="bold", va="center")
    canvas.save(figure, path)
