"""A sheet of outlined regions: a row for each video, some of its frames, its mean and its deviation over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from challengeflow_clog_loss.pictures import canvas

FRAMES = 7
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
    """Write the sheet. Brightness is stretched for each video; the line is the inside of the outline."""
    figure = canvas.new_figure(1.05 * (FRAMES + 3), 1.2 * len(rows) + 0.3)
    axes = figure.subplots(len(rows), FRAMES + 3, squeeze=False)
    figure.subplots_adjust(
        left=0.01, right=0.995, top=1 - 0.28 / figure.get_figheight(), bottom=0.01, wspace=0.04, hspace=0.15
    )
    for place, row in enumerate(rows):
        cube = row.arrays["cube"]
        numbers = np.linspace(0, len(cube) - 1, FRAMES).round().astype(int)
        low, high = np.quantile(cube, [0.02, 0.998])
        pictures = [(f"frame {number}", cube[number], low, high) for number in numbers]
        deviation = cube.std(axis=0)
        pictures += [("mean", cube.mean(axis=0), low, high), ("deviation", deviation, 0, float(deviation.max()))]
        axes[place, 0].text(0.5, 0.5, row.label, ha="center", va="center", fontsize=7)
        axes[place, 0].axis("off")
        for axis, (title, picture, darkest, brightest) in zip(axes[place, 1:], pictures, strict=True):
            axis.imshow(picture, cmap="gray", vmin=darkest, vmax=max(brightest, darkest + 1), interpolation="nearest")
            axis.contour(row.arrays["mask"], [0.5], colors="#ff6600", linewidths=0.5)
            axis.axis("off")
            axis.set_title(title, fontsize=6, pad=1.5)
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
