"""Scoring: the challenge's macro F1 with all that explains it, and the decision that turns scores into answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow import InputError, ScoreJob, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import bootstrap_interval, cross_fit, write_json
from challengeflow_mabe_task1.decision_fit import Scored, fit
from challengeflow_mabe_task1.decoding import decode, plain_decision
from challengeflow_mabe_task1.layouts import background
from challengeflow_mabe_task1.metric import confusion, f1, macro_f1, macro_precision, precision, recall


@dataclass(frozen=True)
class Track:
    """A labelled sequence with its scores and where it belongs."""

    id: str
    group: str
    fold: int | None
    scored: Scored
    surplus: int


def run(job: ScoreJob) -> None:
    """Fit the decision on out-of-fold scores of train, cross-fitted by fold for their own score."""
    vocabulary = _vocabulary(job.shards)
    scored = scored_classes(vocabulary, job.parameters["scored"])
    splits = {split: _sequences(job.shards, split) for split in dict.fromkeys(shard.split for shard in job.shards)}
    splits = {split: sequences for split, sequences in splits.items() if sequences}
    decision, results = plain_decision(len(vocabulary)), {}
    train = splits.get("train", [])
    if train and job.parameters["smoothing"]:
        decision = fit([one.scored for one in train], scored)
    for split, sequences in splits.items():
        answers = [decode(one.scored.scores, decision, one.scored.fps) for one in sequences]
        if split == "train" and job.parameters["smoothing"]:
            answers = _cross_fitted(sequences, scored)
        results[split] = _result(sequences, answers, vocabulary, scored, job.seed)
    write_json(job.scores, results)
    names = {"vocabulary": vocabulary, "scored": [vocabulary[k] for k in scored]}
    write_json(job.decision, {**decision, **names})


def scored_classes(vocabulary: Sequence[str], names: Sequence[str] | None) -> list[int]:
    """Numbers of the classes in the mean. Raises InputError for a name that is not in the vocabulary."""
    if names is None:
        return [k for k in range(len(vocabulary)) if k != background(vocabulary)]
    unknown = [name for name in names if name not in vocabulary]
    if unknown or not names:
        raise InputError(
            f"the score parameter 'scored' is {list(names)}; expected at least one, and only behaviours of "
            f"the vocabulary {list(vocabulary)}"
        )
    return [list(vocabulary).index(name) for name in names]


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under precision over recall in steps, equal scores in one step; 0 where `labels` (N,) bool has none."""
    if not labels.any():
        return 0.0
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits, found = hits[last], last + 1
    return float(np.sum(np.diff(hits, prepend=0) / hits[-1] * hits / found))


def _cross_fitted(sequences: Sequence[Track], scored: Sequence[int]) -> list[np.ndarray]:
    answers: list[Any] = [None] * len(sequences)

    def apply(decision: dict, own: np.ndarray) -> None:
        for place in own:
            answers[place] = decode(sequences[place].scored.scores, decision, sequences[place].scored.fps)

    cross_fit([one.fold for one in sequences], lambda others: fit([sequences[k].scored for k in others], scored), apply)
    return answers


def _vocabulary(shards: Sequence[Shard]) -> list[str]:
    for shard in shards:
        prepared = Arrays(shard.prepared)
        for name in prepared:
            return prepared.attributes(name)["vocabulary"]
    raise InputError("there is no sequence to score; the train and test splits are empty")


def _sequences(shards: Sequence[Shard], split: str) -> list[Track]:
    found = []
    for shard in shards:
        if shard.split != split:
            continue
        gold, prepared, predictions = Arrays(shard.gold), Arrays(shard.prepared), Predictions(shard.predictions)
        for sample in shard.samples:
            if sample.id not in gold:
                continue
            truth = gold[sample.id]["scores"]
            labels = np.where(truth.any(axis=1), truth.argmax(axis=1), -1) if len(truth) else np.zeros(0, int)
            scores = predictions[sample.id]
            if scores.shape != truth.shape:
                raise InputError(
                    f"predictions of {sample.id} have the shape {scores.shape}, its gold {truth.shape}; predict again"
                )
            fps = prepared.attributes(sample.id).get("fps", 30.0)
            surplus = gold.attributes(sample.id).get("labels", len(labels)) - len(labels)
            scored = Scored(scores.astype(np.float32), labels.astype(np.int16), fps)
            found.append(Track(sample.id, sample.group, shard.fold, scored, surplus))
    return found


def _result(sequences, answers, vocabulary: list[str], scored: list[int], seed: int) -> dict[str, Any]:
    tables = np.stack(
        [confusion(one.scored.labels, answer, len(vocabulary)) for one, answer in zip(sequences, answers, strict=True)]
    )
    total = tables.sum(axis=0)
    interval = bootstrap_interval(
        [one.group for one in sequences], lambda drawn: macro_f1(tables[drawn].sum(axis=0), scored), seed=seed
    )
    return {
        "score": macro_f1(total, scored),
        "interval": interval,
        "detail": {
            "precision": macro_precision(total, scored),
            "mean_average_precision": _mean_average_precision(sequences, scored),
            "per_class": _per_class(total, vocabulary),
            "scored": [vocabulary[k] for k in scored],
            "confusion": total,
            "frames": total.sum(),
            "per_sequence": _per_sequence(sequences, tables, scored),
            "length_mismatches": {one.id: one.surplus for one in sequences if one.surplus},
        },
    }


def _mean_average_precision(sequences: Sequence[Track], scored: Sequence[int]) -> float:
    labels = np.concatenate([one.scored.labels for one in sequences])
    scores = np.concatenate([one.scored.scores for one in sequences])
    known = labels >= 0
    return float(np.mean([average_precision(labels[known] == k, scores[known, k]) for k in scored]))


def _per_class(total: np.ndarray, vocabulary: list[str]) -> dict[str, dict[str, float]]:
    frames = max(1, total.sum())
    rows = zip(
        vocabulary,
        f1(total),
        precision(total),
        recall(total),
        total.sum(axis=1) / frames,
        total.sum(axis=0) / frames,
        strict=True,
    )
    return {
        name: {"f1": f, "precision": p, "recall": r, "share": true, "share_predicted": predicted}
        for name, f, p, r, true, predicted in rows
    }


def _per_sequence(sequences, tables: np.ndarray, scored: list[int]) -> dict[str, float]:
    """Mean F1 of each recording over the scored classes that occur in it or were predicted there."""
    result = {}
    for one, table in zip(sequences, tables, strict=True):
        present = [k for k in scored if table[k].sum() + table[:, k].sum() > 0]
        result[one.id] = macro_f1(table, present) if present else 1.0
    return result
