"""A vessel unrolled: brightness by time and by place along the vessel, where moving cells draw slanted lines."""

from collections.abc import Mapping

import numpy as np

from challengeflow_clog_loss.video.centreline import Vessel, vessel_of
from challengeflow_clog_loss.video.surroundings import without_gaps

BIN = 2.0  # pixels along the vessel that one column of the kymograph averages


def unrolled(arrays: Mapping[str, np.ndarray]) -> tuple[Vessel, np.ndarray]:
    """The vessel of a prepared video, and its light above dark tissue, float32 (frames, places)."""
    cube, background = arrays["cube"].astype(np.float32), without_gaps(arrays["surroundings"])[:, 0]
    vessel = vessel_of(cube, arrays["mask"].astype(bool), background)
    return vessel, kymograph(cube, vessel) - background[:, None]


def kymograph(cube: np.ndarray, vessel: Vessel) -> np.ndarray:
    """Luma by frame and place, float32 (frames, places): means over `BIN` pixels, weighted by how bright pixels get."""
    place = (vessel.place[vessel.mask] / BIN).astype(int)
    weight = vessel.peak[vessel.mask] + 1e-3
    total = np.bincount(place, weight)
    # short stretches at the ends hold little light: they are left to their neighbours
    keep = total > 0.3 * np.median(total)
    pixels = cube[:, vessel.mask] * weight
    columns = np.zeros((len(cube), len(total)), np.float32)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.flatnonzero(total > 0))
    columns[:, total > 0] = np.add.reduceat(pixels[:, order], starts, axis=1)
    return columns[:, keep] / total[keep].astype(np.float32)
