"""Controls: what a perfect, a constant and a random answer score. Every honest model lies between them.

They are not trained. `control-perfect` alone opens the gold of the very samples it answers; it is never packaged.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow.answers import perfect as perfect_answer
from challengeflow.answers import shared_axes
from challengeflow.arrays import Arrays, Predictions
from challengeflow.contract.forms import Gold, Prediction


def perfect(gold: Path, prediction: Prediction, declared: Gold | None) -> Iterator[tuple[str, np.ndarray]]:
    """The gold itself, or what the challenge makes of it, in the first dtype of predictions."""
    answers = Predictions(gold)
    return ((sample, perfect_answer(prediction, declared, answers[sample])) for sample in answers)


def random(
    prepared: Path, seed: int, prediction: Prediction, known: Mapping[str, Any]
) -> Iterator[tuple[str, np.ndarray]]:
    """Uniform over the range, drawn anew for each sample from the seed and its id, so in any order the same.

    known: of `known_before`, whose least and greatest gold stand for the bounds that the range lacks.
    """
    shapes, dtype = Arrays(prepared), np.dtype(prediction.dtypes[0])
    low, high = (
        known[name] if end is None else end for name, end in zip(("low", "high"), prediction.range, strict=True)
    )
    for sample in shapes:
        digest = hashlib.sha256(f"{seed}/{sample}".encode()).digest()
        generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        shape = shapes.attributes(sample)["shape"]
        if dtype.kind == "f":
            yield sample, (low + (high - low) * generator.random(shape, np.float32)).astype(dtype)
        else:
            yield sample, generator.integers(int(low), int(high), size=shape, endpoint=True).astype(dtype)


def known_before(
    gold: Iterable[tuple[Path, frozenset[str]]], prediction: Prediction, declared: Gold | None
) -> dict[str, Any]:
    """What is known of the training gold before a sample is seen: its `mean`, or its most frequent value where values
    are counted; `low` and `high`, its ends, where the range of predictions lacks one.

    It is kept apart for each place along the axes that all samples share (classes, a horizon), and taken over the
    others and over samples. gold: folders, each with the samples in it that do not count. Without any, it is the middle
    of the range.
    """
    answers = (
        perfect_answer(prediction, declared, truth)
        for path, unseen in gold
        for sample, truth in Predictions(path).items()
        if sample not in unseen
    )
    counted = not prediction.dtypes[0].startswith("float")
    return (_most_frequent if counted else _mean)(answers, prediction)


def prior(prepared: Path, known: Mapping[str, Any], prediction: Prediction) -> Iterator[tuple[str, np.ndarray]]:
    """The constant of `known_before`, for all samples."""
    constant = np.array(known["mean"])
    shapes = Arrays(prepared)
    if constant.ndim:
        sizes, kept = iter(constant.shape), shared_axes(prediction)
        constant = constant.reshape([next(sizes) if axis in kept else 1 for axis in range(len(prediction.axes))])
    for sample in shapes:
        yield sample, np.broadcast_to(constant, shapes.attributes(sample)["shape"]).astype(prediction.dtypes[0])


def _mean(answers: Iterable[np.ndarray], prediction: Prediction) -> dict[str, Any]:
    total, count, ends = np.zeros(()), 0, [np.inf, -np.inf]
    for answer in answers:
        scores = np.asarray(answer, np.float64)
        over = _others(scores, prediction)
        total = total + scores.sum(axis=over)
        count += int(np.prod([scores.shape[axis] for axis in over]))
        if scores.size:
            ends = [min(ends[0], float(scores.min())), max(ends[1], float(scores.max()))]
    low, high = (0.0, 1.0) if ends[0] > ends[1] else ends
    mean = total / count if count else np.float64(_middle(prediction, low, high))
    bounds = {"low": low, "high": high} if None in prediction.range else {}
    return {"mean": mean.tolist()} | bounds


def _most_frequent(answers: Iterable[np.ndarray], prediction: Prediction) -> dict[str, Any]:
    tally: dict[Any, Any] = defaultdict(lambda: np.zeros(()))
    for answer in answers:
        for value in np.unique(answer):
            tally[value.item()] = tally[value.item()] + (answer == value).sum(axis=_others(answer, prediction))
    values = sorted(tally)
    low, high = (values[0], values[-1]) if values else (0, 0)
    counts = np.array(np.broadcast_arrays(*(tally[value] for value in values))) if values else None
    most = np.array(values)[counts.argmax(axis=0)] if counts is not None else np.int64(_middle(prediction, low, high))
    bounds = {"low": low, "high": high} if None in prediction.range else {}
    return {"mean": most.tolist()} | bounds


def _others(answer: np.ndarray, prediction: Prediction) -> tuple[int, ...]:
    """The axes to take a mean over: those that vary, all of an answer on other axes."""
    kept = shared_axes(prediction) if answer.ndim == len(prediction.axes) else []
    return tuple(axis for axis in range(answer.ndim) if axis not in kept)


def _middle(prediction: Prediction, low: float, high: float) -> float:
    ends = [end if bound is None else bound for bound, end in zip(prediction.range, (low, high), strict=True)]
    return sum(ends) / 2
