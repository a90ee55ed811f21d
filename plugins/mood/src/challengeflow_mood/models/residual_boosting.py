"""Model residual-boosting: gradient boosting that learns on made anomalies which residuals of healthy anatomy mean
something.

Self-supervised: pca-residual describes healthy anatomy; made anomalies go into scans that its components have never
seen; boosted trees tell abnormal voxels from healthy ones by residuals, texture, symmetry and position. The kinds
of anomaly are `anomalies.FITTED` and `anomalies.STOPPING`, never those of the proxy split. Minutes on a CPU.

A model is the arrays of pca-residual, `scale.npy` and the boosted trees in the folder `trees`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from challengeflow import PredictJob, TrainJob
from challengeflow.plain_models import boosted_trees, load_trees, save
from challengeflow_mood.anomalies import FITTED, STOPPING
from challengeflow_mood.anomalies.made_cases import made_cases
from challengeflow_mood.data.healthy_scans import Healthy, read_healthy
from challengeflow_mood.models import pca_residual, score_scale, whole_scan
from challengeflow_mood.models.augmentation import augmented
from challengeflow_mood.models.grid_maps import Apply, write_maps
from challengeflow_mood.models.voxel_features import voxel_features
from challengeflow_mood.models.voxel_rows import map_of, voxel_rows

SCALED_SCANS = 8  # of each part, behind the common scale
Part = tuple[Healthy, dict[str, np.ndarray]]


def train(job: TrainJob) -> None:
    """Fit components, and trees on made anomalies in scans the components have not seen."""
    healthy = read_healthy(
        job.shards, job.parameters["max_scans"], pca_residual.MIN_SCANS, job.seed, "residual-boosting"
    )
    with threadpool_limits(1, user_api="blas"):  # another thread count adds in another order: other last digits
        fitted = pca_residual.fitted_on_others(healthy, job.parameters["components"])
        parts = [(healthy.subset(at), model) for at, model in job.progress(fitted, "part of the scans")]
        rows, labels = _rows(parts, max(2, round(job.parameters["cases"] / len(healthy))), job)
        trees = boosted_trees(_trees(job).fit(rows, labels))
        model = pca_residual.fit(healthy.volumes, healthy.masks, job.parameters["components"], job.progress)
        model["scale"] = score_scale.fit(_healthy_values(parts, trees))
        model |= whole_scan.fit(healthy)
    for name, array in model.items():
        np.save(job.output / f"{name}.npy", array)
    save(job.output / "trees", {"trees": trees})
    facts = {"scans": len(healthy), "kinds": FITTED + STOPPING, "voxels": len(rows), "abnormal": int(labels.sum())}
    (job.output / "model.json").write_text(json.dumps(facts, indent=1) + "\n")


def predict(job: PredictJob) -> None:
    """Average of the maps of `job.models`, float16 (1, grid, grid, grid); zero for a scan that could not be read."""
    with threadpool_limits(1, user_api="blas"):
        write_maps(job, [_loaded(folder) for folder in job.models])


def _loaded(folder: Path) -> Apply:
    model = {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}
    trees = load_trees(folder / "trees")["trees"]

    def apply(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
        raw, where = raw_map(model, trees, volume, mask)
        return np.where(where, score_scale.apply(model["scale"], raw), 0)

    return apply


def raw_map(
    model: Mapping[str, np.ndarray], trees: Any, volume: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The trees' log-odds (g, g, g), smoothed a little, and where they were asked, bool (g, g, g)."""
    rows, where = voxel_features(model, volume, mask)
    return map_of(trees.decision_function(rows), where), where


def _rows(parts: Sequence[Part], each: int, job: TrainJob) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels (0 or 1) of voxels of made cases, `each` of every scan."""
    rows, labels = [], []
    for number, (scans, model) in enumerate(parts):
        cases = made_cases(scans, FITTED + STOPPING, each, (job.seed, number))
        for at, case in enumerate(job.progress(cases, f"made case of part {number}")):
            random = np.random.default_rng([job.seed, number, at])
            case = augmented(case, random)
            seen = voxel_features(model, case.volume, case.mask)
            features, truth = voxel_rows(case, *seen, random)
            rows.append(features)
            labels.append(truth)
    return np.concatenate(rows), np.concatenate(labels)


def _trees(job: TrainJob) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=job.parameters["iterations"],
        learning_rate=job.parameters["learning_rate"],
        max_leaf_nodes=job.parameters["leaves"],
        min_samples_leaf=50,
        l2_regularization=1.0,
        max_features=0.5,
        early_stopping=False,
        random_state=job.seed % 2**31,
    )


def _healthy_values(parts: Sequence[Part], trees: Any) -> Iterator[np.ndarray]:
    """Log-odds of the body's voxels in healthy scans, by components that have not seen them."""
    for scans, model in parts:
        for volume, mask in zip(scans.volumes[:SCALED_SCANS], scans.masks[:SCALED_SCANS], strict=True):
            raw, _ = raw_map(model, trees, volume, mask)
            yield raw[mask > 0]
