"""The model pose-boosting: pose features of every frame, histogram gradient boosting, a few parts averaged.

A model is a folder with `model.json` and a joblib file for each part. joblib files are pickles: they are written and
read by this workflow alone, never taken from outside.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from challengeflow import InputError, PredictJob, Shard, TrainJob
from challengeflow.arrays import Arrays, write_scores
from challengeflow_mabe_task1.layouts import background
from challengeflow_mabe_task1.pose_features import Axis, pose_features

THREADS = 1
"""Fixed, whatever the job is given: sums over another number of threads differ in their last bits."""


def train(job: TrainJob) -> None:
    """Fit `parts` boosted models, each on other frames and features; a part that is done is kept in `job.work`."""
    prepared = [Arrays(shard.prepared) for shard in job.shards]
    facts = _facts(prepared, job)
    (job.output / "model.json").write_text(json.dumps(facts, indent=2) + "\n")
    for part in job.progress(range(job.parameters["parts"]), "part"):
        name = f"part-{part}.joblib"
        if not (job.work / name).exists():
            model = _fit(job, facts, np.random.default_rng([job.seed, part]))
            joblib.dump(model, job.work / (name + ".new"), compress=3)
            os.replace(job.work / (name + ".new"), job.work / name)
        (job.output / name).write_bytes((job.work / name).read_bytes())


def predict(job: PredictJob) -> None:
    """Write scores (T, C) float32 for each sequence: mean over models and parts; 'other' where there is no track."""
    models = [_load(folder) for folder in job.models]
    prepared = Arrays(job.shard.prepared)
    samples = job.progress(job.shard.samples, "sequence")
    write_scores(job.output, ((sample.id, _scores(models, prepared, sample.id)) for sample in samples))


def sampled_frames(shards: Sequence[Shard], rows: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Sequence id -> labelled frames to train on: `rows` in all, evenly spread, shifted at random."""
    labelled = {}
    for shard in shards:
        prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
        for name in prepared.ok():
            if name in gold:
                labelled[name] = np.flatnonzero(gold[name]["scores"].any(axis=1))
    total = sum(len(frames) for frames in labelled.values())
    stride = max(1.0, total / rows)
    places = np.arange(random.random() * stride, total, stride).astype(np.int64)
    chosen, start = {}, 0
    for name, frames in labelled.items():
        own = places[(places >= start) & (places < start + len(frames))] - start
        chosen[name], start = frames[own], start + len(frames)
    return chosen


def choose_axis(prepared: Sequence[Arrays], axis: Sequence[int | str] | None, names: Sequence[str]) -> Axis:
    """The body axis (from, to) as part numbers: as asked, by the names of MARS, or the two parts seen most often."""
    if axis is not None:
        places = [names.index(part) if part in names else part for part in axis]
        wrong = [part for part in places if not isinstance(part, int) or part >= len(names)]
        if wrong or places[0] == places[1]:
            raise InputError(
                f"parameter axis of pose-boosting is {list(axis)}; give two different parts of {list(names)}"
            )
        return places[0], places[1]
    if "tail base" in names and "neck" in names:
        return names.index("tail base"), names.index("neck")
    missing = np.zeros(len(names))
    for shard in prepared:
        for name in shard.ok():
            missing += np.isnan(shard[name]["keypoints"][::10, :, 0]).mean(axis=(0, 1))
    best = np.sort(np.argsort(missing, kind="stable")[:2])
    return int(best[1]), int(best[0])


def _facts(prepared: Sequence[Arrays], job: TrainJob) -> dict[str, Any]:
    """What predict must know: vocabulary, parts, axis and the parameters of the features."""
    first = next((shard.attributes(name) for shard in prepared for name in shard.ok()), None)
    if first is None:
        raise InputError(f"no sequence of {job.dataset} could be read, so there is nothing to train on; see its index")
    return {
        "vocabulary": first["vocabulary"],
        "parts": first["parts"],
        "axis": choose_axis(prepared, job.parameters["axis"], first["parts"]),
        "windows": list(job.parameters["windows"]),
        "longest_gap": job.parameters["longest_gap"],
        "models": job.parameters["parts"],
    }


def _fit(job: TrainJob, facts: dict[str, Any], random: np.random.Generator) -> dict[str, Any]:
    """One part: {"columns": its features, "classifier": fitted on them}."""
    features, labels = _training_rows(job, facts, random)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise InputError(
            f"the training frames of {job.dataset} have {len(classes)} of the behaviours {facts['vocabulary']}; "
            "at least two are needed: add labelled sequences or use fewer folds"
        )
    width = features.shape[1]
    columns = np.sort(random.permutation(width)[: max(1, round(job.parameters["features"] * width))])
    share = dict(zip(classes.tolist(), (counts / len(labels)).tolist(), strict=True))
    weights = np.array([(1 / (len(classes) * share[label])) ** job.parameters["balance"] for label in labels.tolist()])
    classifier = HistGradientBoostingClassifier(
        max_iter=job.parameters["iterations"],
        learning_rate=job.parameters["learning_rate"],
        max_leaf_nodes=job.parameters["leaves"],
        min_samples_leaf=min(40, max(1, len(labels) // 50)),
        l2_regularization=1.0,
        max_bins=63,
        early_stopping=False,
        random_state=int(random.integers(2**31)),
    )
    with threadpool_limits(THREADS):
        classifier.fit(features[:, columns], labels, sample_weight=weights)
    return {"columns": columns, "classifier": classifier}


def _training_rows(job: TrainJob, facts: dict[str, Any], random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    chosen = sampled_frames(job.shards, job.parameters["rows"], random)
    features, labels = [], []
    for shard in job.shards:
        prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
        for name in prepared.ok():
            if len(chosen.get(name, ())):
                features.append(_features(prepared, name, facts)[chosen[name]])
                labels.append(gold[name]["scores"][chosen[name]].argmax(axis=1))
    if not labels:
        raise InputError(
            f"no frame of {job.dataset} has a label, so there is nothing to train on; check its train file"
        )
    return np.concatenate(features), np.concatenate(labels)


def _features(prepared: Arrays, name: str, facts: dict[str, Any]) -> np.ndarray:
    fps = prepared.attributes(name)["fps"]
    points = prepared[name]["keypoints"]
    return pose_features(points, fps, tuple(facts["axis"]), facts["windows"], facts["longest_gap"])[0]


def _load(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    facts = json.loads((folder / "model.json").read_text())
    return facts, [joblib.load(folder / f"part-{part}.joblib") for part in range(facts["models"])]


def _scores(models: list, prepared: Arrays, name: str) -> np.ndarray:
    """Scores (T, C) float32 of one sequence, rows that sum to 1."""
    attributes = prepared.attributes(name)
    scores = np.zeros(attributes["shape"], np.float64)
    if attributes["status"] != "ok":
        scores[:, background(attributes["vocabulary"])] = 1
        return scores.astype(np.float32)
    count = sum(len(parts) for _, parts in models)
    features: dict[str, np.ndarray] = {}
    for facts, parts in models:
        _check_fit(facts, attributes, name)
        key = json.dumps([facts["axis"], facts["windows"], facts["longest_gap"]])
        if key not in features:  # models of all folds see the same features
            features = {key: _features(prepared, name, facts)}
        for part in parts:
            with threadpool_limits(THREADS):
                chances = part["classifier"].predict_proba(features[key][:, part["columns"]])
            scores[:, part["classifier"].classes_] += chances / count
    return np.clip(scores, 0, 1).astype(np.float32)


def _check_fit(facts: dict[str, Any], attributes: dict[str, Any], name: str) -> None:
    for what in ("vocabulary", "parts"):
        known, found = facts[what], attributes[what]
        if known != found:
            raise InputError(
                f"sequence {name} has the {what} {found}, the model was trained on {known}; "
                f"set the preprocess parameter {what!r}, or train on data like it"
            )
