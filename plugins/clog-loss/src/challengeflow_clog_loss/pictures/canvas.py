"""What all pictures share: a figure without global state, small files without a date."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

DOTS_PER_INCH = 90
COLOURS = 96  # of a file: enough for grey pictures with a few colours, and a third of the bytes
STALLED, FLOWING = "#c0392b", "#2471a3"


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches, free of pyplot's global state."""
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH)


def save(figure: Figure, path: Path) -> None:
    """Write a PNG with a palette, without the note of the software that wrote it."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    save_pixels(np.asarray(canvas.buffer_rgba())[..., :3], path)


def save_pixels(pixels: np.ndarray, path: Path) -> None:
    """Write uint8 (rows, columns, 3) or (rows, columns) as a PNG."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if pixels.ndim == 3:
        picture = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
