"""The model pose-boosting: pose features of every frame, histogram gradient boosting, a few parts averaged.

A model is a folder with `model.json`, the recipe of its features, and the boosted trees of all parts in `parts`.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from challengeflow import InputError, PredictJob, TrainJob
from challengeflow.arrays import Arrays, write_scores
from challengeflow.plain_models import BoostedTrees, boosted_trees, load_trees, save
from challengeflow_mabe_task1.data.layouts import background
from challengeflow_mabe_task1.features.pose_recipe import Recipe, exchanged, feature_blocks, fitted, make_recipe
from challengeflow_mabe_task1.models.feature_bins import binned, borders, on_values
from challengeflow_mabe_task1.models.training_frames import (
    check_counts,
    class_counts,
    class_weights,
    labels_of,
    sampled_frames,
)

THREADS = 1
"""Fixed, whatever the job is given: sums over another number of threads differ in their last bits."""


def train(job: TrainJob) -> None:
    """Fit `parts` boosted models, each on other frames and features; a part that is done is kept in `job.work`."""
    recipe = make_recipe([Arrays(shard.prepared) for shard in job.shards], job.parameters, job.dataset)
    facts = {"recipe": asdict(recipe)}
    (job.output / "model.json").write_text(json.dumps(facts, indent=2) + "\n")
    counts = class_counts(job.shards, len(recipe.vocabulary))
    check_counts(counts, recipe.vocabulary, job.dataset)
    names = [f"part-{part}" for part in range(job.parameters["parts"])]
    missing = [part for part, name in enumerate(names) if not (job.work / name).exists()]
    randoms = {part: np.random.default_rng([job.seed, part]) for part in missing}
    rows = _training_rows(job, recipe, randoms)
    for part in job.progress(missing, "part"):
        features, labels = rows.pop(part)
        if recipe.exchange:
            turned = randoms[part].random(len(features)) < 0.5
            features[turned] = features[turned][:, exchanged(recipe)]
        model = _fit(job.parameters, counts, features, labels, randoms[part])
        save(job.work / (names[part] + ".new"), {names[part]: model})
        os.replace(job.work / (names[part] + ".new"), job.work / names[part])
    save(job.output / "parts", {name: load_trees(job.work / name)[name] for name in names})


def predict(job: PredictJob) -> None:
    """Write scores (T, C) float32 for each sequence: mean over models and parts; 'other' where there is no track."""
    models = [_load(folder) for folder in job.models]
    prepared = Arrays(job.shard.prepared)
    samples = job.progress(job.shard.samples, "sequence")
    write_scores(job.output, ((sample.id, _scores(models, prepared, sample.id)) for sample in samples))


def _fit(
    parameters: Mapping[str, Any],
    counts: np.ndarray,
    features: np.ndarray,
    labels: np.ndarray,
    random: np.random.Generator,
) -> BoostedTrees:
    """One part, fitted on some of the features. counts: labelled frames (C,) there are."""
    width = features.shape[1]
    columns = np.sort(random.permutation(width)[: max(1, round(parameters["features"] * width))])
    classifier = HistGradientBoostingClassifier(
        max_iter=parameters["iterations"],
        learning_rate=parameters["learning_rate"],
        max_leaf_nodes=parameters["leaves"],
        min_samples_leaf=min(40, max(1, len(labels) // 50)),
        l2_regularization=1.0,
        max_bins=63,
        early_stopping=False,
        random_state=int(random.integers(2**31)),
    )
    # What sampling took from the common behaviours, weights give back; only then rare ones are made to count for more.
    taken = np.maximum(np.bincount(labels, minlength=len(counts)), 1)
    weights = counts / taken * class_weights(counts, parameters["balance"])
    weights = weights * (len(labels) / weights[labels].sum())
    own = {column: borders(features[:, column], weights[labels], classifier.max_bins) for column in columns.tolist()}
    numbers = np.stack([binned(features[:, column], own[column]) for column in own], axis=1)
    with threadpool_limits(THREADS):
        classifier.fit(numbers, labels, sample_weight=weights[labels])
    return on_values(boosted_trees(classifier, columns, width), own)


def _training_rows(
    job: TrainJob, recipe: Recipe, randoms: Mapping[int, np.random.Generator]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Part -> features (rows, F) and class numbers (rows,) of the frames sampled for it; each sequence is read once."""
    chosen = {
        part: sampled_frames(job.shards, job.parameters["rows"], job.parameters["majority"], random)
        for part, random in randoms.items()
    }
    nothing = np.empty(0, np.int64)
    features: dict[int, list] = {part: [] for part in randoms}
    labels: dict[int, list] = {part: [] for part in randoms}
    for shard in job.shards:
        prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
        for name in job.progress(prepared.ok() if randoms else [], f"features of {shard.name}: sequence"):
            own = {part: frames.get(name, nothing) for part, frames in chosen.items()}
            frames = np.unique(np.concatenate(list(own.values())))
            for these, made in feature_blocks(recipe, prepared[name]["keypoints"], prepared.attributes(name), frames):
                for part, wanted in own.items():
                    features[part].append(made[np.isin(these, wanted)])
            if len(frames):
                truth = labels_of(gold, name)
                for part, wanted in own.items():
                    labels[part].append(truth[wanted])
    return {part: (np.concatenate(features[part]), np.concatenate(labels[part])) for part in randoms}


def _load(folder: Path) -> tuple[Recipe, list[BoostedTrees]]:
    try:
        recipe = Recipe(**json.loads((folder / "model.json").read_text())["recipe"])
    except (OSError, KeyError, TypeError, ValueError, RecursionError):
        raise InputError(f"{folder / 'model.json'} holds no recipe of features; train the model again") from None
    return recipe, list(load_trees(folder / "parts").values())


def _scores(models: list[tuple[Recipe, list[BoostedTrees]]], prepared: Arrays, name: str) -> np.ndarray:
    """Scores (T, C) float32 of one sequence, rows that sum to 1."""
    attributes = prepared.attributes(name)
    scores = np.zeros(attributes["shape"], np.float64)
    if attributes["status"] != "ok":
        scores[:, background(attributes["vocabulary"])] = 1
        return scores.astype(np.float32)
    # Models of all folds have the same recipe, as a rule: features are made once for all that do.
    alike: dict[str, list[BoostedTrees]] = {}
    for recipe, parts in models:
        alike.setdefault(json.dumps(asdict(recipe)), []).extend(parts)
    count = sum(len(parts) for parts in alike.values())
    for text, parts in alike.items():
        recipe = Recipe(**json.loads(text))
        points = fitted(recipe, attributes, prepared[name]["keypoints"], name)
        for frames, features in feature_blocks(recipe, points, attributes):
            orders = [features, features[:, exchanged(recipe)]] if recipe.exchange else [features]
            for part in parts:
                with threadpool_limits(THREADS):
                    chances = np.mean([part.predict_proba(one) for one in orders], axis=0)
                scores[np.ix_(frames, np.asarray(part.classes))] += chances / count
    return np.clip(scores, 0, 1).astype(np.float32)
