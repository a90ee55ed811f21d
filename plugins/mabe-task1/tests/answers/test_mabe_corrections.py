"""Answers that were put beside the poses are learnt from: the same frames have the same behaviours, in every form."""

import shutil

import numpy as np
import pytest

from challengeflow.arrays import Arrays, write_scores
from challengeflow.scoring import write_json
from challengeflow_mabe_task1.data.folder import survey
from challengeflow_mabe_task1.scoring.decoding import plain_decision

FIRST, FRAMES = 5, 60
NAMES = ["fight|bite", "sniff & lick"]
RECORDINGS = ("mouse 1", "Mäuse (2)")


@pytest.fixture
def answered(tmp_path, stages, deeplabcut):
    """A folder of poses, and its package of answers: behaviour 0 in frames 20 to 29 of the track, 1 from 40 on."""
    folder = tmp_path / "lab"
    folder.mkdir()
    for seed, name in enumerate(RECORDINGS):
        deeplabcut(folder / f"{name}.csv", numbers=range(FIRST, FIRST + FRAMES), seed=seed)
    run = stages(folder, splits=("test",), gold_splits=(), dataset="lab", behaviours=NAMES)
    run.prepare(fps=29.97)
    (shard,) = [shard for shard in run.shards if shard.split == "test"]
    scores = np.eye(3, dtype=np.float32)[[2] * 20 + [0] * 10 + [2] * 10 + [1] * 20]
    write_scores(shard.predictions, ((name, scores) for name in Arrays(shard.prepared)))
    write_json(run.root / "decision.json", plain_decision(3) | {"vocabulary": [*NAMES, "other"], "scored": NAMES})
    return folder, run.package("answers", clips=0, pictures=0)


@pytest.mark.parametrize("form", ["answers.boris", "bento", "bouts.csv"])
def test_corrections_come_back(answered, stages, form):
    folder, package = answered
    for path in (package / "bento").iterdir() if form == "bento" else [package / form]:
        shutil.copy(path, folder)
    run = stages(folder, splits=("train",), folds=1, dataset="lab", behaviours=NAMES, name="again")
    (shard,) = [shard for shard in run.prepare(fps=29.97) if shard.split == "train"]
    gold = Arrays(shard.gold)
    assert set(gold) == set(RECORDINGS)
    expected = [2] * 20 + [0] * 10 + [2] * 10 + [1] * 20
    assert all(gold[name]["scores"].argmax(axis=1).tolist() == expected for name in RECORDINGS)
    assert all(gold[name]["scores"].sum() == FRAMES for name in RECORDINGS)


def test_the_other_tables_of_a_package_are_no_labels(answered):
    folder, package = answered
    for name in ("bouts.csv", "summary.csv", "quality.csv", "shares.csv", "label_next.csv"):
        shutil.copy(package / name, folder)
    surveyed = survey(folder)
    assert {one.labels for one in surveyed.recordings} == {"bouts.csv"}
    assert len([why for why in surveyed.unused.values() if "a table of answers without single bouts" in why]) == 4
