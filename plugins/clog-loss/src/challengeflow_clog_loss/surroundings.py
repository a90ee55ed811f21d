"""How vessels outside the outlined region look in the same frames: what the region's features are normalised by."""

import numpy as np
from scipy import ndimage

from challengeflow_clog_loss.region import Region

BLACK = 18  # luma up to here is registration border, not tissue
VESSEL_SHARE = 0.08  # brightest share of the tissue that is taken for vessels in focus
COLUMNS = ("background", "background_change", "vessel", "vessel_change", "vessel_correlation")
SMALLEST = 50  # pixels that a figure of a frame needs


def measure(luma: np.ndarray, region: Region) -> np.ndarray:
    """Figures of every frame, float32 (frames, 5), in the order of COLUMNS; NaN where nothing can be measured.

    luma: uint8 (frames, rows, columns). Work is at half resolution, where noise is halved. background and vessel: mean
    luma of dark tissue and of vessels. change: mean square of I(t) - (I(t-1) + I(t+1)) / 2, which is noise in the
    background, noise and flow in vessels. correlation: of vessel pixels with themselves one frame later.
    """
    frames = halve(luma)
    tissue = ndimage.minimum_filter1d(frames, 3, axis=0, mode="nearest") > BLACK
    tissue &= ~halve((region.inside | region.outline)[None].astype(np.uint8)).astype(bool)
    smooth = ndimage.uniform_filter1d(frames, 3, axis=0, mode="nearest")
    figures = np.full((len(frames), len(COLUMNS)), np.nan, np.float32)
    for t in range(1, len(frames) - 1):
        seen = np.flatnonzero(tissue[t])
        if len(seen) < 4 * SMALLEST:
            continue
        level = smooth[t].ravel()[seen]
        middle, bright = np.quantile(level, [0.5, 1 - VESSEL_SHARE])
        dark, vessel = seen[level <= middle], seen[level >= bright]
        before, now, after = (frames[i].ravel() for i in (t - 1, t, t + 1))
        change = (now - (before + after) / 2) ** 2
        figures[t] = (
            now[dark].mean(),
            change[dark].mean(),
            now[vessel].mean(),
            change[vessel].mean(),
            correlation(now[vessel], after[vessel]),
        )
    figures[[0, -1]] = figures[[1, -2]]
    return figures


def halve(frames: np.ndarray) -> np.ndarray:
    """Mean of 2 x 2 pixels: float32 (frames, rows // 2, columns // 2)."""
    height, width = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2
    even = frames[:, :height, :width]
    total = even[:, ::2, ::2].astype(np.float32)
    for row, column in ((0, 1), (1, 0), (1, 1)):
        total += even[:, row::2, column::2]
    return total / 4


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson correlation of two vectors; 0 where one is constant."""
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / scale if scale > 0 else 0.0
