"""What a reader must know before trusting a score, as sentences: `detail["warnings"]` of scores.json."""

from collections.abc import Mapping, Sequence

import numpy as np

MOST = 10
"""Recordings that get a sentence of their own."""


def warnings(
    doubts: Mapping[str, Sequence[str]], counts: np.ndarray, names: Sequence[str], scored: Sequence[int]
) -> list[str]:
    """Sentences on scored classes that never occur and on doubtful recordings, those with most doubts first.

    doubts: recording -> what is doubtful about it; counts: the confusion matrix (C, C), row the truth.
    """
    found = [
        f"no frame is labelled {names[k]!r}: its F1 is 0 whatever is answered, and it stays in the mean; leave it "
        "out of the score parameter 'scored'"
        for k in scored
        if not counts[k].any()
    ]
    most = sorted(doubts, key=lambda name: -len(doubts[name]))
    found += [f"{name}: {'; '.join(doubts[name])}" for name in most[:MOST]]
    if len(most) > MOST:
        found.append(f"{len(most) - MOST} more recordings have doubtful tracks; 'quality' in scores.json lists all")
    return found
