"""What all pictures share: a figure without global state, small files without a date, writing that can be read.

Pictures have a dark ground of their own, in light pages and in dark ones, and writing of 10 pixels.
"""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

DOTS_PER_INCH = 90
COLOURS = 96  # of a file: enough for grey pictures with a few colours, and a third of the bytes
POINTS = 8  # of writing: 10 pixels
GROUND, WRITING, STALLED = "#14191f", "#dfe5ea", "#ff7a6b"


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches, free of pyplot's global state."""
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, facecolor=GROUND)


def save(figure: Figure, path: Path) -> None:
    """Write a PNG with a palette, without the note of the software that wrote it; what is black is made light."""
    for text in figure.findobj(Text):
        text.set_color(WRITING if text.get_color() == "black" else text.get_color())
    for axis in figure.axes:
        axis.set_facecolor(GROUND)
        axis.tick_params(color=WRITING, labelcolor=WRITING)
        axis.spines[:].set_color(WRITING)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    save_pixels(np.asarray(canvas.buffer_rgba())[..., :3], path)


def save_pixels(pixels: np.ndarray, path: Path) -> None:
    """Write uint8 (rows, columns, 3) or (rows, columns) as a PNG."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if pixels.ndim == 3:
        picture = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
