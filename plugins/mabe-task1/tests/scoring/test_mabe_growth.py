"""Ten times the frames take about ten times as long, however the answers flicker: never a hundred times."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from challengeflow_mabe_task1.scoring.bout_metric import count_bouts
from challengeflow_mabe_task1.scoring.decoding import drop_short_bouts

FRAMES = 2_000


def seconds(work: Callable[[], object]) -> float:
    """CPU time of the quickest of twenty rounds: other processes disturb the others."""
    rounds = []
    for _ in range(20):
        started = time.process_time()
        work()
        rounds.append(time.process_time() - started)
    return min(rounds)


def noise(frames: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4, frames).astype(np.int16)


@pytest.mark.parametrize(
    "work",
    [lambda labels: drop_short_bouts(labels, 30), lambda labels: count_bouts(labels, np.roll(labels, 1), 4)],
    ids=["drop_short_bouts", "count_bouts"],
)
def test_ten_times_the_frames_take_at_most_fifteen_times_as_long(work):
    small, large = noise(FRAMES), noise(10 * FRAMES)
    times = min(seconds(lambda: work(large)) / seconds(lambda: work(small)) for _ in range(3))
    assert times < 15


def test_short_bouts_go_as_they_always_did():
    """The rule in its plainest form, on random labels: the first of the shortest runs goes to the longer one beside
    it."""

    def plainly(labels: np.ndarray, shortest: int) -> list[int]:
        found = [[int(label), 1] for label in labels]
        found = _joined(found)
        while len(found) > 1 and min(run[1] for run in found) < shortest:
            place = min(range(len(found)), key=lambda k: found[k][1])
            beside = [k for k in (place - 1, place + 1) if 0 <= k < len(found)]
            found[place][0] = found[max(beside, key=lambda k: found[k][1])][0]
            found = _joined(found)
        return [label for label, length in found for _ in range(length)]

    random = np.random.default_rng(1)
    for _ in range(300):
        labels = random.integers(0, 3, random.integers(1, 40)).astype(np.int16)
        shortest = int(random.integers(0, 7))
        assert drop_short_bouts(labels, shortest).tolist() == plainly(labels, shortest)


def _joined(found: list[list[int]]) -> list[list[int]]:
    joined: list[list[int]] = []
    for label, length in found:
        if joined and joined[-1][0] == label:
            joined[-1][1] += length
        else:
            joined.append([label, length])
    return joined
