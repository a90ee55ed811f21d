"""What residual-boosting sees of a voxel: residuals, texture, symmetry and position.

Nothing tells of the scan as a whole: of a few dozen heads such a value takes few values, a model learns those by heart,
and in a head that lies outside of them it answers by chance.
"""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from challengeflow_mood.data.intensity import relative_grey
from challengeflow_mood.models import pca_residual

FARTHEST = 12.0  # standardised residuals are cut off here


def voxel_features(
    model: Mapping[str, np.ndarray], volume: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Features (V, F), float32, of the voxels that matter, and where they are: bool (g, g, g) with V of them true.

    model: arrays of pca-residual, fitted on other scans; volume, mask: one prepared scan.
    """
    where = pca_residual.relevant(model, mask)
    left = pca_residual.standard_residuals(model, volume, mask)
    gathered = [feature for name in pca_residual.CHANNELS for feature in pca_residual.gather(left[name])]
    strangeness = pca_residual.combine(model, gathered)
    grey = relative_grey(volume, mask)
    maps = [
        *_residuals(left),
        *_excess(model, gathered),
        strangeness,
        ndimage.gaussian_filter(strangeness, 3),
        *_texture(grey),
        *_asymmetry(grey, strangeness),
        *_position(mask, model["presence"]),
    ]
    return np.stack([values[where] for values in maps], axis=1), where


def _residuals(left: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Signed residuals at four scales, and how much more there is here than around."""
    maps = []
    for name in pca_residual.CHANNELS:
        values = np.clip(left[name], -FARTHEST, FARTHEST)
        maps += [ndimage.gaussian_filter(values, scale) for scale in (0.5, 1.0, 2.0, 4.0)]
        energy = [ndimage.gaussian_filter(values**2, scale) for scale in (1.0, 2.0, 5.0)]
        maps += [np.log(energy[0] + 0.1), np.log(energy[1] + 0.1), np.log((energy[1] + 0.1) / (energy[2] + 0.1))]
    return maps


def _excess(model: Mapping[str, np.ndarray], gathered: list[np.ndarray]) -> list[np.ndarray]:
    """What was gathered over the residuals, in standard deviations of held-out healthy scans at this voxel."""
    spreads = zip(gathered, model["feature_mean"], model["feature_spread"], strict=True)
    return [(feature - mean) / spread for feature, mean, spread in spreads]


def _texture(grey: np.ndarray) -> list[np.ndarray]:
    """Grey value, gradients, curvature and roughness, at two scales each."""
    maps = [grey, ndimage.gaussian_filter(grey, 1.5)]
    for scale in (0.8, 2.0):
        maps.append(ndimage.gaussian_gradient_magnitude(grey, scale))
        maps.append(ndimage.gaussian_laplace(grey, scale))
        rough = grey - ndimage.gaussian_filter(grey, scale)
        maps.append(np.log(ndimage.gaussian_filter(rough**2, 1.5) + 1e-4))
    return maps


def _asymmetry(grey: np.ndarray, strangeness: np.ndarray) -> list[np.ndarray]:
    """How far each voxel is from its mirror image, right to left."""
    smooth = ndimage.gaussian_filter(grey, 1.5)
    return [smooth - smooth[::-1], np.abs(smooth - smooth[::-1]), strangeness - strangeness[::-1]]


def _position(mask: np.ndarray, presence: np.ndarray) -> list[np.ndarray]:
    """Distance from the middle plane, place along the other axes, depth in the body, how often there is body here."""
    side = mask.shape[0]
    x, y, z = (np.broadcast_to(line, mask.shape) for line in np.ogrid[tuple(slice(0, n) for n in mask.shape)])
    depth = ndimage.distance_transform_edt(mask)
    return [np.abs(x - (side - 1) / 2) / side, y / side, z / side, depth / side, np.asarray(presence)]
