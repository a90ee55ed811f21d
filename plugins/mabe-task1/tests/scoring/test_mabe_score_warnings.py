"""What a reader is told before the score: classes that never occur, and recordings in doubt."""

import numpy as np

from challengeflow_mabe_task1.scoring.score_warnings import MOST, warnings

NAMES = ("fight", "sniff", "other")


def test_a_scored_class_without_a_frame_is_told():
    counts = np.array([[0, 0, 0], [3, 5, 1], [0, 2, 9]])
    (told,) = warnings({}, counts, NAMES, [0, 1])
    assert told.startswith("no frame is labelled 'fight'")
    assert warnings({}, counts, NAMES, [1]) == []


def test_the_most_doubtful_recordings_are_told_first_and_the_rest_counted():
    doubts = {f"m{k}": ["jumps"] for k in range(MOST + 2)} | {"worst": ["jumps", "is lost"]}
    told = warnings(doubts, np.eye(3, dtype=int), NAMES, [0, 1])
    assert told[0] == "worst: jumps; is lost" and len(told) == MOST + 1
    assert told[-1].startswith("3 more recordings")
