"""What all pictures share: colours of the behaviours, a figure without global state, files without a date."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from challengeflow_mabe_task1.data.layouts import background

# Okabe and Ito (2008), which colour-blind people can tell apart, and brown.
BEHAVIOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b", "#f0e442", "#000000")
BACKGROUND, UNLABELLED = "#e6e6e6", "#ffffff"
ANIMALS = {"resident": "#20639b", "intruder": "#e07b39"}
DOTS_PER_INCH = 110


def colours(names: Sequence[str]) -> list[str]:
    """A colour for each class: light grey for the background, then one each (again from the start after nine)."""
    rest = background(names)
    others = iter(BEHAVIOURS[k % len(BEHAVIOURS)] for k in range(len(names)))
    return [BACKGROUND if k == rest else next(others) for k in range(len(names))]


def strip(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Class numbers (T,), -1 for none, as a picture (1, T, 3) of the classes' colours."""
    table = np.array([_rgb(colour) for colour in (*colours(names), UNLABELLED)])
    return table[labels][None]


def legend(figure: Figure, names: Sequence[str]) -> None:
    """The behaviours' colours at the top right."""
    handles = [Patch(facecolor=colour, label=name) for colour, name in zip(colours(names), names, strict=True)]
    figure.legend(handles=handles, loc="upper right", ncols=min(len(names), 6), frameon=False, fontsize=8)


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches, free of pyplot's global state."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a PNG without the note of the software that wrote it."""
    figure.savefig(path, metadata={"Software": None})


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
