"""A scan that cannot be a whole scan of the kind is called foreign with the reason, and scores above healthy ones."""

import csv
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from challengeflow.arrays import Arrays
from challengeflow_mood.data.healthy_scans import read_healthy
from challengeflow_mood.data.preprocess import prepare
from challengeflow_mood.data.volumes import Scan, read_scan
from challengeflow_mood.demo.phantoms import phantom
from challengeflow_mood.models import whole_scan


@pytest.fixture(scope="module")
def healthy(mood_heads):
    return read_healthy((mood_heads,), 8, 4, 0, "test")


@pytest.fixture(scope="module")
def known(healthy):
    return whole_scan.fit(healthy)


@pytest.fixture(scope="module")
def facts(mood_heads):
    return Arrays(mood_heads.prepared).attributes("head-0")


def scan(volume, mask, scanned=None):
    return {"volume": volume, "mask": mask, "scanned": np.ones(mask.shape) if scanned is None else scanned}


def test_healthy_scans_and_one_with_an_anomaly_are_not_foreign(healthy, known, facts):
    for volume, mask in zip(healthy.volumes, healthy.masks, strict=True):
        assert whole_scan.foreign(known, scan(volume, mask), facts) == ""
    planted = healthy.volumes[0].copy()
    planted[6:10, 6:10, 6:10] = 1
    assert whole_scan.foreign(known, scan(planted, healthy.masks[0]), facts) == ""


def test_a_label_map_of_a_healthy_scan_is(known):
    head = phantom("brain", 32, np.random.default_rng(2))
    labels = np.digitize(head, [0.05, 0.3, 0.45, 0.6]).astype(np.float32) / 4
    for volume, expected in ((head, ""), (labels, "foreign: holds 5 values alone, as masks and label maps do")):
        facts, arrays = prepare(Scan(volume, None, {"affine": np.eye(4).tolist()}), 16)
        assert whole_scan.foreign(known, arrays, facts) == expected


def test_another_contrast_and_another_direction_are(healthy, known, facts):
    volume, mask = healthy.volumes[0], healthy.masks[0]
    negative = np.where(mask > 0, 1 - volume, 0)
    assert "foreign: its likeness to healthy scans" in whole_scan.foreign(known, scan(negative, mask), facts)
    assert whole_scan.foreign(known, scan(volume.transpose(2, 0, 1), mask.transpose(2, 0, 1)), facts)
    assert whole_scan.foreign(known, scan(np.zeros_like(volume), np.zeros_like(mask)), facts)


@pytest.mark.parametrize(
    ("times", "expected"), [(0.55, "mm wide"), (0.75, ""), (1.3, ""), (1.8, "mm wide"), (0.001, "header")]
)
def test_a_body_is_as_wide_as_those_of_others(healthy, known, facts, times, expected):
    resized = facts | {"affine": (np.diag([times] * 3 + [1]) @ facts["affine"]).tolist()}
    said = whole_scan.foreign(known, scan(healthy.volumes[0], healthy.masks[0]), resized)
    assert expected in said if expected else said == ""


@pytest.mark.parametrize(("planes", "expected"), [(2, ""), (12, "foreign: shows")])
def test_a_part_alone_is_by_how_much_it_shows(healthy, known, facts, planes, expected):
    scanned = np.ones(healthy.masks[0].shape)
    scanned[:, :, :planes] = 0
    part = scan(healthy.volumes[0] * (scanned > 0), healthy.masks[0] * (scanned > 0).astype(np.uint8), scanned)
    assert whole_scan.foreign(known, part, facts).startswith(expected)


def test_a_raised_map_keeps_its_order_and_its_air():
    values = np.array([0, 0.1, 0.5, 0.99])
    raised = whole_scan.raised(values)
    assert raised[0] == 0
    assert (np.diff(raised) > 0).all()
    assert raised[1] > 0.9
    assert raised[3] < 1


def test_foreign_scans_stand_above_healthy_ones_in_the_table_and_are_one_finding(tmp_path, mood_run, mood_brain):
    folder = tmp_path / "mine"
    folder.mkdir()
    whole = phantom("brain", 64, np.random.default_rng(8))
    affine = np.diag([3.0, 3, 3, 1])
    for name, volume in {
        "whole": whole,
        "slab": whole[:, :, 30:42],
        "negative": np.where(whole > 0.05, 1 - whole, 0),
        "abdomen": phantom("abdom", 64, np.random.default_rng(3)),
    }.items():
        nib.save(nib.Nifti1Image(volume.astype(np.float32), affine), folder / f"{name}.nii.gz")
    run = mood_run(tmp_path / "run", "mine", str(folder), ("test",), (), {"grid": 32}).prepare()
    shards = run.predict(mood_brain.models, "test")
    made = run.package("maps", {"mine": replace(mood_brain.answers(shards, mood_brain.models), dataset="mine")})
    rows = {row["case"]: row for row in csv.DictReader((made / "scores.csv").read_text().splitlines())}
    assert rows["whole"]["whole"] == ""
    assert "of the body that scans of this kind show" in rows["slab"]["whole"]
    for name in ("slab", "negative", "abdomen"):
        assert rows[name]["whole"].startswith("foreign: ")
        assert float(rows[name]["map_score"]) > 0.9 > float(rows["whole"]["map_score"])
        assert rows[name]["alarm"] == "1"
    with open(made / "findings.csv") as file:
        found = [row for row in csv.DictReader(file) if row["case"] != "whole"]
    assert [(row["case"], row["what"]) for row in found] == [(n, "scan") for n in ("abdomen", "negative", "slab")]


FOREIGN = ("abdom/ts_example_ct", "abdom/ts_example_ct_dicom_512", "ood/ts_aorta_ct_cropped", "ood/ts_ct_brain_atlas")


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("as_mr", [False, True])
def test_real_scans_of_other_kinds_are_foreign_to_phantom_heads_in_any_units(
    tmp_path, mood_real, mood_brain, name, as_mr
):
    image = nib.load(mood_real / f"{name}.nii.gz")
    if as_mr:
        values = np.asarray(image.dataobj, np.float32)
        low, high = np.percentile(values[::4, ::4, ::2], [1, 99.5])
        image = nib.Nifti1Image((np.clip((values - low) / (high - low), 0, 1) * 4095).astype(np.int16), image.affine)
    nib.save(image, tmp_path / "scan.nii.gz")
    facts, arrays = prepare(read_scan(tmp_path / "scan.nii.gz"), 32)
    assert whole_scan.foreign(whole_scan.read(mood_brain.models[0]), arrays, facts)
