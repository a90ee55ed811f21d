"""Fitting the decision on labelled scores: every piece is kept only where it gains macro F1, the simpler one in a tie.

Options are compared on tracks thinned to about ten frames a second, which is a tenth of the work; what wins there must
win at the full rate too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow_mabe_task1.decoding import TINY, best_paths, decode, plain_decision, smooth, transitions
from challengeflow_mabe_task1.metric import confusion, macro_f1

RATE = 10.0
SMOOTHINGS = (0.0, 0.5, 1.0, 2.0, 4.0, 6.0)
"""Seconds to try."""

TRUSTS = (3.0, 1.0, 0.3, 0.15, 0.07)
"""Trust a frame at the thinned rate."""

FACTORS = (0.5, 0.7, 0.85, 1.2, 1.4, 2.0)
ROUNDS = 2
GAIN = 1e-3
"""What a piece must add to be kept: less is noise."""


@dataclass(frozen=True)
class Scored:
    """A labelled sequence: scores (T, C), labels (T,) with -1 for none, frames a second."""

    scores: np.ndarray
    labels: np.ndarray
    fps: float


def fit(sequences: Sequence[Scored], scored: Sequence[int]) -> dict[str, Any]:
    """The decision with the best macro F1 over `scored` classes on these sequences."""
    classes = sequences[0].scores.shape[1]
    decision = plain_decision(classes)
    best = full_value(sequences, decision, scored)
    if best == 1.0:
        return decision
    step = max(1, round(sequences[0].fps / RATE))
    thinned = [_thin(sequence, step) for sequence in sequences]
    transition = transitions([sequence.labels for sequence in sequences], classes).round(4).tolist()
    for candidate in (_fit_smoothing(thinned, scored), _fit_path(thinned, scored, step, transition)):
        value = full_value(sequences, candidate, scored)
        if value > best + GAIN:
            best, decision = value, candidate
    return decision


def full_value(sequences: Sequence[Scored], decision: dict, scored: Sequence[int]) -> float:
    """Macro F1 of `decision` on every labelled frame."""
    classes = sequences[0].scores.shape[1]
    counts = [confusion(one.labels, decode(one.scores, decision, one.fps), classes) for one in sequences]
    return macro_f1(np.sum(counts, axis=0), scored)


def _thin(sequence: Scored, step: int) -> Scored:
    """Mean scores over blocks of `step` frames, and the label of the frame in the middle of each."""
    starts = np.arange(0, len(sequence.scores), step)
    if not len(starts):
        return sequence
    sizes = np.diff(np.append(starts, len(sequence.scores)))
    means = np.add.reduceat(sequence.scores.astype(np.float64), starts, axis=0) / sizes[:, None]
    return Scored(means, sequence.labels[starts + sizes // 2], sequence.fps / step)


def _fit_smoothing(sequences: Sequence[Scored], scored: Sequence[int]) -> dict[str, Any]:
    labels = np.concatenate([one.labels for one in sequences])
    found, best, options = None, -1.0, {}
    for seconds in SMOOTHINGS:
        options[seconds] = np.concatenate([smooth(one.scores, seconds, one.fps) for one in sequences])
        value = _argmax_value(options[seconds], labels, scored)
        if value > best + GAIN:
            found, best = seconds, value
    smoothed = options[found]
    weights = _fit_weights(
        lambda trials: [_argmax_value(smoothed * weights, labels, scored) for weights in trials],
        smoothed.shape[1],
        best,
    )
    return {"smoothing": found, "weights": weights, "path": None}


def _argmax_value(scores: np.ndarray, labels: np.ndarray, scored: Sequence[int]) -> float:
    return macro_f1(confusion(labels, scores.argmax(axis=1), scores.shape[1]), scored)


def _fit_path(sequences: Sequence[Scored], scored: Sequence[int], step: int, transition: list) -> dict[str, Any]:
    classes = sequences[0].scores.shape[1]
    thinned_transition = transitions([one.labels for one in sequences], classes)

    def values(trials: Sequence[tuple[float, np.ndarray]]) -> list[float]:
        """Macro F1 of each trial of trust and weights; all trials and all sequences go through Viterbi together."""
        evidence = [trust * np.log(one.scores * weights + TINY) for trust, weights in trials for one in sequences]
        paths = best_paths(evidence, thinned_transition)
        counts = [
            confusion(one.labels, path, classes) for one, path in zip(list(sequences) * len(trials), paths, strict=True)
        ]
        return [
            macro_f1(table, scored) for table in np.reshape(counts, (len(trials), -1, classes, classes)).sum(axis=1)
        ]

    level = values([(trust, np.ones(classes)) for trust in TRUSTS])
    trust = TRUSTS[int(np.argmax(level))]
    weights = _fit_weights(lambda trials: values([(trust, each) for each in trials]), classes, max(level))
    return {
        "smoothing": 0.0,
        "weights": weights,
        "path": {"transition": transition, "trust": round(trust / step, 6)},
    }


def _fit_weights(values, classes: int, best: float) -> list[float]:
    """Change one class at a time, the best change first, while that gains. `values`: trials -> macro F1."""
    weights = np.ones(classes)
    for _ in range(ROUNDS * (classes - 1)):
        trials = [np.where(np.arange(classes) == c, weights * f, weights) for c in range(classes) for f in FACTORS]
        level = values(trials)
        if max(level) <= best + GAIN:
            break
        weights, best = trials[int(np.argmax(level))], max(level)
    return [round(float(weight), 4) for weight in weights]
