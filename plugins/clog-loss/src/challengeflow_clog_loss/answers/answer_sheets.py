"""Contact sheets: many videos at a glance, each as its mean with the vessel followed, its kymograph, what is said."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from challengeflow.arrays import Arrays
from challengeflow_clog_loss.video.kymograph import unrolled

PANEL = 96  # pixels, square
COLUMNS, ROWS = 5, 6
PER_SHEET = COLUMNS * ROWS
LINES, LINE_HEIGHT, GAP = 3, 13, 8
CELL_WIDTH, CELL_HEIGHT = 2 * PANEL + GAP, PANEL + LINES * LINE_HEIGHT + GAP
CHARACTERS = 34  # of a line, at FONT_SIZE
FONT_SIZE = 11
OUTLINE, FOLLOWED = (255, 102, 0), (70, 170, 255)
STALLED, FLOWING, PLAIN = (255, 110, 130), (150, 220, 150), (230, 230, 230)
# Noise compresses badly in more colours than these: greys, and shades of the colours for the edges of letters.
PALETTE = [(grey,) * 3 for grey in range(0, 256, 5)] + [
    tuple(round(share * part) for part in colour)
    for colour in (OUTLINE, FOLLOWED, STALLED, FLOWING)
    for share in (1, 0.7, 0.4)
]


class Cell(NamedTuple):
    """One video: where it is prepared, its id, up to three lines of text, and their colour in RGB."""

    prepared: Arrays
    sample: str
    text: Sequence[str]
    colour: tuple[int, int, int] = PLAIN


def write_sheets(folder: Path, name: str, cells: Sequence[Cell]) -> list[Path]:
    """Write NAME-01.png and so on, with 30 videos each in the given order; returns their paths."""
    paths = []
    for number, start in enumerate(range(0, len(cells), PER_SHEET), 1):
        paths.append(folder / f"{name}-{number:02d}.png")
        _sheet(cells[start : start + PER_SHEET]).save(paths[-1], optimize=True)
    return paths


def _sheet(cells: Sequence[Cell]) -> Image.Image:
    font = ImageFont.load_default(FONT_SIZE)
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL_WIDTH + GAP, rows * CELL_HEIGHT + GAP), "black")
    draw = ImageDraw.Draw(sheet)
    for place, cell in enumerate(cells):
        left, top = GAP + place % COLUMNS * CELL_WIDTH, GAP + place // COLUMNS * CELL_HEIGHT
        for number, panel in enumerate(panels(cell.prepared[cell.sample])):
            sheet.paste(_fitted(panel), (left + number * PANEL, top))
        for number, line in enumerate(cell.text[:LINES]):
            where = (left, top + PANEL + number * LINE_HEIGHT)
            draw.text(where, _shortened(line), font=font, fill=cell.colour)
    return sheet.quantize(palette=_palette(), dither=Image.Dither.NONE)


def _palette() -> Image.Image:
    image = Image.new("P", (1, 1))
    image.putpalette(sum(PALETTE, ()))
    return image


def panels(arrays: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
    """Pictures of a prepared video, uint8 (rows, columns, 3): its mean with region and vessel; its kymograph.

    The kymograph has time downwards and the place along the vessel across: standing cells draw upright lines. Of a
    video that could not be used: its first frame, where there is one.
    """
    if "cube" in arrays:
        vessel, lines = unrolled(arrays)
        inside = arrays["mask"].astype(bool)
        mean = _grey(arrays["cube"].mean(axis=0))
        mean[inside & ~ndimage.binary_erosion(inside)] = OUTLINE
        mean[tuple(vessel.path.T)] = FOLLOWED
        yield mean
        yield _grey(lines)
    elif "thumbnail" in arrays:
        yield _grey(arrays["thumbnail"].astype(np.float32))


def _grey(values: np.ndarray) -> np.ndarray:
    low, high = np.quantile(values, [0.01, 0.995])
    scaled = (values - low) / max(high - low, 1) * 255
    return np.repeat(np.clip(scaled, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _fitted(panel: np.ndarray) -> Image.Image:
    image = Image.fromarray(panel)
    scale = (PANEL - 2) / max(image.size)
    return image.resize([max(round(length * scale), 1) for length in image.size])


def _shortened(line: str) -> str:
    return line if len(line) <= CHARACTERS else line[: CHARACTERS - 1] + "…"


def describe(attributes: Mapping[str, Any], remarks: Sequence[str]) -> str:
    """The last line of a cell: why a video failed, or what is unusual about it."""
    return attributes["status"] if attributes["status"] != "ok" else "; ".join(remarks)
