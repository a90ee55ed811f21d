"""Grey values of a prepared scan, made comparable between scans."""

import numpy as np


def relative_grey(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Grey values (g, g, g), float32: 1 is the body's median, and 1 more is its 10 to 90 % range; air is about 0; from
    -1 to 4.
    """
    grey = np.asarray(volume, np.float32)
    inside = mask > 0
    if not inside.any():
        return grey
    low, middle, high = np.percentile(grey[inside], [10, 50, 90])
    grey = np.where(inside, (grey - middle) / max(high - low, 0.05) + 1, grey / max(middle, 0.05))
    return np.clip(grey, -1, 4).astype(np.float32)
