"""The model `metadata-only`, a control: what is known of a video without looking at what moves in it.

Number of frames, size of the frame, and the region's height, width, area and place. What it reaches is what a model
could reach by leaks alone (region height and width gave a participant 0.16); crowd_score, tier1 and project are gold.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from challengeflow import InputError, PredictJob, TrainJob
from challengeflow.arrays import Arrays, write_scores
from challengeflow.plain_models import boosted_trees, load, save
from challengeflow_clog_loss.data.gold_labels import read_gold


def train(job: TrainJob) -> None:
    """Fit a boosted ensemble on all readable videos of the shards."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    names = [Arrays(shard.prepared).ok() for shard in job.shards]
    facts = [metadata(Arrays(shard.prepared), own) for shard, own in zip(job.shards, names, strict=True)]
    labels = [read_gold(shard.gold, own)[0] for shard, own in zip(job.shards, names, strict=True)]
    values, stalled = np.concatenate([np.empty((0, 8)), *facts]), np.concatenate([np.empty(0, bool), *labels])
    if len(set(stalled.tolist())) < 2:
        raise InputError(
            f"fold {job.fold}: metadata-only needs readable training videos of both classes, found {len(stalled)} "
            f"videos, {int(stalled.sum())} of them stalled; use fewer folds or more videos"
        )
    with threadpool_limits(1):
        boosting = HistGradientBoostingClassifier(
            max_iter=40, learning_rate=0.08, max_leaf_nodes=6, early_stopping=False, random_state=job.seed % 2**32
        ).fit(values, stalled)
    save(job.output, {"boosting": boosted_trees(boosting)}, prior=float(stalled.mean()))


def predict(job: PredictJob) -> None:
    """Mean probability over the models; a video that could not be read gets the training prevalence."""
    models = [load(folder, "prior") for folder in job.models]
    prepared = Arrays(job.shard.prepared)
    prior = float(np.mean([numbers["prior"] for _, numbers in models]))
    chances: dict[str, float] = {}
    if names := prepared.ok():
        values = metadata(prepared, names)
        with threadpool_limits(1):
            mean = np.mean([parts["boosting"].predict_proba(values)[:, 1] for parts, _ in models], axis=0)
        chances = dict(zip(names, mean, strict=True))
    shape = {sample: prepared.attributes(sample)["shape"] for sample in prepared}
    write_scores(
        job.output, ((s.id, np.full(shape[s.id], chances.get(s.id, prior), np.float32)) for s in job.shard.samples)
    )


def metadata(prepared: Arrays, names: list[str]) -> np.ndarray:
    """Frames, the frame's rows and columns, the region's rows, columns, area and middle: float64 (videos, 8)."""
    rows = []
    for name in names:
        known = prepared.attributes(name)
        top, left, bottom, right = known["box"]
        area = int(prepared[name]["mask"].sum())
        rows.append((known["frames"], *known["size"], bottom - top, right - left, area, top + bottom, left + right))
    return np.array(rows, float).reshape(-1, 8)
