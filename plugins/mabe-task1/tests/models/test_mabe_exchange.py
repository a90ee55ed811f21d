"""Animals that may change places: the answer is the same for both orders of the two, and learnt from both."""

import numpy as np
import pytest

from challengeflow.arrays import Arrays, Predictions, Writer
from challengeflow_mabe_task1.models import declarations

TINY = {"rate": 10, "channels": 8, "layers": 2, "epochs": 4, "crop": 32, "batch": 4, "parts": 1}
SMALL = {"rows": 600, "parts": 2, "iterations": 5, "windows": [0.5, 2]}


@pytest.mark.parametrize(
    ("model", "settings"),
    [(declarations.POSE_BOOSTING, SMALL), (declarations.TEMPORAL_CONV, TINY), (declarations.TEMPORAL_GRU, TINY)],
    ids=["boosting", "conv", "gru"],
)
def test_animals_that_may_change_places_are_answered_alike(clip_stages, tmp_path, model, settings):
    if model is not declarations.POSE_BOOSTING:
        pytest.importorskip("torch")
    answers = {}
    for exchange in (False, True):
        made = clip_stages(f"exchange-{exchange}", model)
        shard = made.shards[0]
        trained = made.train(0, **settings, exchange=exchange)
        for order in (1, -1):
            answers[exchange, order] = _answers(made, shard, trained, tmp_path / f"{exchange}{order}", order)
    for name, scores in answers[True, 1].items():
        np.testing.assert_allclose(answers[True, -1][name], scores, atol=1e-4)
        assert np.abs(answers[False, -1][name] - answers[False, 1][name]).max() > 0.01


def _answers(made, shard, trained, folder, order):
    """Answers to the shard with its animals in this order."""
    kept = {name: (Arrays(shard.prepared).attributes(name), arrays["keypoints"].copy()) for name, arrays in _all(shard)}
    with Writer(shard.prepared) as out:
        for name, (facts, points) in kept.items():
            out.add(name, facts, keypoints=points[:, ::order])
    made.predict(shard, [trained], folder)
    with Writer(shard.prepared) as out:
        for name, (facts, points) in kept.items():
            out.add(name, facts, keypoints=points)
    return {name: scores.copy() for name, scores in Predictions(folder).items()}


def _all(shard):
    read = Arrays(shard.prepared)
    return [(name, read[name]) for name in read]
