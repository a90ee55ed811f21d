"""What is learnt of single voxels: some abnormal and some healthy ones of a made case, with their features; and the way
back to a map.
"""

import numpy as np
from scipy import ndimage

from challengeflow_mood.anomalies.made_cases import Case

ABNORMAL_VOXELS, HEALTHY_VOXELS = 300, 900  # at most of one case
BESIDE = 4  # voxels
SMOOTH = 0.7  # voxels


def voxel_rows(
    case: Case, features: np.ndarray, where: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Features (v, F), float32, and labels (v,), 0 or 1, of some voxels of a case, of those (V, F) of its voxels
    `where`, bool (g, g, g).
    """
    chosen = _chosen(case, where, random)
    return features[chosen].astype(np.float32), case.anomaly[where][chosen]


def map_of(odds: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Log-odds (V,) of the voxels that matter as a map, smoothed a little; float32 (g, g, g). The others get the lowest
    ones.
    """
    values = np.full(where.shape, odds.min() if len(odds) else 0.0, np.float32)
    values[where] = odds
    return ndimage.gaussian_filter(values, SMOOTH)


def _chosen(case: Case, where: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Some abnormal voxels and some healthy ones, part of these beside the anomaly; indices into those of `where`."""
    truth = case.anomaly[where] > 0
    beside = ndimage.binary_dilation(case.anomaly > 0, iterations=BESIDE)[where] & ~truth
    wanted = ((truth, ABNORMAL_VOXELS), (beside, HEALTHY_VOXELS // 3), (~truth & ~beside, HEALTHY_VOXELS))
    chosen = [random.permutation(np.flatnonzero(which))[:most] for which, most in wanted]
    return np.sort(np.concatenate(chosen))
