"""Fitting the decision on labelled scores: a piece is kept only where its gain exceeds twice its standard error.

Options are compared on tracks thinned to about ten frames a second, which is a tenth of the work; what wins there must
win at the full rate too. Standard errors are jackknifed over sequences: a gain that one recording makes alone does not
carry over to the next. Twice the error is about where the 95 % interval of a gain leaves zero out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow_mabe_task1.scoring.decoding import decode_all, plain_decision, transitions
from challengeflow_mabe_task1.scoring.metric import confusion, f1
from challengeflow_mabe_task1.scoring.steps import labels_of_steps

RATE = 10.0
SMOOTHINGS = (0.5, 1.0, 2.0, 4.0, 6.0)
"""Seconds to try."""

TRUSTS = (3.0, 1.0, 0.3, 0.15, 0.07)
"""Trust a frame at the thinned rate."""

FACTORS = (0.5, 0.7, 0.85, 1.2, 1.4, 2.0)
STEPS = 6
"""Most changes of class weights."""

GAPS = (0.2, 0.5, 1.0, 2.0)
BOUTS = (0.2, 0.5, 1.0, 2.0)
"""Seconds to try."""

BLOCKS = 20
"""Most parts that the sequences are put in for the jackknife."""

LEAST_GAIN = 1e-3

DOUBT = 2.0
"""Standard errors that a gain must exceed."""

SAME_LENGTH = 0.01
"""Sessions are of one length where they differ from the middle one by no more than this share."""

COMPLYING = 0.9
"""Share of the recordings that must follow a rule of the protocol; a slip in one does not switch it off."""


@dataclass(frozen=True)
class Scored:
    """A labelled sequence: scores (T, C), labels (T,) with -1 for none, frames a second."""

    scores: np.ndarray
    labels: np.ndarray
    fps: float


def fit(sequences: Sequence[Scored], scored: Sequence[int]) -> dict[str, Any]:
    """The decision with the best macro F1 over `scored` classes on these sequences, its doubt considered."""
    decision = plain_decision(sequences[0].scores.shape[1])
    table = _tables(sequences, [decision])[0]
    if np.array_equal(table.sum(axis=0), np.diag(np.diag(table.sum(axis=0)))):
        return decision  # nothing is wrong, so nothing can gain
    step = max(1, round(sequences[0].fps / RATE))
    thinned = [_thin(sequence, step) for sequence in sequences]
    session = common_session(sequences)
    if session is not None:
        decision = _better(sequences, decision, [decision | {"session": session}], scored)
    path = _fit_path(thinned, decision, scored)
    transition = transitions([sequence.labels for sequence in sequences], len(decision["weights"]))
    path["path"] = {"transition": transition.round(4).tolist(), "trust": round(path["path"]["trust"] / step, 6)}
    decision = _better(sequences, decision, [_fit_smoothing(thinned, decision, scored), path], scored)
    decision = _better(sequences, decision, [decision | {"longest_gap": seconds} for seconds in GAPS], scored)
    return _better(sequences, decision, [decision | {"shortest_bout": seconds} for seconds in BOUTS], scored)


def common_session(sequences: Sequence[Scored]) -> dict[str, Any] | None:
    """The class that lies only before and after one stretch of nearly every recording, and the stretch's seconds.

    Many protocols score a test of a fixed time and leave the frames around it to one class. None where no class does
    so in `COMPLYING` of the recordings, or where there are fewer than three to tell by.
    """
    if len(sequences) < 3:
        return None
    for outside in range(sequences[0].scores.shape[1]):
        lengths = [seconds for one in sequences if (seconds := _inner_seconds(one, outside)) is not None]
        cut = any((one.labels == outside).any() for one in sequences)
        usual = float(np.median(lengths)) if lengths else 0.0
        complying = sum(abs(seconds - usual) <= SAME_LENGTH * usual for seconds in lengths)
        if cut and complying >= COMPLYING * len(sequences):
            return {"outside": outside, "seconds": round(usual, 4)}
    return None


def _inner_seconds(sequence: Scored, outside: int) -> float | None:
    """Seconds from the first to the last frame that is not of the class `outside`; None if that class lies between."""
    inner = np.flatnonzero((sequence.labels >= 0) & (sequence.labels != outside))
    if not len(inner) or (sequence.labels[inner[0] : inner[-1]] == outside).any():
        return None
    return (inner[-1] + 1 - inner[0]) / sequence.fps


def _better(sequences: Sequence[Scored], decision: dict, options: Sequence[dict], scored: Sequence[int]) -> dict:
    """The surest of `options`, or `decision` where none gains enough."""
    tables = _tables(sequences, [decision, *options])
    chosen = _choose(tables[0], tables[1:], scored)
    return decision if chosen is None else options[chosen]


def _choose(current: np.ndarray, options: np.ndarray, scored: Sequence[int]) -> int | None:
    """The option whose gain on `current` exceeds `DOUBT` standard errors by most, or None where none does.

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
    sure = gains - DOUBT * errors
    best = int(np.argmax(sure))
    return best if sure[best] > LEAST_GAIN else None


def _macro(tables: np.ndarray, scored: Sequence[int]) -> np.ndarray:
    return f1(tables)[..., list(scored)].mean(axis=-1)


def _tables(sequences: Sequence[Scored], decisions: Sequence[dict]) -> np.ndarray:
    """Confusion matrices (decisions, sequences, C, C). Decisions alike in kind are decoded together."""
    classes = sequences[0].scores.shape[1]
    kinds: dict[tuple[bool, bool], list[int]] = {}
    for place, decision in enumerate(decisions):
        kinds.setdefault((decision["session"] is None, decision["path"] is None), []).append(place)
    tables = np.empty((len(decisions), len(sequences), classes, classes), np.int64)
    for places in kinds.values():
        answers = decode_all(
            [one.scores for _ in places for one in sequences],
            [decisions[place] for place in places for _ in sequences],
            [one.fps for _ in places for one in sequences],
        )
        labels = [one.labels for _ in places for one in sequences]
        own = [confusion(truth, answer, classes) for truth, answer in zip(labels, answers, strict=True)]
        tables[places] = np.reshape(own, (len(places), len(sequences), classes, classes))
    return tables


def _thin(sequence: Scored, step: int) -> Scored:
    """Mean scores over blocks of `step` frames, and the label of each."""
    starts = np.arange(0, len(sequence.scores), step)
    if not len(starts):
        return sequence
    sizes = np.diff(np.append(starts, len(sequence.scores)))
    means = np.add.reduceat(sequence.scores.astype(np.float64), starts, axis=0) / sizes[:, None]
    labels = labels_of_steps(sequence.labels, starts, starts + sizes // 2)
    return Scored(means, labels, sequence.fps / step)


def _fit_smoothing(sequences: Sequence[Scored], decision: dict, scored: Sequence[int]) -> dict[str, Any]:
    options = [decision | {"smoothing": seconds} for seconds in SMOOTHINGS]
    return _fit_weights(sequences, _better(sequences, decision, options, scored), scored)


def _fit_path(sequences: Sequence[Scored], decision: dict, scored: Sequence[int]) -> dict[str, Any]:
    transition = transitions([one.labels for one in sequences], len(decision["weights"])).tolist()
    options = [decision | {"path": {"transition": transition, "trust": trust}} for trust in TRUSTS]
    level = _macro(_tables(sequences, options).sum(axis=1), scored)
    return _fit_weights(sequences, options[int(np.argmax(level))], scored)


def _fit_weights(sequences: Sequence[Scored], decision: dict, scored: Sequence[int]) -> dict[str, Any]:
    """Change the weight of one scored class at a time, the surest change first, while that gains.

    Weights of unscored classes stay 1: more freedom fits noise.
    """
    for _ in range(STEPS):
        options = []
        for place in scored:
            for factor in FACTORS:
                weights = list(decision["weights"])
                weights[place] = round(weights[place] * factor, 4)
                options.append(decision | {"weights": weights})
        better = _better(sequences, decision, options, scored)
        if better is decision:
            break
        decision = better
    return decision
