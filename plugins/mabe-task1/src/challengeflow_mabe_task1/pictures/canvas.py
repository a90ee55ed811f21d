"""What all pictures share: colours of the behaviours, a figure without global state, files without a date.

They have a dark ground of their own, in light pages and in dark ones, and writing of 10 pixels at least.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from challengeflow_mabe_task1.data.layouts import background

# Okabe and Ito (2008), which colour-blind people can tell apart, brown, and violet for their black.
BEHAVIOURS = ("#d55e00", "#2a93d5", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b", "#f0e442", "#a08cff")
GROUND, WRITING = "#14191f", "#dfe5ea"
BACKGROUND = "#46505a"  # of the behaviours: what is none of them
ANIMALS = {"resident": "#4a9fe0", "intruder": "#e07b39"}
DOTS_PER_INCH = 110


def colours(names: Sequence[str]) -> list[str]:
    """A colour for each class: grey for the background, then one each (again from the start after nine)."""
    rest = background(names)
    others = iter(BEHAVIOURS[k % len(BEHAVIOURS)] for k in range(len(names)))
    return [BACKGROUND if k == rest else next(others) for k in range(len(names))]


def strip(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Class numbers (T,), -1 for none, as a picture (1, T, 4) of the classes' colours; none is transparent."""
    table = np.array([*((*_rgb(colour), 1.0) for colour in colours(names)), (0.0, 0.0, 0.0, 0.0)])
    return table[labels][None]


def legend(figure: Figure, names: Sequence[str]) -> None:
    """The behaviours' colours at the top right."""
    handles = [Patch(facecolor=colour, label=name) for colour, name in zip(colours(names), names, strict=True)]
    figure.legend(handles=handles, loc="upper right", ncols=min(len(names), 6), frameon=False, fontsize=8)


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches, free of pyplot's global state."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, facecolor=GROUND)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a PNG without the note of the software that wrote it; what is black is made light."""
    for text in figure.findobj(Text):
        text.set_color(WRITING if text.get_color() == "black" else text.get_color())
    for axes in figure.axes:
        axes.set_facecolor(GROUND)
        axes.tick_params(color=WRITING, labelcolor=WRITING)
        for spine in axes.spines.values():
            spine.set_color(WRITING if spine.get_edgecolor() == (0, 0, 0, 1) else spine.get_edgecolor())
    figure.savefig(path, metadata={"Software": None})


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
