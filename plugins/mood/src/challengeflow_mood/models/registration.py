"""Healthy scans bent onto a scan: what remains is what no deformation of healthy anatomy explains.

Principal components describe a scan as it lies on the grid, so a head unlike those they were fitted on is strange
wherever its folds lie elsewhere. Here a mean healthy scan is registered onto the scan, by symmetric demons (Vercauteren
et al. 2009, 10.1016/j.neuroimage.2008.10.040; SimpleITK), and takes some healthy scans along that were registered with
it before.
"""

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from challengeflow_mood.data.healthy_scans import Healthy
from challengeflow_mood.data.intensity import relative_grey

LEVELS = ((4, 30), (2, 20), (1, 8))  # how coarse, and iterations
SMOOTH_FIELD = 1.5  # voxels of a level, after each iteration
LONGEST_STEP = 2.0  # voxels of the full grid, of one iteration
EXAMPLES = 14  # healthy scans that are taken along
ROUNDS = 2  # of registration with their mean, which grows sharper
LEAST_ENERGY, LEAST_SPREAD = 1e-3, 0.03
MOST_CHANGE = 10.0  # of volume

sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)  # the workflow gives out the cores


def fit(healthy: Healthy) -> dict[str, np.ndarray]:
    """Some healthy scans bent onto their mean, and that mean: `bent` (n, g, g, g) and `bent_mean` (g, g, g),
    float32.
    """
    mean = np.zeros(healthy.volumes.shape[1:], np.float32)
    for scan in zip(healthy.volumes, healthy.masks, strict=True):
        mean += _grey(*scan)
    mean /= np.float32(len(healthy))
    some = healthy.some(EXAMPLES)
    scans = [_grey(*scan) for scan in zip(some.volumes, some.masks, strict=True)]
    for _ in range(ROUNDS):
        bent = np.stack([_bent(scan, displacements(mean, scan)) for scan in scans])
        mean = bent.mean(axis=0)
    return {"bent_mean": mean, "bent": bent}


def features(model: Mapping[str, np.ndarray], volume: np.ndarray, mask: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Features (V, 17), float32, of the V voxels of `where`, bool (g, g, g). model: the arrays of `fit`; volume, mask:
    one prepared scan.

    Of what remains beside the mean of the bent scans, and beside the nearest of them: smoothed at four scales, its
    energy at two, and how much more there is here than around; how far the bent scans disagree; and how much larger the
    place is in them.
    """
    grey = _grey(volume, mask)
    field = displacements(grey, np.asarray(model["bent_mean"], np.float32))
    bent = np.stack([_bent(np.asarray(scan, np.float32), field) for scan in model["bent"]])
    left = grey - bent
    beside_mean = left.mean(axis=0)
    nearest = np.take_along_axis(left, np.abs(left).argmin(axis=0)[None], axis=0)[0]
    size = _relative_size(field)
    maps = [
        *_remains(beside_mean),
        *_remains(nearest),
        np.log(ndimage.gaussian_filter(bent.std(axis=0), 1) + LEAST_SPREAD),
        *(ndimage.gaussian_filter(size, scale) for scale in (1, 3)),
    ]
    return np.stack([values[where] for values in maps], axis=1).astype(np.float32)


def displacements(fixed: np.ndarray, moving: np.ndarray) -> sitk.Image:
    """Where each voxel of `fixed` is found in `moving`, both float32 (g, g, g): a field of vectors, coarse to fine."""
    field = None
    still, moved = sitk.GetImageFromArray(fixed), sitk.GetImageFromArray(moving)
    for shrink, iterations in LEVELS:
        demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
        demons.SetNumberOfIterations(iterations)
        demons.SetMaximumRMSError(0.0)  # no early stop, which would depend on last digits
        demons.SetStandardDeviations(SMOOTH_FIELD)
        demons.SetMaximumUpdateStepLength(LONGEST_STEP)
        onto, found = _coarse(still, shrink), _coarse(moved, shrink)
        start: list[sitk.Image] = [] if field is None else [sitk.Resample(field, onto)]
        field = demons.Execute(onto, found, *start)
    return sitk.Cast(field, sitk.sitkVectorFloat64)


def _grey(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(relative_grey(volume, mask), 0.6).astype(np.float32)


def _bent(scan: np.ndarray, field: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.Warp(sitk.GetImageFromArray(scan), field))


def _coarse(image: sitk.Image, shrink: int) -> sitk.Image:
    return image if shrink == 1 else sitk.Shrink(sitk.SmoothingRecursiveGaussian(image, shrink / 2), [shrink] * 3)


def _relative_size(field: sitk.Image) -> np.ndarray:
    """Logarithm of how much larger the place is in the healthy scan, (g, g, g)."""
    change = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(field))
    return np.log(np.clip(change, 1 / MOST_CHANGE, MOST_CHANGE))


def _remains(left: np.ndarray) -> list[np.ndarray]:
    energy = [ndimage.gaussian_filter(left**2, scale) + LEAST_ENERGY for scale in (1, 2, 5)]
    smooth = [ndimage.gaussian_filter(left, scale) for scale in (0.5, 1, 2, 4)]
    return [*smooth, np.log(energy[0]), np.log(energy[1]), np.log(energy[1] / energy[2])]
