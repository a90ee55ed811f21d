"""The built-in model `ensemble`: other variants' predictions, merged as the challenge declares."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from challengeflow.answers import merge
from challengeflow.arrays import Predictions
from challengeflow.contract.forms import Prediction


def merged(
    members: Sequence[Path], weights: Sequence[float], prediction: Prediction
) -> Iterator[tuple[str, np.ndarray]]:
    """Merge the predictions of one shard by several members; a mean is in the first one's dtype."""
    predictions = [Predictions(folder) for folder in members]
    for sample in predictions[0]:
        yield sample, merge(prediction, [member[sample] for member in predictions], weights)
