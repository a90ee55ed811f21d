"""A sheet of outlined regions: a row for each video, some of its frames, its mean and its deviation over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from challengeflow_clog_loss.pictures import canvas

FRAMES = 7
WIDE, HIGH, SIDE, TITLE = 1.05, 1.25, 1.0, 0.18  # inches: of a picture's place, of a picture, and of the line above it
SCRUBBED, ENLARGED = 24, 4  # frames of a row to scrub through, and how many times larger they are


@dataclass(frozen=True)
class Row:
    """A video to show: its id, whether it is stalled (None: not known), its score, its prepared arrays."""

    sample: str
    stalled: bool | None
    chance: float
    arrays: Mapping[str, np.ndarray]

    @property
    def label(self) -> str:
        """Id, truth and score."""
        truth = {None: "not known", True: "stalled", False: "flowing"}[self.stalled]
        return f"{self.sample}\n{truth}\nscore {self.chance:.2f}"


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Write the sheet. Brightness is stretched for each video; the line is the inside of the outline.

    All pictures are on one pair of axes, in inches from the upper left corner: a pair for each would take most of the
    time.
    """
    width, height = WIDE * (FRAMES + 3), HIGH * len(rows) + 0.1
    figure = canvas.new_figure(width, height)
    sheet = figure.add_axes((0, 0, 1, 1))
    for place, row in enumerate(rows):
        top = HIGH * place + TITLE
        sheet.text(WIDE / 2, top + SIDE / 2, row.label, ha="center", va="center", fontsize=canvas.POINTS)
        cube, mask = row.arrays["cube"], row.arrays["mask"]
        numbers = np.linspace(0, len(cube) - 1, FRAMES).round().astype(int)
        low, high = np.quantile(cube, [0.02, 0.998])
        pictures = [(f"frame {number}", cube[number], low, high) for number in numbers]
        deviation = cube.std(axis=0)
        pictures += [("mean", cube.mean(axis=0), low, high), ("deviation", deviation, 0, float(deviation.max()))]
        tall, broad = (SIDE * side / max(mask.shape) / 2 for side in mask.shape)
        for column, (title, picture, darkest, brightest) in enumerate(pictures, 1):
            x, y = WIDE * (column + 0.5), top + SIDE / 2
            extent = (x - broad, x + broad, y + tall, y - tall)
            limits = {"vmin": darkest, "vmax": max(brightest, darkest + 1)}
            sheet.imshow(picture, cmap="gray", interpolation="nearest", aspect="auto", extent=extent, **limits)
            sheet.contour(mask, [0.5], colors="#ff6600", linewidths=0.5, extent=extent, origin="upper")
            sheet.text(x, y - tall - 0.02, title, ha="center", va="bottom", fontsize=canvas.POINTS)
    sheet.set(xlim=(0, width), ylim=(height, 0))
    sheet.axis("off")
    canvas.save(figure, path)


def frames(folder: Path, row: Row) -> list[str]:
    """Write the frames of one video to scrub through, enlarged; returns their names below `folder`'s parent."""
    folder.mkdir()
    cube = row.arrays["cube"]
    low, high = np.quantile(cube, [0.02, 0.998])
    grey = ((cube - low) * (255 / max(high - low, 1))).clip(0, 255).astype(np.uint8)
    names = []
    for number in range(min(len(cube), SCRUBBED)):
        name = f"{folder.name}/frame-{number:02}.png"
        canvas.save_pixels(grey[number].repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1), folder.parent / name)
        names.append(name)
    return names
