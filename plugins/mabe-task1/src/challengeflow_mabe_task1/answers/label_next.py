"""Which moments to label next: where the model doubts most, spread over the recordings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from challengeflow import Answers
from challengeflow.arrays import Arrays, Predictions
from challengeflow.tables import write_table

SECONDS = 2.0
"""Length of a moment: long enough to see what happens."""

REPEAT = 0.8
"""Worth of another moment of the same recording, for each one already chosen there: new animals teach more."""

COLUMNS = ("rank", "sequence", "start_frame", "stop_frame", "start_s", "stop_s", "doubt", "between")


class Moment(NamedTuple):
    """Frames `start` to before `stop` of a sequence's video; between: the two behaviours the model wavers between."""

    rank: int
    sequence: str
    start: int
    stop: int
    fps: float
    doubt: float
    between: str


def choose(answers: Answers, count: int) -> list[Moment]:
    """The `count` moments most worth a label, best first."""
    waiting = sorted(_moments(answers), key=lambda moment: -moment.doubt)
    chosen: list[Moment] = []
    taken: dict[str, int] = {}
    while waiting and len(chosen) < count:
        best = max(waiting, key=lambda moment: moment.doubt * REPEAT ** taken.get(moment.sequence, 0))
        waiting.remove(best)
        taken[best.sequence] = taken.get(best.sequence, 0) + 1
        chosen.append(best._replace(rank=len(chosen) + 1))
    return chosen


def write(path: Path, moments: Sequence[Moment]) -> None:
    """Write the moments as a table."""
    rows = []
    for one in moments:
        seconds = (f"{frame / one.fps:.3f}" for frame in (one.start, one.stop))
        rows.append([*one[:4], *seconds, f"{one.doubt:.4f}", one.between])
    write_table(path, COLUMNS, rows)


def doubt(scores: np.ndarray) -> np.ndarray:
    """How unsure each frame is, (T,), from 0 to 1: the entropy of its scores (T, C) over the largest there could be."""
    total = scores.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, scores / np.where(total > 0, total, 1), 1 / scores.shape[1])
    return -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=1) / np.log(scores.shape[1])


def spans(frames: int, length: int) -> list[tuple[int, int]]:
    """Moments of `length` frames on end; a rest of less than half of that belongs to the last one."""
    starts = range(0, max(1, frames - length // 2), length)
    return list(zip(starts, [*starts[1:], frames], strict=True))


def _moments(answers: Answers) -> Iterator[Moment]:
    """Every moment of every sequence that could be read, with its mean doubt."""
    for shard in answers.shards:
        prepared, predictions = Arrays(shard.prepared), Predictions(shard.predictions)
        for name in prepared.ok():
            attributes, scores = prepared.attributes(name), predictions[name].astype(np.float64)
            first, fps = attributes.get("first_frame", 0), attributes["fps"]
            length = max(1, round(SECONDS * fps))
            parts = spans(len(scores), length)
            starts = [start for start, _ in parts]
            sums = np.add.reduceat(scores, starts, axis=0)
            doubts = np.add.reduceat(doubt(scores), starts)
            for (start, stop), total, own in zip(parts, sums, doubts, strict=True):
                likeliest = np.argsort(-total, kind="stable")[:2]
                between = " / ".join(attributes["vocabulary"][k] for k in likeliest)
                yield Moment(0, name, first + start, first + stop, fps, own / (stop - start), between)
