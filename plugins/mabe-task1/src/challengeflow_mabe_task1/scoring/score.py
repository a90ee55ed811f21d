"""Scoring: the challenge's macro F1 with all that explains it, and the decision that turns scores into answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow import InputError, ScoreJob, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import average_precision, bootstrap, bootstrap_interval, cross_fit, write_json
from challengeflow_mabe_task1.data.layouts import background
from challengeflow_mabe_task1.scoring.bout_metric import IOU, BoutCounts, bout_f1, count_bouts
from challengeflow_mabe_task1.scoring.decision_fit import Scored, fit
from challengeflow_mabe_task1.scoring.decoding import decode_all, plain_decision
from challengeflow_mabe_task1.scoring.metric import confusion, f1, macro_f1, macro_precision, precision, recall
from challengeflow_mabe_task1.scoring.references import references
from challengeflow_mabe_task1.scoring.score_warnings import warnings


@dataclass(frozen=True)
class Track:
    """A labelled sequence with its scores and where it belongs; `surplus`: labels beyond its track."""

    id: str
    group: str
    fold: int | None
    scored: Scored
    surplus: int
    annotator: int
    warnings: tuple[str, ...]


def score(job: ScoreJob) -> None:
    """Fit the decision on out-of-fold scores of train, cross-fitted by fold for their own score."""
    names = vocabulary_of(job.shards)
    scored = scored_classes(names, job.parameters["scored"])
    splits = {split: tracks(job.shards, split) for split in dict.fromkeys(shard.split for shard in job.shards)}
    splits = {split: sequences for split, sequences in splits.items() if sequences}
    decision = plain_decision(len(names))
    train = splits.get("train", [])
    if train and job.parameters["smoothing"]:
        decision = fit([one.scored for one in train], scored)
    train_shares = _shares(train, len(names))
    results = {}
    for split, sequences in splits.items():
        smoothing = split == "train" and job.parameters["smoothing"]
        found = cross_fitted(sequences, scored) if smoothing else answers(sequences, decision)
        results[split] = _Result(sequences, found, names, scored).report(job.seed, train_shares)
    write_json(job.scores, results)
    about = {"vocabulary": names, "scored": [names[k] for k in scored], "train_shares": train_shares}
    write_json(job.decision, {**decision, **about})


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


def vocabulary_of(shards: Sequence[Shard]) -> list[str]:
    """The behaviours by class number. Raises InputError where no shard has a sequence."""
    for shard in shards:
        prepared = Arrays(shard.prepared)
        for name in prepared:
            return prepared.attributes(name)["vocabulary"]
    raise InputError("there is no sequence to score; the train and test splits are empty")


def tracks(shards: Sequence[Shard], split: str) -> list[Track]:
    """The labelled sequences of a split with their scores."""
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
            about = prepared.attributes(sample.id)
            surplus = gold.attributes(sample.id).get("labels", len(labels)) - len(labels)
            scored = Scored(scores.astype(np.float32), labels.astype(np.int16), about["fps"])
            warnings = (*about.get("notes", ()), *about.get("quality", {}).get("warnings", ()))
            found.append(Track(sample.id, sample.group, shard.fold, scored, surplus, about["annotator"], warnings))
    return found


def answers(sequences: Sequence[Track], decision: dict[str, Any]) -> list[np.ndarray]:
    """Class numbers (T,) of each sequence."""
    scores, fps = [one.scored.scores for one in sequences], [one.scored.fps for one in sequences]
    return decode_all(scores, [decision] * len(sequences), fps)


def cross_fitted(sequences: Sequence[Track], scored: Sequence[int]) -> list[np.ndarray]:
    """Class numbers (T,) of each train sequence by a decision fitted on the other folds alone."""
    found: list[Any] = [None] * len(sequences)

    def apply(decision: dict, own: np.ndarray) -> None:
        for place, answer in zip(own, answers([sequences[k] for k in own], decision), strict=True):
            found[place] = answer

    cross_fit([one.fold for one in sequences], lambda others: fit([sequences[k].scored for k in others], scored), apply)
    return found


def _shares(sequences: Sequence[Track], classes: int) -> list[float] | None:
    """Share of each class in the labelled frames, (C,); None without any."""
    counts = np.zeros(classes, np.int64)
    for one in sequences:
        counts += np.bincount(one.scored.labels[one.scored.labels >= 0], minlength=classes)
    return (counts / counts.sum()).tolist() if counts.sum() else None


@dataclass(frozen=True)
class _Result:
    """One split with its answers, and all that is said about it."""

    sequences: Sequence[Track]
    answers: Sequence[np.ndarray]
    names: list[str]
    scored: list[int]

    def report(self, seed: int, train_shares: list[float] | None) -> dict[str, Any]:
        pairs = list(zip(self.sequences, self.answers, strict=True))
        classes = len(self.names)
        tables = np.stack([confusion(one.scored.labels, answer, classes) for one, answer in pairs])
        bouts = [count_bouts(one.scored.labels, answer, classes) for one, answer in pairs]
        total = tables.sum(axis=0)
        groups = [one.group for one in self.sequences]
        resampled = bootstrap(groups, lambda drawn: macro_f1(tables[drawn].sum(axis=0), self.scored))
        intervals = {"score": resampled["interval"]}
        intervals |= self._intervals(groups, tables, np.stack([each.counts for each in bouts]), seed)
        detail = {
            "precision": macro_precision(total, self.scored),
            "mean_average_precision": self._mean_average_precision(),
            "intervals": intervals,
            "per_class": _per_class(total, self.names),
            "scored": [self.names[k] for k in self.scored],
            "confusion": total,
            "frames": total.sum(),
            "per_sequence": self._per_sequence(tables),
            "bouts": self._bouts(bouts),
            "length_mismatches": {one.id: one.surplus for one in self.sequences if one.surplus},
            "quality": {one.id: list(one.warnings) for one in self.sequences if one.warnings},
            "warnings": warnings(self._doubts(), total, self.names, self.scored),
        }
        if train_shares is not None:
            detail["prior_shift"] = self._prior_shift(total, train_shares)
        if len({one.annotator for one in self.sequences}) > 1:
            detail["annotators"] = self._annotators(tables)
        if known := references(len(self.sequences), int(total.sum())):
            detail["references"] = known
        # of who guesses each behaviour as often as it occurs
        chance = float(total[self.scored].sum() / max(total.sum(), 1)) / max(len(self.scored), 1)
        return {"score": macro_f1(total, self.scored), "chance": chance, "detail": detail} | resampled

    def _doubts(self) -> dict[str, list[str]]:
        """What is doubtful about each recording: its track, and labels that do not fit it."""
        surplus = "{} labels go on after the track, which is too short or was cut"
        found = {
            one.id: [*one.warnings, *([surplus.format(one.surplus)] if one.surplus > 0 else [])]
            for one in self.sequences
        }
        return {name: own for name, own in found.items() if own}

    def _intervals(
        self, groups: Sequence[str], tables: np.ndarray, bouts: np.ndarray, seed: int
    ) -> dict[str, list[float]]:
        """95 % intervals over sequences drawn again, by group."""
        scored = self.scored

        def f1_of(k: int) -> Callable[[np.ndarray], float]:
            return lambda drawn: f1(tables[drawn].sum(axis=0))[k]

        statistics: dict[str, Callable[[np.ndarray], float]] = {
            "precision": lambda drawn: macro_precision(tables[drawn].sum(axis=0), scored),
            "bout_f1": lambda drawn: bout_f1(bouts[drawn].sum(axis=0))[scored].mean(),
        }
        statistics |= {f"f1 {self.names[k]}": f1_of(k) for k in scored}
        return {name: bootstrap_interval(groups, each, seed=seed) for name, each in statistics.items()}

    def _mean_average_precision(self) -> float:
        """Mean over scored classes of the average precision, each against the rest, over all labelled frames."""
        labels = np.concatenate([one.scored.labels for one in self.sequences])
        scores = np.concatenate([one.scored.scores for one in self.sequences])
        known = labels >= 0
        present = [k for k in self.scored if (labels == k).any()]
        each = [average_precision(labels[known] == k, scores[known, k]) for k in present]
        return float(np.sum(each) / len(self.scored))

    def _per_sequence(self, tables: np.ndarray) -> dict[str, float]:
        """Mean F1 of each recording over the scored classes that occur in it or were predicted there."""
        result = {}
        for one, table in zip(self.sequences, tables, strict=True):
            present = [k for k in self.scored if table[k].sum() + table[:, k].sum() > 0]
            result[one.id] = macro_f1(table, present) if present else 1.0
        return result

    def _bouts(self, found: Sequence[BoutCounts]) -> dict[str, Any]:
        """Events found at an overlap of `IOU`, the median error of their borders, and how often the class changes."""
        total = np.sum([each.counts for each in found], axis=0)
        seconds = sum((one.scored.labels >= 0).sum() / one.scored.fps for one in self.sequences)
        switches = np.sum([each.switches for each in found], axis=0) / max(seconds / 60, 1e-9)
        per_class = {}
        for k, name in enumerate(self.names):
            frames = [error for each in found for error in each.border_errors[k]]
            times = [
                error / one.scored.fps
                for one, each in zip(self.sequences, found, strict=True)
                for error in each.border_errors[k]
            ]
            per_class[name] = {
                "f1": bout_f1(total)[k],
                "hits": total[k, 0],
                "predicted": total[k, 1],
                "true": total[k, 2],
                "border_error_frames": float(np.median(frames)) if frames else None,
                "border_error_s": float(np.median(times)) if times else None,
            }
        return {
            "overlap": IOU,
            "f1": bout_f1(total)[self.scored].mean(),
            "per_class": per_class,
            "switches_per_minute": {"true": switches[0], "predicted": switches[1]},
        }

    def _prior_shift(self, total: np.ndarray, train_shares: list[float]) -> dict[str, Any]:
        """Class shares in train, in this split's gold and in the answers; how far apart (total variation, 0 to 1)."""
        frames = max(total.sum(), 1)
        shares = {
            "train": np.array(train_shares),
            "gold": total.sum(axis=1) / frames,
            "predicted": total.sum(axis=0) / frames,
        }
        table = {what: dict(zip(self.names, map(float, values), strict=True)) for what, values in shares.items()}
        distance = {what: float(np.abs(shares["gold"] - shares[what]).sum() / 2) for what in ("train", "predicted")}
        return {"shares": table, "distance_from_gold": distance}

    def _annotators(self, tables: np.ndarray) -> dict[str, Any]:
        """Score of each annotator's sequences, and the mean over annotators, as task 2 is reported."""
        of = np.array([one.annotator for one in self.sequences])
        scores = {str(who): macro_f1(tables[of == who].sum(axis=0), self.scored) for who in np.unique(of).tolist()}
        return {"scores": scores, "mean": float(np.mean(list(scores.values())))}


def _per_class(total: np.ndarray, names: list[str]) -> dict[str, dict[str, float]]:
    frames = max(1, total.sum())
    rows = zip(
        names,
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
