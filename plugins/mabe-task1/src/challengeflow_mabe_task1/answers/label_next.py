"""Which moments to label next: where the model doubts most, spread over the recordings."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from challengeflow import Answers
from challengeflow.arrays import Arrays, Predictions

SECONDS = 2.0
"""Length of a moment: long enough to see what happens."""

REPEAT = 0.8
"""Worth of another moment of the same recording, for each one already chosen there: new animals teach more."""

COLUMNS = ("rank", "sequence", "start_frame", "stop_frame", "start_s", "stop_s", "doubt", "between")


def write(path: Path, answers: Answers, count: int) -> None:
    """Write the `count` moments most worth a label, best first, with the two behaviours the model wavers between."""
    waiting = sorted(_moments(answers), key=lambda moment: -moment[0])
    chosen: list[tuple] = []
    taken: dict[str, int] = {}
    while waiting and len(chosen) < count:
        best = max(waiting, key=lambda moment: moment[0] * REPEAT ** taken.get(moment[1], 0))
        waiting.remove(best)
        taken[best[1]] = taken.get(best[1], 0) + 1
        chosen.append(best)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for rank, (doubt, name, start, stop, fps, between) in enumerate(chosen, 1):
            seconds = (f"{frame / fps:.3f}" for frame in (start, stop))
            writer.writerow([rank, name, start, stop, *seconds, f"{doubt:.4f}", between])


def doubt(scores: np.ndarray) -> np.ndarray:
    """How unsure each frame is, (T,), from 0 to 1: the entropy of its scores (T, C) over the largest there could be."""
    total = scores.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, scores / np.where(total > 0, total, 1), 1 / scores.shape[1])
    return -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=1) / np.log(scores.shape[1])


def _moments(answers: Answers) -> Iterator[tuple[float, str, int, int, float, str]]:
    """Mean doubt, sequence, first frame, frame after the last, frames a second, and the two likeliest behaviours."""
    for shard in answers.shards:
        prepared, predictions = Arrays(shard.prepared), Predictions(shard.predictions)
        for name in prepared.ok():
            attributes, scores = prepared.attributes(name), predictions[name].astype(np.float64)
            length = max(1, round(SECONDS * attributes["fps"]))
            starts = np.arange(0, len(scores), length)
            sums = np.add.reduceat(scores, starts, axis=0)
            doubts = np.add.reduceat(doubt(scores), starts)
            for start, total, own in zip(starts.tolist(), sums, doubts, strict=True):
                stop = min(start + length, len(scores))
                first, second = np.argsort(-total, kind="stable")[:2]
                between = f"{attributes['vocabulary'][first]} / {attributes['vocabulary'][second]}"
                first = attributes.get("first_frame", 0)
                yield own / (stop - start), name, first + start, first + stop, attributes["fps"], between
