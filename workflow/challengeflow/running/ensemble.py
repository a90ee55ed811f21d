"""The built-in model `ensemble`: the weighted mean of other variants' predictions."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from challengeflow.arrays import Predictions


def average(members: Sequence[Path], weights: Sequence[float]) -> Iterator[tuple[str, np.ndarray]]:
    """Average the predictions of one shard by several members, in the first one's dtype."""
    predictions = [Predictions(folder) for folder in members]
    for sample in predictions[0]:
        scores = [np.asarray(member[sample], np.float32) for member in predictions]
        yield sample, np.average(scores, axis=0, weights=weights).astype(predictions[0][sample].dtype)
