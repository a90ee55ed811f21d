"""Accuracy at a threshold of one half."""

import numpy as np

from challengeflow.arrays import Predictions
from challengeflow.scoring import bootstrap, write_json


def score(job):
    """The decision is fixed, so nothing needs cross-fitting."""
    result = {}
    for split in dict.fromkeys(shard.split for shard in job.shards):
        right, groups = [], []
        for shard in (s for s in job.shards if s.split == split):
            gold, predicted = Predictions(shard.gold), Predictions(shard.predictions)
            right += [(predicted[s] > 0.5) == (gold[s] > 0.5) for s in gold]
            groups += [sample.group for sample in shard.samples]
        right = np.array(right, float)
        result[split] = {"score": right.mean(), "detail": {"samples": len(right)}}
        result[split] |= bootstrap(groups, lambda drawn, right=right: right[drawn].mean())
    write_json(job.scores, result)
    write_json(job.decision, {"threshold": 0.5})
