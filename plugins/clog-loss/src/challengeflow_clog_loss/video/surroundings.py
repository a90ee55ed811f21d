"""How vessels outside the outlined region look in the same frames: what the region's features are normalised by."""

from collections.abc import Sequence

import numpy as np

from challengeflow_clog_loss.video.region import Region

BLACK = 18  # luma up to here is registration border, not tissue
VESSEL_SHARE = 0.08  # brightest share of the tissue that is taken for vessels in focus
COLUMNS = ("background", "background_change", "vessel", "vessel_change", "vessel_correlation")
SMALLEST = 50  # pixels that a figure of a frame needs
LARGE = 100_000  # pixels of a frame of which one block in four is enough


def blocks(luma: np.ndarray) -> np.ndarray:
    """Sums of 2 x 2 pixels, where noise is halved: uint16, flat; of a large frame every other one, both ways."""
    step = 4 if luma.size >= LARGE else 2
    height, width = (length // step * step for length in luma.shape)
    total = np.add(luma[0:height:step, 0:width:step], luma[0:height:step, 1:width:step], dtype=np.uint16)
    total += luma[1:height:step, 0:width:step]
    total += luma[1:height:step, 1:width:step]
    return total.ravel()


def measure(sums: Sequence[np.ndarray], region: Region) -> np.ndarray:
    """Figures of every frame, float32 (frames, 5), in the order of COLUMNS; NaN where nothing can be measured.

    sums: `blocks` of each frame. background and vessel: mean luma of dark tissue and of vessels. change: mean square of
    I(t) - (I(t-1) + I(t+1)) / 2, which is noise in the background, noise and flow in vessels. correlation: of vessel
    pixels with themselves one frame later.
    """
    outside = np.flatnonzero(blocks((region.inside | region.outline).astype(np.uint8)) == 0)
    sums = [each[outside] for each in sums]
    figures = np.full((len(sums), len(COLUMNS)), np.nan, np.float32)
    for t in range(1, len(sums) - 1):
        before, now, after = sums[t - 1 : t + 2]
        tissue = np.minimum(np.minimum(before, after), now) > 4 * BLACK
        level = before + now + after
        if np.count_nonzero(tissue) < 4 * SMALLEST:
            continue
        middle, bright = _limits(level[tissue])
        dark = (tissue & (level <= middle)).astype(np.float32)
        vessel = np.flatnonzero(tissue & (level >= bright))
        now = now.astype(np.float32) / 4
        change = (1.5 * now - level.astype(np.float32) / 8) ** 2
        figures[t] = (
            now @ dark / dark.sum(),
            change @ dark / dark.sum(),
            now[vessel].mean(),
            change[vessel].mean(),
            correlation(now[vessel], after[vessel].astype(np.float32)),
        )
    if len(figures) > 2:
        figures[[0, -1]] = figures[[1, -2]]
    return figures


def without_gaps(figures: np.ndarray) -> np.ndarray:
    """Figures with the median over time where a frame had none, and 1 where no frame had any, float32."""
    filled = figures.astype(np.float32)
    for column in filled.T:
        known = np.isfinite(column)
        column[~known] = np.median(column[known]) if known.any() else 1.0
    return filled


def _limits(level: np.ndarray) -> tuple[int, int]:
    """The median, and what the brightest share has at least; level: whole numbers of a small range."""
    below = np.bincount(level).cumsum()
    last = len(level) - 1
    middle = np.searchsorted(below, int(0.5 * last) + 1)
    bright = np.searchsorted(below, int(np.ceil((1 - VESSEL_SHARE) * last)) + 1)
    return int(middle), int(bright)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson correlation of two vectors; 0 where one is constant."""
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / scale if scale > 0 else 0.0
