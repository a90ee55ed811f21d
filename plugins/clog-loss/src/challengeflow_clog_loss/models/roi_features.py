"""The model `roi-features`: motion features of the outlined vessel, boosting blended with logistic regression.

All fitting and predicting runs on one thread, so that results do not depend on how many there are.
"""

import os

import numpy as np
from threadpoolctl import threadpool_limits

from challengeflow import InputError, PredictJob, Shard, TrainJob
from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow.plain_models import (
    BoostedTrees,
    Plain,
    ScaledLogistic,
    boosted_trees,
    load,
    load_trees,
    save,
    scaled_logistic,
)

LOGISTIC = "logistic"  # beside it in a model: boosting-0, boosting-1 and so on
CLIP = 4.0  # standard deviations beyond which a feature says nothing more
REGULARISATION = 0.1  # inverse strength of the logistic regression's penalty


def train(job: TrainJob) -> None:
    """Fit on all readable videos of the shards. Features by shard and boosted ensembles are kept in `job.work`."""
    tables = [table for shard in job.shards if len(table := _shard_features(shard, job))]
    values = np.concatenate(tables) if tables else np.empty((0, 0))
    stalled = np.concatenate([np.empty(0, int), *(_stalled(shard) for shard in job.shards)])
    if len(set(stalled.tolist())) < 2:
        raise InputError(
            f"fold {job.fold}: roi-features needs readable training videos of both classes, "
            f"found {len(stalled)} videos, {int(stalled.sum())} of them stalled; use fewer folds or more videos"
        )
    with threadpool_limits(1):
        bags = job.progress(range(job.parameters["bags"]), "boosted ensemble")
        parts: dict[str, Plain] = {f"boosting-{bag}": _kept_boost(job, bag, values, stalled) for bag in bags}
        parts[LOGISTIC] = _logistic(values, stalled)
    save(job.output, parts, prior=float(stalled.mean()), boosting_share=float(job.parameters["boosting_share"]))


def predict(job: PredictJob) -> None:
    """Mean probability over the models for every video; one that could not be read gets the training prevalence."""
    models = [load(folder, "prior", "boosting_share") for folder in job.models]
    prepared = Arrays(job.shard.prepared)
    prior = np.mean([numbers["prior"] for _, numbers in models])
    chances = {}
    values = _shard_features(job.shard, job)
    if len(values):
        with threadpool_limits(1):
            mean = np.mean(
                [_probability(parts, numbers["boosting_share"], values) for parts, numbers in models], axis=0
            )
        chances = dict(zip(prepared.ok(), mean, strict=True))
    shape = {sample: prepared.attributes(sample)["shape"] for sample in prepared}
    write_scores(
        job.output, ((s.id, np.full(shape[s.id], chances.get(s.id, prior), np.float32)) for s in job.shard.samples)
    )


def _probability(parts: dict[str, Plain], share: float, values: np.ndarray) -> np.ndarray:
    chances = {name: part.predict_proba(values)[:, 1] for name, part in parts.items()}
    logistic = chances.pop(LOGISTIC)
    return share * np.mean(list(chances.values()), axis=0) + (1 - share) * logistic


def _logistic(values: np.ndarray, stalled: np.ndarray) -> ScaledLogistic:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(values)
    clipped = np.clip(scaler.transform(values), -CLIP, CLIP)
    return scaled_logistic(scaler, LogisticRegression(C=REGULARISATION, max_iter=1000).fit(clipped, stalled), CLIP)


def _boost(job: TrainJob, bag: int, values: np.ndarray, stalled: np.ndarray) -> BoostedTrees:
    """One boosted ensemble on half of the features at each split, with a seed of its own."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = HistGradientBoostingClassifier(
        max_iter=job.parameters["iterations"],
        learning_rate=0.08,
        max_leaf_nodes=8,
        min_samples_leaf=int(np.clip(len(stalled) // 40, 4, 20)),
        l2_regularization=1.0,
        max_features=0.5,
        early_stopping=False,
        random_state=(job.seed * 1000 + bag) % 2**32,
    ).fit(values, stalled)
    return boosted_trees(fitted)


def _shard_features(shard: Shard, job: TrainJob | PredictJob) -> np.ndarray:
    """Features of the readable videos of a shard, float64 (videos, features), kept in `job.work`."""
    from challengeflow_clog_loss.features.motion_features import features

    kept = job.work / f"features-{shard.name}.npy"
    if kept.exists():
        return np.load(kept, allow_pickle=False)
    prepared = Arrays(shard.prepared)
    with threadpool_limits(1):
        rows = [list(features(prepared[sample]).values()) for sample in job.progress(prepared.ok(), "video")]
    table = np.array(rows, np.float64) if rows else np.empty((0, 0))
    temporary = kept.with_suffix(".part")
    with open(temporary, "wb") as file:
        np.save(file, table)
    os.replace(temporary, kept)
    return table


def _stalled(shard: Shard) -> np.ndarray:
    gold = Predictions(shard.gold)
    return np.array([int(gold[sample].reshape(-1)[0] > 0.5) for sample in Arrays(shard.prepared).ok()], int)


def _kept_boost(job: TrainJob, bag: int, values: np.ndarray, stalled: np.ndarray) -> BoostedTrees:
    """The boosted ensemble of a bag, from `job.work` where a killed training has left it."""
    path = job.work / f"boosting-{bag}"
    if not path.exists():
        temporary = path.with_suffix(".part")
        save(temporary, {"boosting": _boost(job, bag, values, stalled)})
        os.replace(temporary, path)
    return load_trees(path)["boosting"]
