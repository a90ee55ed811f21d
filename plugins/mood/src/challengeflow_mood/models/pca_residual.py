"""Model pca-residual: what no healthy anatomy explains, in units of how badly healthy anatomy is explained there.

Channels of an aligned scan (grey values, local texture) are described by the principal components of the training
scans. The residual at each voxel is divided by the spread of held-out healthy scans' residuals there, gathered over
two scales, standardised once more against the held-out scans, and brought to [0, 1]. NumPy and SciPy alone, minutes
on a CPU, milliseconds a scan; the model is plain arrays and JSON.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from scipy import ndimage
from threadpoolctl import threadpool_limits

from challengeflow import PredictJob, Progress, TrainJob
from challengeflow_mood.data.healthy_scans import Healthy, beside_others, read_healthy
from challengeflow_mood.data.intensity import relative_grey
from challengeflow_mood.models import score_scale, whole_scan
from challengeflow_mood.models.grid_maps import write_maps

EPSILON = 1e-3
PARTS = 4  # inner folds for held-out residuals
SCALES = (1.0, 2.5)  # voxels
REFERENCE_SCALE = 3.0  # held-out scans are few: their statistics are shared over this many voxels
CHANNELS = ("grey", "texture")
MIN_SCANS = 4
MIN_OTHERS = 2
MOST_VOXELS = 120 * 64**3  # 1.4 GB while they are fitted


def train(job: TrainJob) -> None:
    """Fit components, spreads and references on the healthy scans of `job.shards`; at least 4 must be readable."""
    healthy = read_healthy(job.shards, job.parameters["max_scans"], MIN_SCANS, job.seed, "pca-residual")
    with threadpool_limits(1):  # another thread count adds in another order: other last digits
        model = fit(healthy.volumes, healthy.masks, job.parameters["components"], job.progress)
        model |= whole_scan.fit(healthy)
    for name, array in model.items():
        np.save(job.output / f"{name}.npy", array)
    facts = {"scans": len(healthy), "channels": CHANNELS, "scales": SCALES}
    (job.output / "model.json").write_text(json.dumps(facts, indent=1) + "\n")


def predict(job: PredictJob) -> None:
    """Average of the maps of `job.models`, float16 (1, grid, grid, grid); zero for a scan that could not be read."""
    models = [
        {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))} for folder in job.models
    ]
    with threadpool_limits(1):
        write_maps(job, [partial(apply, model) for model in models])


def fit(
    volumes: np.ndarray, masks: np.ndarray, components: int, progress: Progress | None = None
) -> dict[str, np.ndarray]:
    """The model's arrays from prepared scans: volumes (n, g, g, g) in [0, 1] and masks (n, g, g, g) of 0 and 1.

    Held-out residuals come from 4 parts: the components of three describe the scans of the fourth.
    """
    count, shape = len(volumes), volumes.shape[1:]
    kept = max(1, min(components, count // 3))
    model: dict[str, np.ndarray] = {"presence": masks.mean(axis=0, dtype=np.float32)}
    features: list[list[np.ndarray]] = [[] for _ in range(count)]
    for name in progress(CHANNELS, "channel") if progress else CHANNELS:
        rows = np.stack([channel(name, v, m).ravel() for v, m in zip(volumes, masks, strict=True)])
        residuals = np.empty_like(rows)
        part = np.arange(count) % min(PARTS, count)
        for held in range(part.max() + 1):
            mean, basis = principal(rows[part != held], kept)
            residuals[part == held] = residual(rows[part == held], mean, basis)
        spread = _spread(residuals, shape)
        mean, basis = principal(rows, kept)
        model |= {f"{name}_mean": mean, f"{name}_basis": basis.astype(np.float16), f"{name}_spread": spread}
        for number in range(count):
            features[number] += gather(residuals[number].reshape(shape) / spread)
    stacked = np.asarray(features)  # (n, features, g, g, g)
    model["feature_mean"] = _smooth_each(stacked.mean(axis=0))
    deviation = np.sqrt(_smooth_each(((stacked - model["feature_mean"]) ** 2).mean(axis=0)))
    model["feature_spread"] = np.maximum(deviation, 0.5 * deviation.mean(axis=(1, 2, 3), keepdims=True))
    maps = [combine(model, list(f)) for f in stacked]
    levels = [_level(values, mask) for values, mask in zip(maps, masks, strict=True)]
    model["level"] = np.asarray(np.median(levels), np.float32)
    steady = [values / max(1.0, level / model["level"]) for values, level in zip(maps, levels, strict=True)]
    model["scale"] = score_scale.fit(values[mask > 0] for values, mask in zip(steady, masks, strict=True))
    return model


def fitted_on_others(healthy: Healthy, components: int) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Indices of the scans of each part, with the arrays of `fit_some` on the scans of other groups.

    What learns on residuals must meet them in training as it will later on: components leave less of the scans
    unexplained that they were fitted on. A part beside which fewer than two scans are left is passed over.
    """
    for part, others in beside_others(healthy, PARTS, MIN_OTHERS):
        yield part, fit_some(others, components)


def fit_some(healthy: Healthy, components: int) -> dict[str, np.ndarray]:
    """`fit` on at most 120 scans at 64^3, fewer on a finer grid, for the memory that it takes: evenly chosen ones."""
    some = healthy.some(max(PARTS * MIN_OTHERS, MOST_VOXELS // healthy.volumes[0].size))
    return fit(some.volumes, some.masks, components)


def apply(model: Mapping[str, np.ndarray], volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The anomaly map of one prepared scan, float32 (g, g, g) in [0, 1). model: the arrays of `fit` and of
    `whole_scan.fit`.

    Voxels that are background in the scan and in most training scans are 0; something outside the body is not.
    """
    values = strangeness(model, standard_residuals(model, volume, mask))
    values /= max(1.0, _level(values, mask) / float(model["level"]))  # a badly aligned scan is not abnormal everywhere
    scores = score_scale.apply(model["scale"], values)
    return np.where(relevant(model, mask), scores, 0)


def standard_residuals(model: Mapping[str, np.ndarray], volume: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
    """Of each channel what healthy anatomy does not explain, in units of how badly it does there; float32 (g, g, g)."""
    left = {}
    for name in CHANNELS:
        row = channel(name, volume, mask).reshape(1, -1)
        basis = np.asarray(model[f"{name}_basis"], np.float32)
        left[name] = residual(row, model[f"{name}_mean"], basis).reshape(volume.shape) / model[f"{name}_spread"]
    return left


def strangeness(model: Mapping[str, np.ndarray], left: Mapping[str, np.ndarray]) -> np.ndarray:
    """How strange each voxel is by its `standard_residuals`, float32 (g, g, g)."""
    return combine(model, [feature for name in CHANNELS for feature in gather(left[name])])


def relevant(model: Mapping[str, np.ndarray], mask: np.ndarray) -> np.ndarray:
    """Voxels that are body in the scan or in most training scans; bool (g, g, g)."""
    return (mask > 0) | (np.asarray(model["presence"]) >= 0.5)


def channel(name: str, volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """One channel (g, g, g), float32: grey values relative to the scan's own median and spread, or local texture.

    Texture is the logarithm of the local standard deviation about the local mean, relative to the scan's own median (so
    that a noisy scan is not strange everywhere); it shows noise and lost structure.
    """
    grey = relative_grey(volume, mask)
    if name == "grey":
        return ndimage.gaussian_filter(grey, 0.6).astype(np.float32)
    rough = grey - ndimage.gaussian_filter(grey, 1.0)
    texture = 0.5 * np.log(ndimage.gaussian_filter(rough**2, 1.2) + EPSILON)
    inside = mask > 0
    return (texture - (np.median(texture[inside]) if inside.any() else 0)).astype(np.float32)


def principal(rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (V,) and the first `count` principal directions (count, V) of rows (n, V), by the n-by-n Gram matrix."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(float))
    chosen = np.argsort(-values)[: min(count, len(rows) - 1)]
    basis = (vectors[:, chosen] / np.sqrt(np.maximum(values[chosen], 1e-9))).T.astype(np.float32) @ centred
    return mean, basis


def residual(rows: np.ndarray, mean: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What mean and directions leave unexplained of each row, found twice: the second time without its outliers.

    The second fit clips the first residual to three of its standard deviations, so that an anomaly cannot pull the
    description of the healthy rest towards itself.
    """
    centred = rows - mean
    left = centred - (centred @ basis.T) @ basis
    limit = 3 * left.std(axis=1, keepdims=True)
    steady = centred - (left - np.clip(left, -limit, limit))
    return centred - (steady @ basis.T) @ basis


def gather(standard: np.ndarray) -> list[np.ndarray]:
    """Features of standardised residuals (g, g, g): size of the local mean and local energy, at two scales."""
    standard = np.clip(standard, -12, 12)
    square = standard**2
    return [
        feature
        for scale in SCALES
        for feature in (
            np.abs(ndimage.gaussian_filter(standard, scale)),
            np.sqrt(ndimage.gaussian_filter(square, scale)),
        )
    ]


def combine(model: Mapping[str, np.ndarray], features: list[np.ndarray]) -> np.ndarray:
    """Root mean square of the features' positive deviations from the held-out scans, smoothed, (g, g, g)."""
    total = np.zeros(features[0].shape, np.float32)
    for feature, mean, spread in zip(features, model["feature_mean"], model["feature_spread"], strict=True):
        total += np.maximum((feature - mean) / spread, 0) ** 2
    return ndimage.gaussian_filter(np.sqrt(total / len(features)), SCALES[0])


def _spread(residuals: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Spread of the residuals at each voxel (g, g, g): mean size, smoothed because scans are few, with a floor."""
    size = 1.2533 * np.abs(residuals).mean(axis=0).reshape(shape)
    smooth = np.maximum(ndimage.gaussian_filter(size, 1.5), 0.7 * size)
    return np.maximum(smooth, 0.15 * np.percentile(smooth, 95)).astype(np.float32)


def _smooth_each(maps: np.ndarray) -> np.ndarray:
    return np.stack([ndimage.gaussian_filter(values, REFERENCE_SCALE) for values in maps]).astype(np.float32)


def _level(values: np.ndarray, mask: np.ndarray) -> float:
    """How strange most of a scan is: the upper quartile within its body."""
    inside = values[mask > 0]
    return float(np.percentile(inside, 75)) if len(inside) else 1.0
