"""What can be learnt of single voxels: some abnormal and some healthy ones of a made case, with their features."""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from challengeflow_mood.made_cases import Case
from challengeflow_mood.voxel_features import voxel_features

ABNORMAL_VOXELS, HEALTHY_VOXELS = 300, 900  # at most of one case
BESIDE = 4  # voxels


def voxel_rows(
    model: Mapping[str, np.ndarray], case: Case, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Features (v, F), float32, and labels (v,), 0 or 1, of some voxels of a case. model: arrays of pca-residual, fitted on other scans."""
    features, where = voxel_features(model, case.volume, case.mask)
    chosen = _chosen(case, where, random)
    return features[chosen].astype(np.float32), case.anomaly[where][chosen]


def _chosen(case: Case, where: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Some abnormal voxels and some healthy ones, part of these beside the anomaly; indices into those of `where`."""
    truth = case.anomaly[where] > 0
    beside = ndimage.binary_dilation(case.anomaly > 0, iterations=BESIDE)[where] & ~truth
    wanted = ((truth, ABNORMAL_VOXELS), (beside, HEALTHY_VOXELS // 3), (~truth & ~beside, HEALTHY_VOXELS))
    chosen = [random.permutation(np.flatnonzero(which))[:most] for which, most in wanted]
    return np.sort(np.concatenate(chosen))
