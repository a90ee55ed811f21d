"""From scores to answers: smoothing in time, class weights, and the most likely path of behaviours (Viterbi).

A *decision* is a dictionary that JSON holds: `smoothing` (seconds), `weights` (one a class), and `path`: None, or
`transition` (log probability of each behaviour after each, a frame on) and `trust` (how much a frame counts:
neighbouring frames say nearly the same, so each is worth far less than one observation).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TINY = 1e-4

Decision = Mapping[str, Any]


def plain_decision(classes: int) -> dict[str, Any]:
    """The class with the highest score, frame by frame."""
    return {"smoothing": 0.0, "weights": [1.0] * classes, "path": None}


def decode(scores: np.ndarray, decision: Decision, fps: float) -> np.ndarray:
    """Scores (T, C) -> class numbers (T,) int16; the first class wins a tie."""
    if not len(scores):
        return np.zeros(0, np.int16)
    weights = np.asarray(decision["weights"])
    evidence = smooth(scores, decision["smoothing"], fps) * weights
    if decision["path"] is None:
        return evidence.argmax(axis=1).astype(np.int16)
    trust = decision["path"]["trust"]
    return best_paths([trust * np.log(evidence + TINY)], np.asarray(decision["path"]["transition"]))[0]


def smooth(scores: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    """Centred moving average over `seconds` (an odd number of frames), cut off at the ends."""
    half = round(seconds * fps / 2)
    if half < 1:
        return scores.astype(np.float64)
    sums = np.zeros((len(scores) + 1, scores.shape[1]))
    np.cumsum(scores, axis=0, out=sums[1:])
    frames = np.arange(len(scores))
    first, last = np.maximum(frames - half, 0), np.minimum(frames + half + 1, len(scores))
    return (sums[last] - sums[first]) / (last - first)[:, None]


def transitions(labels: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Log probability of each class after each, one frame on, from sequences of labels; each pair counts once more."""
    counts = np.ones((classes, classes))
    for sequence in labels:
        known = (sequence[:-1] >= 0) & (sequence[1:] >= 0)
        np.add.at(counts, (sequence[:-1][known], sequence[1:][known]), 1)
    return np.log(counts / counts.sum(axis=1, keepdims=True))


def best_paths(evidence: Sequence[np.ndarray], transition: np.ndarray) -> list[np.ndarray]:
    """The likeliest class path of each sequence, all sequences at once (their lengths may differ).

    evidence: log scores (T, C) of each; transition: (C, C), from row to column. Returns int16 (T,) each.
    """
    lengths = np.array([len(values) for values in evidence])
    longest, classes = int(lengths.max()), len(transition)
    padded = np.zeros((longest, len(evidence), classes))
    for place, values in enumerate(evidence):
        padded[: len(values), place] = values
    into = np.ascontiguousarray(transition.T)
    came_from = np.empty((longest, len(evidence), classes), np.int8)
    value, final = padded[0], np.zeros((len(evidence), classes))
    ends = {int(length) - 1: lengths == length for length in np.unique(lengths)}
    for frame in range(longest):
        if frame:
            step = value[:, None, :] + into
            came_from[frame] = step.argmax(axis=2)
            value = step.max(axis=2) + padded[frame]
        if frame in ends:
            final[ends[frame]] = value[ends[frame]]
    return _trace_back(came_from, final.argmax(axis=1), lengths)


def _trace_back(came_from: np.ndarray, last: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    paths = np.zeros(came_from.shape[:2], np.int16)
    state, rows = last.copy(), np.arange(len(lengths))
    for frame in range(len(paths) - 1, -1, -1):
        paths[frame] = state
        inside = (frame < lengths) & (frame > 0)
        state = np.where(inside, came_from[frame, rows, state], state)
    return [paths[:length, place] for place, length in enumerate(lengths)]
