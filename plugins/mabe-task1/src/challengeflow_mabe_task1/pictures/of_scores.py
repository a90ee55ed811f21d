"""Pictures of scored data. They need gold, so they are neither made by predict nor packaged, but by a rule of their own.

    snakemake mabe-task1_pictures

draws RESULTS/mabe-task1/DATASET/MODEL/pictures/ for every score of the config. By hand, for one of them:

    python -m challengeflow_mabe_task1.pictures.of_scores RESULTS DATASET MODEL CONFIG OUTPUT

CONFIG: the dataset's part of the resolved config, as JSON; the rule passes it.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import Shard
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1 import evaluate
from challengeflow_mabe_task1.answered import file_names
from challengeflow_mabe_task1.metric import confusion as count
from challengeflow_mabe_task1.metric import macro_f1
from challengeflow_mabe_task1.pictures import bouts, confusion, ethogram
from challengeflow_mabe_task1.scored_shards import scored_shards

MOST_ETHOGRAMS = 40
"""Sequences drawn of each split, the worst first."""

WORST, WORST_OF_ONE = 8, 2
"""Mistakes drawn of each split, and at most of one sequence."""


def draw(results: Path, dataset: str, model: str, config: Mapping[str, Any], output: Path) -> None:
    """Draw ethograms with truth, the confusion matrix and the worst mistakes of each scored split into `output`."""
    shards = scored_shards(results, dataset, model, config)
    names = evaluate.vocabulary_of(shards)
    parameters = config["parameters"]["score"]
    scored = evaluate.scored_classes(names, parameters["scored"])
    decision = json.loads((results / "mabe-task1" / dataset / model / "decision.json").read_text())
    for split in config["gold"]:
        sequences = evaluate.tracks(shards, split)
        cross = split == "train" and parameters["smoothing"]
        answers = evaluate.cross_fitted(sequences, scored) if cross else evaluate.answers(sequences, decision)
        folder = output / split
        folder.mkdir(parents=True)
        tables = [count(one.scored.labels, answer, len(names)) for one, answer in zip(sequences, answers, strict=True)]
        total = np.sum(tables, axis=0)
        title = f"{dataset}, {split}, {model}: macro F1 {macro_f1(total, scored):.3f}"
        confusion.draw(folder / "confusion.png", title, names, total)
        _draw_ethograms(folder, sequences, answers, tables, names, scored)
        _draw_worst(folder / "worst-bouts.png", sequences, answers, names, scored, shards)


def _draw_ethograms(folder: Path, sequences: Sequence, answers: Sequence, tables: Sequence, names, scored) -> None:
    present = [[k for k in scored if table[k].any() or table[:, k].any()] for table in tables]
    each = [macro_f1(table, own) if own else 1.0 for table, own in zip(tables, present, strict=True)]
    files = file_names(one.id for one in sequences)
    for place in np.argsort(each, kind="stable")[:MOST_ETHOGRAMS]:
        one = sequences[place].scored
        path = folder / f"ethogram-{files[sequences[place].id]}.png"
        title = f"{sequences[place].id}: macro F1 {each[place]:.3f}"
        ethogram.draw(path, title, names, one.fps, one.scores, answers[place], one.labels)


def _draw_worst(path: Path, sequences: Sequence, answers: Sequence, names, scored, shards: Sequence[Shard]) -> None:
    wrong = [
        (mistake, one.scored.fps)
        for one, answer in zip(sequences, answers, strict=True)
        for mistake in bouts.mistakes(one.id, one.scored.labels, answer, scored)
    ]
    shown, of_one = [], Counter()
    for mistake, fps in sorted(wrong, key=lambda pair: (pair[0].start - pair[0].stop) / pair[1]):
        if len(shown) == WORST:
            break
        if of_one[mistake.sequence] < WORST_OF_ONE and (points := _keypoints(shards, mistake.sequence)) is not None:
            shown.append((mistake, points, fps))
            of_one[mistake.sequence] += 1
    if shown:
        bouts.draw(path, names, shown)


def _keypoints(shards: Sequence[Shard], name: str) -> np.ndarray | None:
    """The prepared track of a sequence, (T, 2, 2, P), or None where it could not be read."""
    for shard in shards:
        prepared = Arrays(shard.prepared)
        if name in prepared:
            return prepared[name].get("keypoints")
    return None


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    draw(Path(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4]), Path(sys.argv[5]))
