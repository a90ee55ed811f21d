"""From scores to answers: smoothing in time, class weights, the likeliest path, the session, and bouts made whole.

A *decision* is a dictionary that JSON holds, applied in this order:
`smoothing` (seconds of a moving average); `weights` (one a class); `session`: None, or `outside` (a class number) and
`seconds` (the length of the one stretch of a recording that is not of that class); `path`: None, or `transition` (log
probability of each behaviour after each, a frame on) and `trust` (how much a frame counts: neighbouring frames say
nearly the same, so each is worth far less than one observation); `longest_gap` (seconds of another class inside a bout
to bridge) and `shortest_bout` (seconds below which a bout goes to its longer neighbour).
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TINY = 1e-4

Decision = Mapping[str, Any]


def plain_decision(classes: int) -> dict[str, Any]:
    """The class with the highest score, frame by frame."""
    return {
        "smoothing": 0.0,
        "weights": [1.0] * classes,
        "session": None,
        "path": None,
        "longest_gap": 0.0,
        "shortest_bout": 0.0,
    }


def decode(scores: np.ndarray, decision: Decision, fps: float) -> np.ndarray:
    """Scores (T, C) -> class numbers (T,) int16; the first class wins a tie."""
    return decode_all([scores], [decision], [fps])[0]


def decode_all(scores: Sequence[np.ndarray], decisions: Sequence[Decision], fps: Sequence[float]) -> list[np.ndarray]:
    """`decode` of many sequences, each by a decision of its own; much faster where there are paths to find.

    All decisions must agree in `outside`, and in whether there is a path and in its transitions.
    """
    session, path = decisions[0]["session"], decisions[0]["path"]
    classes = np.arange(len(decisions[0]["weights"]))
    if session is not None:
        classes = np.delete(classes, session["outside"])
    stretches, evidence = [], []
    for one, decision, rate in zip(scores, decisions, fps, strict=True):
        smoothed = smooth(one, decision["smoothing"], rate)
        stretches.append(_session(smoothed, decision["session"], rate))
        own = (smoothed * np.asarray(decision["weights"]))[stretches[-1]][:, classes]
        evidence.append(own if path is None else decision["path"]["trust"] * np.log(own + TINY))
    if path is None:
        likeliest = [one.argmax(axis=1) for one in evidence]
    else:
        likeliest = best_paths(evidence, np.asarray(path["transition"])[np.ix_(classes, classes)])
    answers = []
    for one, stretch, places, decision, rate in zip(scores, stretches, likeliest, decisions, fps, strict=True):
        answer = np.full(len(one), 0 if session is None else session["outside"], np.int16)
        answer[stretch] = classes[places]
        answer = bridge_gaps(answer, round(decision["longest_gap"] * rate))
        answers.append(drop_short_bouts(answer, round(decision["shortest_bout"] * rate)))
    return answers


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


def find_session(outside: np.ndarray, frames: int) -> slice:
    """The stretch of `frames` frames that is most likely inside, given the score (T,) of being outside at each frame.

    The log likelihood of a start is a sum over the frames inside and outside, so the best one falls out of one
    cumulative sum. A shorter recording is all inside.
    """
    if len(outside) <= frames:
        return slice(0, len(outside))
    clipped = np.clip(outside, TINY, 1 - TINY)
    odds = np.append(0, np.cumsum(np.log(clipped) - np.log(1 - clipped)))
    start = int(np.argmin(odds[frames:] - odds[: len(odds) - frames]))
    return slice(start, start + frames)


def bridge_gaps(labels: np.ndarray, longest: int) -> np.ndarray:
    """Give a run of at most `longest` frames between two runs of one class to that class, from the start on."""
    starts, stops = runs(labels)
    result = labels.copy()
    for place in range(1, len(starts) - 1):
        before = result[starts[place] - 1]
        if stops[place] - starts[place] <= longest and before == labels[stops[place]]:
            result[starts[place] : stops[place]] = before
    return result


def drop_short_bouts(labels: np.ndarray, shortest: int) -> np.ndarray:
    """Give each run of fewer than `shortest` frames to the longer of the runs beside it, the shortest run first.

    A heap gives the shortest run, and a list of neighbours those beside it: N log N for N runs.
    """
    starts, stops = runs(labels)
    lengths, classes, total = (stops - starts).tolist(), labels[starts].tolist(), len(starts)
    before, after = list(range(-1, total - 1)), list(range(1, total + 1))  # -1 and `total`: there is none
    waiting = [(length, place) for place, length in enumerate(lengths) if length < shortest]
    heapq.heapify(waiting)
    whole = sum(lengths)

    def merge(left: int, right: int) -> None:
        lengths[left] += lengths[right]
        lengths[right] = 0
        after[left] = after[right]
        if after[right] < total:
            before[after[right]] = left

    while waiting:
        length, place = heapq.heappop(waiting)
        if lengths[place] != length or length == whole:  # it has been merged since, or is all there is
            continue
        beside = [other for other in (before[place], after[place]) if 0 <= other < total]
        classes[place] = classes[max(beside, key=lengths.__getitem__)]
        left, right = before[place], after[place]
        if right < total and classes[right] == classes[place]:  # what is of one class now is one run
            merge(place, right)
        if left >= 0 and classes[left] == classes[place]:
            merge(left, place)
            place = left
        if lengths[place] < shortest:
            heapq.heappush(waiting, (lengths[place], place))
    return np.repeat(np.array(classes, labels.dtype), lengths)


def runs(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First frame of each run of one class, and the frame after its last."""
    if not len(labels):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.append(0, np.flatnonzero(np.diff(labels)) + 1)
    return starts, np.append(starts[1:], len(labels))


def transitions(labels: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Log probability of each class after each, one frame on, from sequences of labels; each pair counts once more."""
    counts = np.ones((classes, classes))
    for sequence in labels:
        known = (sequence[:-1] >= 0) & (sequence[1:] >= 0)
        np.add.at(counts, (sequence[:-1][known], sequence[1:][known]), 1)
    return np.log(counts / counts.sum(axis=1, keepdims=True))


def best_paths(evidence: Sequence[np.ndarray], transition: np.ndarray) -> list[np.ndarray]:
    """The likeliest class path of each sequence (Viterbi), all sequences at once (their lengths may differ).

    evidence: log scores (T, C) of each; transition: (C, C), from row to column. Returns int16 (T,) each.
    """
    lengths = np.array([len(values) for values in evidence])
    longest, classes = int(lengths.max()), len(transition)
    if not longest:
        return [np.zeros(0, np.int16) for _ in evidence]
    padded = np.zeros((longest, len(evidence), classes))
    for place, values in enumerate(evidence):
        padded[: len(values), place] = values
    # What varies fastest in memory is the class that a path comes from last of all: columns of sequences are added at
    # once.
    steps = transition[:, :, None]
    came_from = np.empty((longest, classes, len(evidence)), np.int8)
    value, final = padded[0].T, np.zeros((classes, len(evidence)))
    ends = {int(length) - 1: lengths == length for length in np.unique(lengths)}
    for frame in range(longest):
        if frame:
            step = value[:, None, :] + steps
            came_from[frame] = step.argmax(axis=0)
            value = step.max(axis=0) + padded[frame].T
        if frame in ends:
            final[:, ends[frame]] = value[:, ends[frame]]
    return _trace_back(came_from, final.argmax(axis=0), lengths)


def _session(scores: np.ndarray, session: Mapping[str, Any] | None, fps: float) -> slice:
    if session is None:
        return slice(0, len(scores))
    return find_session(scores[:, session["outside"]], round(session["seconds"] * fps))


def _trace_back(came_from: np.ndarray, last: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    paths = np.zeros((len(came_from), len(lengths)), np.int16)
    state, columns = last.copy(), np.arange(len(lengths))
    for frame in range(len(paths) - 1, -1, -1):
        paths[frame] = state
        inside = (frame < lengths) & (frame > 0)
        state = np.where(inside, came_from[frame, state, columns], state)
    return [paths[:length, place] for place, length in enumerate(lengths)]
