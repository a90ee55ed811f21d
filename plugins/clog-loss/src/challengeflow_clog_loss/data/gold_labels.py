"""The gold of a shard: whether each video is stalled and, apart from that, what its label rests on.

`tier1` (judged by experts) and `crowd_score` hint at the label, so they are gold: models may weigh and choose training
videos by them, the score reports tier-1 videos apart, and neither is ever an input of a model.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import Sample
from challengeflow.arrays import Arrays, Writer


def write_gold(folder: Path, labels: Path, samples: Sequence[Sample]) -> None:
    """Write the gold of `samples` after the index's table of labels: 0 or 1 as float32 (1,), and its attributes."""
    wanted = {sample.id for sample in samples}
    with open(labels, newline="") as file:
        rows = {row["sample"]: row for row in csv.DictReader(file) if row["sample"] in wanted}
    with Writer(folder) as out:
        for sample in samples:
            row = rows[sample.id]
            out.add(sample.id, _attributes(row), scores=np.array([int(row["stalled"])], np.float32))


def _attributes(row: Mapping[str, str]) -> dict[str, Any]:
    """tier1 and crowd_score where the competition tells them: it does not of test videos."""
    if row["tier1"] not in ("True", "False"):
        return {}
    return {"tier1": row["tier1"] == "True", "crowd_score": float(row["crowd_score"])}


def read_gold(folder: Path | None, samples: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Of each video whether it is stalled and whether experts judged it (taken for granted if not told), bool (n,)."""
    gold = Arrays(folder)
    stalled = np.array([gold[sample]["scores"].reshape(-1)[0] > 0.5 for sample in samples], bool)
    return stalled, np.array([gold.attributes(sample).get("tier1", True) for sample in samples], bool)
