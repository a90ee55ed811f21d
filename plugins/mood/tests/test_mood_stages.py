"""The six hooks end to end on a small demo: controls, determinism, safe answers, both submissions."""

import csv
import gzip
import zipfile
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow_mood.answers import check_answers


def control(run, name, make):
    """Predictions of every scored shard by `make(prepared facts, gold mask)`, scored."""
    shards = []
    for shard in run.scored:
        output = run.folder("controls", name, shard.name)
        prepared, gold = Arrays(shard.prepared), Predictions(shard.gold)
        write_scores(output, ((s, make(prepared.attributes(s), gold[s])) for s in prepared))
        shards.append(replace(shard, predictions=output))
    return run.score(shards, name)


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_index_holds_no_label(mood_brain):
    text = (mood_brain.root / "index" / "samples.csv").read_text()
    assert text.splitlines()[0] == "sample,split,group,file"
    proxy = [line.split(",")[0] for line in text.splitlines() if ",proxy," in line]
    assert len(proxy) == 8
    assert all(name[-2:] in ("-a", "-b") for name in proxy)
    assert not list((mood_brain.root / "raw").rglob("*label*"))


@pytest.mark.parametrize("dataset", ["mood_brain", "mood_abdom"])
def test_perfect_scores_one_constant_and_random_score_chance(request, dataset):
    run = request.getfixturevalue(dataset)
    random = np.random.default_rng(0)
    perfect = control(run, "perfect", lambda facts, gold: gold.astype(np.float32))
    constant = control(run, "constant", lambda facts, gold: np.full(facts["shape"], 0.5, np.float16))
    scalar = control(run, "scalar", lambda facts, gold: np.float32(0.25))
    chance = control(run, "random", lambda facts, gold: random.random(facts["shape"], np.float32))
    for split in ("proxy", "test"):
        assert perfect[split]["score"] == 1.0
        assert perfect[split]["interval"] == [1.0, 1.0]
        for scores in (constant, scalar):
            detail = scores[split]["detail"]
            assert detail["sample_ap"] == pytest.approx(detail["sample_chance"])
        assert chance[split]["detail"]["pixel_ap"] < 4 * chance[split]["detail"]["pixel_chance"]
        assert run.scores[split]["score"] < 0.95


def test_a_missing_or_misshapen_map_counts_as_zeros(mood_brain):
    zeros = control(mood_brain, "zeros", lambda facts, gold: np.zeros(facts["shape"], np.float32))
    wrong = control(mood_brain, "wrong", lambda facts, gold: np.ones((3, 4, 5), np.float32))
    assert wrong["test"]["detail"]["pixel_ap"] == zeros["test"]["detail"]["pixel_ap"]
    broken = control(mood_brain, "nan", lambda facts, gold: np.where(gold > 0, gold, np.nan).astype(np.float32))
    assert broken["test"]["score"] == 1.0


def test_a_corrupt_scan_is_answered_safely_and_listed(tmp_path, mood_run, mood_brain):
    folder = tmp_path / "mine"
    folder.mkdir()
    with zipfile.ZipFile(mood_brain.root / "archives" / "toy" / "brain_toy.zip") as archive:
        (folder / "good.nii.gz").write_bytes(archive.read("toy/toy_0.nii.gz"))
    (folder / "bad.nii.gz").write_bytes(b"\x1f\x8bnothing")
    (folder / "sub").mkdir()
    nib.save(
        nib.MGHImage(np.asarray(nib.load(folder / "good.nii.gz").dataobj), np.eye(4)), folder / "sub" / "other.mgz"
    )
    run = mood_run(tmp_path / "run", "mine", str(folder), ("test",), (), parameters={"grid": 32}).prepare()
    shards = run.predict(mood_brain.models, "test")
    prepared, predictions = Arrays(shards[0].prepared), Predictions(shards[0].predictions)
    assert list(prepared) == ["bad", "good", "sub__other"]
    assert prepared.attributes("bad")["status"] != "ok"
    assert predictions["bad"].shape == (1, 32, 32, 32)
    assert not predictions["bad"].any()
    assert predictions["good"].any()
    assert not list((run.root / "gold").rglob("*.json"))
    answers = replace(mood_brain.answers(shards, mood_brain.models), dataset="mine")
    made = run.package("maps", {"mine": answers})
    rows = {row["case"]: row for row in csv.DictReader((made / "scores.csv").read_text().splitlines())}
    assert list(rows) == ["bad", "good", "sub__other"]
    image, scan = nib.load(made / "maps" / "good.nii.gz"), nib.load(folder / "good.nii.gz")
    assert image.shape == scan.shape
    assert (image.affine == scan.affine).all()
    assert not (made / "maps" / "bad.nii.gz").exists()
    assert nib.load(made / "maps" / "sub__other.nii.gz").shape == scan.shape
    again = run.package("maps", {"mine": answers}, "again")
    assert tree(made) == tree(again)


def test_training_needs_scans(tmp_path, mood_run, mood_small):
    run = mood_run(tmp_path, parameters=mood_small | {"demo_train": 6}).prepare()
    with pytest.raises(InputError, match="needs at least 4"):
        run.train(0)


def test_decompressed_toy_labels_are_official(mood_brain):
    with zipfile.ZipFile(mood_brain.root / "archives" / "toy" / "brain_toy.zip") as archive:
        assert archive.read("toy_label/sample/toy_0.nii.gz.txt") in (b"0\n", b"1\n")
        label = nib.Nifti1Image.from_bytes(gzip.decompress(archive.read("toy_label/pixel/toy_1.nii.gz")))
    assert label.get_data_dtype() == np.uint8
    assert set(np.unique(label.dataobj)) <= {0, 1}


def test_checks_name_the_first_wrong_thing(tmp_path):
    with pytest.raises(InputError, match="nan"):
        check_answers.check_score("nan", "toy_0")
    with pytest.raises(InputError, match=r"tensor\(0\.9\)"):
        check_answers.check_score("tensor(0.9)", "toy_0")
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4)), tmp_path / "map.nii.gz")
    with pytest.raises(InputError, match="float32"):
        check_answers.check_map(tmp_path / "map.nii.gz", [4, 4, 4], np.eye(4))
    with pytest.raises(InputError, match="shape"):
        check_answers.check_map(tmp_path / "map.nii.gz", [4, 4, 5], np.eye(4))
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4), np.float32), np.eye(4)), tmp_path / "map.nii")
    (tmp_path / "map.nii").rename(tmp_path / "map.nii.gz")  # which the scorer does not open
    with pytest.raises(InputError, match="cannot be read"):
        check_answers.check_map(tmp_path / "map.nii.gz", [4, 4, 4], np.eye(4))
