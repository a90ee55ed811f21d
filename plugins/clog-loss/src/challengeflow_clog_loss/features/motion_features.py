"""Features of one prepared video: does what fills the outlined vessel move?

Ideas after Giblin et al. 2022 (bioRxiv 10.1101/2022.12.16.520779) and the challenge's own literature: correlation with
the next frames, energy of the second difference, gaps that persist along the vessel, all against the noise and the
vessels of the same frames. Size, length and absolute brightness of a video are left out on purpose.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from scipy import ndimage

from challengeflow_clog_loss.features.focus_features import focus_features
from challengeflow_clog_loss.video.kymograph import unrolled
from challengeflow_clog_loss.video.surroundings import without_gaps

LAGS = (1, 2, 3, 5, 8)
SHIFTS = 8  # places along the vessel that a cell may move in a frame, either way
EPSILON = 1e-6


def features(arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Name -> value for one prepared video (see data.preprocess); all finite."""
    vessel, lines = unrolled(arrays)
    cube, inside = arrays["cube"].astype(np.float32), arrays["mask"].astype(bool)
    values = {
        **_pixel_features(cube, vessel.mask, inside, without_gaps(arrays["surroundings"])),
        **_line_features(lines),
        **focus_features(lines),
    }
    return {name: float(value) if np.isfinite(value) else 0.0 for name, value in values.items()}


def _pixel_features(cube: np.ndarray, vessel: np.ndarray, inside: np.ndarray, around: np.ndarray) -> dict[str, float]:
    """Change and correlation of the vessel's pixels in the frames where it is in focus, against the surroundings."""
    background, noise, others, others_change, others_correlation = around.T
    pixels = ndimage.uniform_filter(cube, (0, 3, 3))[:, vessel]
    level = pixels.mean(axis=1) - background
    focus = _focus(level)[1:-1]
    change = pixels[1:-1] - (pixels[:-2] + pixels[2:]) / 2
    energy = (change**2).mean(axis=1)
    step = [_correlation(a, b) for a, b in pairwise(pixels)]
    skip = [_correlation(a, b) for a, b in zip(pixels[:-3], pixels[3:], strict=True)]
    brightness = np.maximum(others - background, 1)
    return {
        "change_to_noise": np.log(_mean(energy, focus) / _mean(noise[1:-1], focus) + EPSILON),
        "change_to_level": np.log(_mean(energy, focus) / (max(_mean(level[1:-1], focus), 1) ** 2) + EPSILON),
        "change_to_others": np.log(_mean(energy, focus) / _mean(others_change[1:-1], focus) + EPSILON),
        "level_to_others": np.log(np.maximum(_mean(level[1:-1], focus), 1) / _mean(brightness[1:-1], focus)),
        "correlation": _mean(np.array(step)[1:], focus),
        "correlation_to_others": _mean(np.array(step)[1:] - others_correlation[1:-1], focus),
        "correlation_lag_3": _mean(np.array(skip), focus[: len(skip)]) if skip else 0.0,
        "vessel_contrast": np.log(
            np.maximum(pixels.mean() - cube[:, inside & ~vessel].mean(), 1) / np.sqrt(noise.mean())
        )
        if (inside & ~vessel).any()
        else 0.0,
    }


def _line_features(lines: np.ndarray) -> dict[str, float]:
    """What the kymograph tells: how long gaps stay, whether they move, what contrast a mean over time keeps."""
    texture, weight = _texture(lines)
    values = {}
    power = _product(texture, weight, 0, 0)
    for lag in LAGS:
        values[f"stays_{lag}"] = _product(texture, weight, lag, 0) / (power + EPSILON)
    moved = np.array([_product(texture, weight, 1, shift) for shift in range(-SHIFTS, SHIFTS + 1)]) / (power + EPSILON)
    near = moved[SHIFTS - 1 : SHIFTS + 2].max()
    far = np.delete(moved, [SHIFTS - 1, SHIFTS, SHIFTS + 1])
    values["stays_near"] = near
    values["moves"] = far.max()
    values["stays_not_moves"] = near - far.max()
    values["stays_3_near"] = max(_product(texture, weight, 3, s) for s in (-1, 0, 1)) / (power + EPSILON)
    values["decay"] = values["stays_5"] - values["stays_1"]
    for window in (5, 11):
        kept = ndimage.uniform_filter1d(texture * weight, window, axis=0) / (
            ndimage.uniform_filter1d(weight, window, axis=0) + EPSILON
        )
        values[f"kept_{window}"] = np.log((weight * kept**2).sum() / ((weight * texture**2).sum() + EPSILON) + EPSILON)
    second = texture[1:-1] - (texture[:-2] + texture[2:]) / 2
    middle = np.minimum(np.minimum(weight[:-2], weight[1:-1]), weight[2:])
    values["second_difference"] = np.log((middle * second**2).sum() / (middle.sum() + EPSILON) + EPSILON)
    values["second_to_power"] = np.log(
        (middle * second**2).sum() / ((middle * texture[1:-1] ** 2).sum() + EPSILON) + EPSILON
    )
    values["texture"] = np.log(power / (np.mean(weight**2) + EPSILON) + EPSILON)
    gaps = weight.sum(axis=0)
    profile = (weight * texture).sum(axis=0) / (gaps + EPSILON)
    values["lasting_gap"] = -np.quantile(profile, 0.1)
    values["lasting_light"] = np.quantile(profile, 0.9)
    return values


def _texture(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relative departure of the kymograph from its smooth course, and how well each point is in focus."""
    smooth = ndimage.gaussian_filter(lines, (3.0, 6.0), mode="nearest")
    scale = max(float(np.quantile(smooth, 0.95)), 1.0)
    smooth = np.maximum(smooth, 0.1 * scale)
    weight = np.clip(smooth / scale, 0, 1) ** 2
    weight[weight < 0.06] = 0
    texture = np.clip(lines / smooth - 1, -1, 1)
    # what brightens or dims the whole vessel at once (focus, laser, a shift of the frame) is no cell
    texture = texture - (weight * texture).sum(axis=1, keepdims=True) / (weight.sum(axis=1, keepdims=True) + EPSILON)
    return texture, weight


def _product(texture: np.ndarray, weight: np.ndarray, lag: int, shift: int) -> float:
    """Weighted mean product of the kymograph with itself `lag` frames later and `shift` places on."""
    frames, places = texture.shape
    if lag >= frames or abs(shift) >= places:
        return 0.0
    first = slice(max(-shift, 0), places - max(shift, 0))
    second = slice(max(shift, 0), places - max(-shift, 0))
    early, late = (slice(None, frames - lag), first), (slice(lag, None), second)
    both = weight[early] * weight[late]
    return float((both * texture[early] * texture[late]).sum() / (both.sum() + EPSILON))


def _focus(level: np.ndarray) -> np.ndarray:
    """Weight of each frame: the vessel's light there, as a share of its brightest."""
    return (level / max(float(level.max()), 1.0)).clip(0.02, 1) ** 2


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    return np.sum(values * weight) / np.sum(weight)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / scale) if scale > 0 else 0.0
