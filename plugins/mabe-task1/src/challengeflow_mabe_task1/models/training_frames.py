"""Which frames a model is trained on, and how much each behaviour counts."""

from collections.abc import Iterator, Sequence

import numpy as np

from challengeflow import InputError, Shard
from challengeflow.arrays import Arrays


def labels_of(gold: Arrays, name: str) -> np.ndarray:
    """The class number (T,) of each frame of a sequence, -1 where it has none."""
    scores = gold[name]["scores"]
    return np.where(scores.any(axis=1), scores.argmax(axis=1), -1) if len(scores) else np.empty(0, np.int64)


def labelled(shards: Sequence[Shard]) -> Iterator[tuple[str, np.ndarray]]:
    """(sequence, class numbers (T,)) of every sequence that could be read and has labels."""
    for shard in shards:
        prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
        for name in prepared.ok():
            if name in gold:
                yield name, labels_of(gold, name)


def class_counts(shards: Sequence[Shard], classes: int) -> np.ndarray:
    """Labelled frames (C,) of each behaviour."""
    counts = np.zeros(classes, np.int64)
    for _, labels in labelled(shards):
        counts += np.bincount(labels[labels >= 0], minlength=classes)
    return counts


def check_counts(counts: np.ndarray, vocabulary: Sequence[str], dataset: str) -> None:
    """Raise InputError where fewer than two behaviours have labelled frames: there is nothing to tell apart."""
    if np.count_nonzero(counts) < 2:
        raise InputError(
            f"the training frames of {dataset} have {np.count_nonzero(counts)} of the behaviours {list(vocabulary)}; "
            "at least two are needed: add labelled sequences or use fewer folds"
        )


def class_weights(counts: np.ndarray, balance: float) -> np.ndarray:
    """Weight (C,) of a frame of each behaviour: balance 0 all alike, 1 every behaviour as a whole alike."""
    present = np.maximum(counts, 1)
    return (counts.sum() / (np.count_nonzero(counts) * present)) ** balance


def sampled_frames(
    shards: Sequence[Shard], rows: int, majority: float, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Sequence -> labelled frames to train on, sorted: about `rows` in all, evenly spread in time, shifted at random.

    majority: the largest share of `rows` that one behaviour may take; what it does not take is left to the others.
    """
    tracks = dict(labelled(shards))
    if not tracks:
        return {}
    together = np.concatenate(list(tracks.values()))
    known = together[together >= 0]
    quota = _quotas(np.bincount(known), rows, majority)
    chosen = np.zeros(len(together), bool)
    for behaviour, wanted in enumerate(quota):
        places = np.flatnonzero(together == behaviour)
        if wanted > 0:
            stride = max(1.0, len(places) / wanted)
            chosen[places[np.arange(random.random() * stride, len(places), stride).astype(np.int64)]] = True
    ends = np.cumsum([len(labels) for labels in tracks.values()])
    parts = np.split(chosen, ends[:-1])
    return {name: np.flatnonzero(part) for name, part in zip(tracks, parts, strict=True)}


def _quotas(counts: np.ndarray, rows: int, majority: float) -> np.ndarray:
    """Rows (C,) of each behaviour: in proportion to its frames, none above `majority * rows` nor above its frames."""
    most = np.minimum(counts, max(majority * rows, 1.0)).astype(np.float64)
    low, high = 0.0, 1.0
    if most.sum() <= rows:
        return most
    for _ in range(50):  # the share of the frames at which the capped numbers add up to `rows`
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(counts * middle, most).sum() < rows else (low, middle)
    return np.minimum(counts * high, most)
