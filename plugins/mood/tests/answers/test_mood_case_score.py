"""The score of a case is that of the map on disk, and of what was scanned alone."""

import csv
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from challengeflow.arrays import Arrays, Predictions
from challengeflow_mood.answers.maps import case_score, write_map
from challengeflow_mood.data import alignment
from challengeflow_mood.demo.phantoms import phantom
from challengeflow_mood.scoring import decision


def highest(path, count):
    values = np.sort(np.asarray(nib.load(path).dataobj, np.float64).ravel())
    return values[-count:].mean()


@pytest.mark.parametrize("shape", [(40, 52, 33), (90, 96, 70), (64, 70, 9)])
@pytest.mark.parametrize("kind", ["smooth", "flat", "one voxel", "zero", "NaN"])
def test_it_is_the_mean_of_the_highest_voxels_of_the_map(tmp_path, shape, kind):
    random = np.random.default_rng(3)
    values = {
        "smooth": random.random((24, 24, 24)) ** 3,
        "flat": np.full((24, 24, 24), 0.25),
        "one voxel": np.eye(24)[:, :, None] * np.eye(24)[12] * 0.9,
        "zero": np.zeros((24, 24, 24)),
        "NaN": np.where(random.random((24, 24, 24)) < 0.1, np.nan, 0.3),
    }[kind].astype(np.float32)
    mapping = alignment.align(phantom("brain", 96, random)[: shape[0], : shape[1], : shape[2]], np.eye(4), 24)
    facts = {"original": list(shape), "affine": np.eye(4).tolist(), "header": None, "mapping": mapping, "scanned": 9000}
    write_map(values, facts, tmp_path / "map.nii.gz")
    assert case_score(values, facts) == pytest.approx(highest(tmp_path / "map.nii.gz", decision.voxels_behind(facts)))


def test_the_table_says_how_to_compute_it_again(mood_brain):
    shards = [shard for shard in mood_brain.scored if shard.split == "test"]
    made = mood_brain.package("maps", {"brain": mood_brain.answers(shards, mood_brain.models)}, "maps-to-score")
    table = {row["case"]: row["score"] for row in mood_brain.scores["test"]["detail"]["case_table"]}
    with open(made / "scores.csv") as file:
        for row in csv.DictReader(file):
            path = made / "maps" / f"{row['case']}.nii.gz"
            assert float(row["map_score"]) == pytest.approx(highest(path, int(row["map_voxels"])))
            assert float(row["map_score"]) == table[row["case"]]


def test_of_a_slab_nothing_outside_counts(tmp_path, mood_run, mood_brain):
    """The head's lower half is missing, where every train scan has a body."""
    folder = tmp_path / "mine"
    folder.mkdir()
    volume = phantom("brain", 64, np.random.default_rng(8))[:, :, 28:44]
    nib.save(nib.Nifti1Image(volume, np.diag([3.0, 3, 3, 1])), folder / "slab.nii.gz")
    run = mood_run(tmp_path / "run", "mine", str(folder), ("test",), (), {"grid": 32}).prepare()
    shards = run.predict(mood_brain.models, "test")
    prepared, values = Arrays(shards[0].prepared), Predictions(shards[0].predictions)["slab"]
    facts, scanned = prepared.attributes("slab"), prepared["slab"]["scanned"]
    assert 0.2 < facts["scanned"] / 32**3 < 0.6
    assert not values[0][scanned == 0].any()
    answers = replace(mood_brain.answers(shards, mood_brain.models), dataset="mine")
    made = run.package("maps", {"mine": answers})
    with open(made / "findings.csv") as file:
        found = sum(float(row["volume_mm3"]) for row in csv.DictReader(file))
    assert found <= volume.size * 27
    row = next(csv.DictReader((made / "scores.csv").read_text().splitlines()))
    assert float(row["map_score"]) == pytest.approx(highest(made / "maps/slab.nii.gz", int(row["map_voxels"])))
