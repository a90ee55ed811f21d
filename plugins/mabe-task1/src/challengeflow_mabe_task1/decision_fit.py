"""Fitting the decision on labelled scores: a piece is kept only where its gain in macro F1 exceeds its standard error.

Options are compared on tracks thinned to about ten frames a second, which is a tenth of the work; what wins there must
win at the full rate too. Standard errors are jackknifed over sequences: a gain that one recording makes alone does not
carry over to the next.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow_mabe_task1.decoding import TINY, best_paths, decode, plain_decision, smooth, transitions
from challengeflow_mabe_task1.metric import confusion, f1

RATE = 10.0
SMOOTHINGS = (0.5, 1.0, 2.0, 4.0, 6.0)
"""Seconds to try."""

TRUSTS = (3.0, 1.0, 0.3, 0.15, 0.07)
"""Trust a frame at the thinned rate."""

FACTORS = (0.5, 0.7, 0.85, 1.2, 1.4, 2.0)
STEPS = 6
"""Most changes of class weights."""

BLOCKS = 20
"""Most parts that the sequences are put in for the jackknife."""

LEAST_GAIN = 1e-3


@dataclass(frozen=True)
class Scored:
    """A labelled sequence: scores (T, C), labels (T,) with -1 for none, frames a second."""

    scores: np.ndarray
    labels: np.ndarray
    fps: float


def fit(sequences: Sequence[Scored], scored: Sequence[int]) -> dict[str, Any]:
    """The decision with the best macro F1 over `scored` classes on these sequences, one standard error considered."""
    classes = sequences[0].scores.shape[1]
    decision = plain_decision(classes)
    table = _full_table(sequences, decision)
    if np.array_equal(table.sum(axis=0), np.diag(np.diag(table.sum(axis=0)))):
        return decision  # nothing is wrong, so nothing can gain
    step = max(1, round(sequences[0].fps / RATE))
    thinned = [_thin(sequence, step) for sequence in sequences]
    transition = transitions([sequence.labels for sequence in sequences], classes).round(4).tolist()
    candidates = [_fit_smoothing(thinned, scored), _fit_path(thinned, scored, step, transition)]
    chosen = _choose(table, np.stack([_full_table(sequences, each) for each in candidates]), scored)
    return decision if chosen is None else candidates[chosen]


def _choose(current: np.ndarray, options: np.ndarray, scored: Sequence[int]) -> int | None:
    """The option whose gain on `current` exceeds its standard error by most, or None where none does.

    current: confusion matrices (sequences, C, C); options: (options, sequences, C, C).
    """
    gains = _macro(options.sum(axis=1), scored) - _macro(current.sum(axis=0), scored)
    blocks = np.arange(len(current)) % min(BLOCKS, len(current))
    left_out = []
    for block in range(blocks.max() + 1):
        rest = blocks != block
        if rest.any():
            left_out.append(_macro(options[:, rest].sum(axis=1), scored) - _macro(current[rest].sum(axis=0), scored))
    errors = np.sqrt((len(left_out) - 1) * np.var(left_out, axis=0)) if left_out else np.zeros(len(gains))
    sure = gains - errors
    best = int(np.argmax(sure))
    return best if sure[best] > LEAST_GAIN else None


def _macro(tables: np.ndarray, scored: Sequence[int]) -> np.ndarray:
    return f1(tables)[..., list(scored)].mean(axis=-1)


def _full_table(sequences: Sequence[Scored], decision: dict) -> np.ndarray:
    """Confusion matrices (sequences, C, C) on every labelled frame."""
    classes = sequences[0].scores.shape[1]
    return np.stack([confusion(one.labels, decode(one.scores, decision, one.fps), classes) for one in sequences])


def _thin(sequence: Scored, step: int) -> Scored:
    """Mean scores over blocks of `step` frames, and the label of the frame in the middle of each."""
    starts = np.arange(0, len(sequence.scores), step)
    if not len(starts):
        return sequence
    sizes = np.diff(np.append(starts, len(sequence.scores)))
    means = np.add.reduceat(sequence.scores.astype(np.float64), starts, axis=0) / sizes[:, None]
    return Scored(means, sequence.labels[starts + sizes // 2], sequence.fps / step)


def _fit_smoothing(sequences: Sequence[Scored], scored: Sequence[int]) -> dict[str, Any]:
    plain = [one.scores for one in sequences]
    smoothed = [[smooth(one.scores, seconds, one.fps) for one in sequences] for seconds in SMOOTHINGS]
    table = _argmax_table(sequences, plain)
    tables = np.stack([_argmax_table(sequences, each) for each in smoothed])
    chosen = _choose(table, tables, scored)
    seconds, scores = (0.0, plain) if chosen is None else (SMOOTHINGS[chosen], smoothed[chosen])

    def tabulate(trials: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([_argmax_table(sequences, [each * weights for each in scores]) for weights in trials])

    return {"smoothing": seconds, "weights": _fit_weights(tabulate, scores[0].shape[1], scored), "path": None}


def _argmax_table(sequences: Sequence[Scored], scores: Sequence[np.ndarray]) -> np.ndarray:
    pairs = zip(sequences, scores, strict=True)
    return np.stack([confusion(one.labels, each.argmax(axis=1), each.shape[1]) for one, each in pairs])


def _fit_path(sequences: Sequence[Scored], scored: Sequence[int], step: int, transition: list) -> dict[str, Any]:
    classes = sequences[0].scores.shape[1]
    thinned_transition = transitions([one.labels for one in sequences], classes)

    def tabulate(trials: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
        """Confusion matrices (trials, sequences, C, C); all trials and sequences go through Viterbi together."""
        evidence = [trust * np.log(one.scores * weights + TINY) for trust, weights in trials for one in sequences]
        labels = [one.labels for one in sequences] * len(trials)
        paths = best_paths(evidence, thinned_transition)
        tables = [confusion(truth, path, classes) for truth, path in zip(labels, paths, strict=True)]
        return np.reshape(tables, (len(trials), len(sequences), classes, classes))

    level = _macro(tabulate([(trust, np.ones(classes)) for trust in TRUSTS]).sum(axis=1), scored)
    trust = TRUSTS[int(np.argmax(level))]
    weights = _fit_weights(lambda trials: tabulate([(trust, each) for each in trials]), classes, scored)
    path = {"transition": transition, "trust": round(trust / step, 6)}
    return {"smoothing": 0.0, "weights": weights, "path": path}


def _fit_weights(
    tabulate: Callable[[Sequence[np.ndarray]], np.ndarray], classes: int, scored: Sequence[int]
) -> list[float]:
    """Change one scored class at a time, the surest change first, while that gains.

    tabulate: trials -> confusion matrices. Weights of unscored classes stay 1: more freedom fits noise.
    """
    weights = np.ones(classes)
    current = tabulate([weights])[0]
    for _ in range(STEPS):
        trials = [np.where(np.arange(classes) == c, weights * f, weights) for c in scored for f in FACTORS]
        tables = tabulate(trials)
        chosen = _choose(current, tables, scored)
        if chosen is None:
            break
        weights, current = trials[chosen], tables[chosen]
    return [round(float(weight), 4) for weight in weights]
