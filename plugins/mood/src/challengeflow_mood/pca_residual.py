"""Model pca-residual: what no healthy anatomy explains, in units of how badly healthy anatomy is explained there.

Channels of an aligned scan (grey values, local texture) are described by the principal components of the training
scans. The residual at each voxel is divided by the spread of held-out healthy scans' residuals there, gathered over
two scales, standardised once more against the held-out scans, and brought to [0, 1]. NumPy and SciPy alone, minutes
on a CPU, milliseconds a scan; the model is plain arrays and JSON.
"""

import json
from collections.abc import Iterator, Mapping

import numpy as np
from scipy import ndimage
from threadpoolctl import threadpool_limits

from challengeflow import InputError, PredictJob, TrainJob
from challengeflow.arrays import Arrays, write_scores

EPSILON = 1e-3
PARTS = 4  # inner folds for held-out residuals
SCALES = (1.0, 2.5)  # voxels
REFERENCE_SCALE = 3.0  # held-out scans are few: their statistics are shared over this many voxels
CHANNELS = ("grey", "texture")
HALF = 8.0  # the standardised residual that maps to one half
MIN_SCANS = 4


def train(job: TrainJob) -> None:
    """Fit components, spreads and references on the healthy scans of `job.shards`; at least 4 must be readable."""
    scans = [(shard, sample) for shard in job.shards for sample in Arrays(shard.prepared).ok()]
    if len(scans) < MIN_SCANS:
        raise InputError(
            f"pca-residual needs at least {MIN_SCANS} readable train scans, and fold {job.fold} of {job.dataset!r} has "
            f"{len(scans)}; add scans or use fewer folds"
        )
    chosen = np.random.default_rng(job.seed).permutation(len(scans))[: job.parameters["max_scans"]]
    volumes, masks = [], []
    for at in sorted(chosen):
        arrays = Arrays(scans[at][0].prepared)[scans[at][1]]
        volumes.append(arrays["volume"])
        masks.append(arrays["mask"])
    with threadpool_limits(1):  # another thread count adds in another order: other last digits
        model = fit(np.stack(volumes), np.stack(masks), job.parameters["components"], job.progress)
    for name, array in model.items():
        np.save(job.output / f"{name}.npy", array)
    facts = {"scans": len(volumes), "channels": CHANNELS, "scales": SCALES}
    (job.output / "model.json").write_text(json.dumps(facts, indent=1) + "\n")


def predict(job: PredictJob) -> None:
    """Average of the maps of `job.models`, float16 (1, grid, grid, grid); zero for a scan that could not be read."""
    models = [
        {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))} for folder in job.models
    ]
    prepared = Arrays(job.shard.prepared)

    def maps() -> Iterator[tuple[str, np.ndarray]]:
        for sample in job.progress(job.shard.samples, "scan"):
            facts = prepared.attributes(sample.id)
            total = np.zeros(facts["shape"], np.float32)
            if facts["status"] == "ok":
                arrays = prepared[sample.id]
                for model in models:
                    total[0] += apply(model, arrays["volume"], arrays["mask"]) / len(models)
            yield sample.id, total.astype(np.float16)

    with threadpool_limits(1):
        write_scores(job.output, maps())


def fit(volumes: np.ndarray, masks: np.ndarray, components: int, progress) -> dict[str, np.ndarray]:
    """The model's arrays from prepared scans: volumes (n, g, g, g) in [0, 1] and masks (n, g, g, g) of 0 and 1.

    Held-out residuals come from 4 parts: the components of three describe the scans of the fourth.
    """
    count, shape = len(volumes), volumes.shape[1:]
    kept = max(1, min(components, count // 3))
    model: dict[str, np.ndarray] = {"presence": masks.mean(axis=0, dtype=np.float32)}
    features: list[list[np.ndarray]] = [[] for _ in range(count)]
    for name in progress(CHANNELS, "channel"):
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
    levels = [_level(combine(model, list(f)), m) for f, m in zip(stacked, masks, strict=True)]
    model["level"] = np.float32(np.median(levels))
    return model


def apply(model: Mapping[str, np.ndarray], volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The anomaly map of one prepared scan, float32 (g, g, g) in [0, 1).

    Voxels that are background in the scan and in most training scans are 0; something outside the body is not.
    """
    features = []
    for name in CHANNELS:
        row = channel(name, volume, mask).reshape(1, -1)
        basis = np.asarray(model[f"{name}_basis"], np.float32)
        left = residual(row, model[f"{name}_mean"], basis).reshape(volume.shape)
        features += gather(left / model[f"{name}_spread"])
    values = combine(model, features)
    values /= max(1.0, _level(values, mask) / float(model["level"]))  # a badly aligned scan is not abnormal everywhere
    values[(mask == 0) & (np.asarray(model["presence"]) < 0.5)] = 0
    return (values / (values + HALF)).astype(np.float32)


def channel(name: str, volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """One channel (g, g, g), float32: grey values relative to the scan's own median and spread, or local texture.

    Texture is the logarithm of the local standard deviation about the local mean, relative to the scan's own median (so
    that a noisy scan is not strange everywhere); it shows noise and lost structure.
    """
    grey = np.asarray(volume, np.float32)
    inside = mask > 0
    if inside.any():
        low, middle, high = np.percentile(grey[inside], [10, 50, 90])
        grey = np.where(inside, (grey - middle) / max(high - low, 0.05) + 1, grey / max(middle, 0.05))
        grey = np.clip(grey, -1, 4)
    if name == "grey":
        return ndimage.gaussian_filter(grey, 0.6).astype(np.float32)
    rough = grey - ndimage.gaussian_filter(grey, 1.0)
    texture = 0.5 * np.log(ndimage.gaussian_filter(rough**2, 1.2) + EPSILON)
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
