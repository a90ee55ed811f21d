"""All stages, one after the other, on a small demo: what they give, and what they must not see."""

import csv
import json
import shutil

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow.pickles import load_npy
from challengeflow_mabe_task1.answers.package import validate_submission
from challengeflow_mabe_task1.demo import official_files
from challengeflow_mabe_task1.models import pose_boosting

SMALL = {"rows": 8000, "parts": 1, "iterations": 25, "learning_rate": 0.25, "windows": [0.5, 2]}


@pytest.fixture(scope="module")
def demo(tmp_path_factory, make_stages):
    """The demo with fewer sequences, through all stages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(official_files, "TRAIN", 6)
        patch.setattr(official_files, "TEST", 2)
        stages = make_stages(tmp_path_factory.mktemp("demo") / "run", "demo", gold_splits=("train", "test"))
        stages.archive("aicrowd")
        stages.prepare()
    stages.learn(**SMALL)
    stages.scores = stages.score()
    return stages


def with_predictions(stages, make):
    """Scores of the demo where `make(gold, random)` gives the predictions."""
    random = np.random.default_rng(0)
    kept = stages.root / "predictions-kept"
    shutil.copytree(stages.root / "predictions", kept)
    try:
        for shard in stages.shards:
            gold = Arrays(shard.gold)
            shutil.rmtree(shard.predictions)
            write_scores(shard.predictions, ((name, make(gold[name]["scores"], random)) for name in gold))
        return stages.score()
    finally:
        shutil.rmtree(stages.root / "predictions")
        kept.rename(stages.root / "predictions")
        stages.score()


def test_the_model_is_clearly_between_chance_and_perfect(demo):
    for split in ("train", "test"):
        result = demo.scores[split]
        assert 0.5 < result["score"] < 0.95, split
        assert result["interval"][0] <= result["score"] <= result["interval"][1]


def test_the_perfect_control_scores_exactly_one(demo):
    scores = with_predictions(demo, lambda gold, random: gold)
    assert scores["train"]["score"] == scores["test"]["score"] == 1.0


def test_random_and_constant_answers_score_chance(demo):
    for make in (
        lambda gold, random: random.random(gold.shape, np.float32),
        lambda gold, random: np.tile(np.array([0.03, 0.3, 0.06, 0.61], np.float32), (len(gold), 1)),
    ):
        scores = with_predictions(demo, make)
        assert scores["train"]["score"] < 0.25 and scores["test"]["score"] < 0.25


def test_the_gold_of_a_fold_changes_no_byte_of_its_predictions(demo, tmp_path):
    shard = next(shard for shard in demo.shards if shard.fold == 0)
    before = (shard.predictions / "data.bin").read_bytes()
    kept = tmp_path / "gold"
    shutil.move(shard.gold, kept)
    gold = Arrays(kept)
    write_scores(shard.gold, ((name, gold[name]["scores"][::-1]) for name in gold))
    shutil.rmtree(demo.root / "fold-0")
    shutil.rmtree(demo.root / "work-fold-0")
    try:
        model = demo.train(0, **SMALL)
        demo.predict(shard, [model], tmp_path / "predictions")
    finally:
        shutil.rmtree(shard.gold)
        shutil.move(kept, shard.gold)
    assert (tmp_path / "predictions" / "data.bin").read_bytes() == before


def test_a_killed_training_goes_on_where_it_was(demo, monkeypatch):
    fitted = []
    fit = pose_boosting._fit

    def dies(*arguments):
        if fitted:
            raise KeyboardInterrupt
        fitted.append(1)
        return fit(*arguments)

    settings = {**SMALL, "parts": 2, "iterations": 2, "rows": 500}
    monkeypatch.setattr(pose_boosting, "_fit", dies)
    with pytest.raises(KeyboardInterrupt):
        demo.train("killed", **settings)
    shutil.rmtree(demo.root / "fold-killed")
    monkeypatch.setattr(pose_boosting, "_fit", lambda *arguments: fitted.append(2) or fit(*arguments))
    demo.train("killed", **settings)
    assert fitted == [1, 2]


def test_the_submission_is_what_aicrowd_accepts(demo):
    folder = demo.package("npy")
    usual = np.load(folder / "submission.npy", allow_pickle=True).item()
    sample = load_npy(demo.archives["aicrowd"] / "sample_submission.npy")
    assert list(usual) == list(sample)
    assert all(type(label) is int for labels in usual.values() for label in labels)
    assert {name: len(labels) for name, labels in usual.items()} == {name: len(sample[name]) for name in sample}
    assert json.loads((folder / "manifest.json").read_text())["sequences"] == 2


def test_tables_agree_with_the_submission(demo):
    folder = demo.package("answers")
    with open(folder / "bouts.csv") as file:
        bouts = list(csv.DictReader(file))
    with open(folder / "summary.csv") as file:
        rows = list(csv.DictReader(file))
    assert {row["behaviour"] for row in rows} == {"attack", "investigation", "mount", "other"}
    for row in rows:
        if row["behaviour"] != "other":
            own = [b for b in bouts if (b["sequence"], b["behaviour"]) == (row["sequence"], row["behaviour"])]
            assert len(own) == int(row["bouts"])
            assert sum(float(b["duration_s"]) for b in own) == pytest.approx(float(row["total_s"]), abs=0.05)


def test_raw_and_prepared_data_hold_no_label(demo):
    for shard in demo.shards:
        raw = Arrays(demo.root / "raw" / shard.name)
        prepared = Arrays(shard.prepared)
        for name in raw:
            assert set(raw[name]) == set(prepared[name]) == {"keypoints"}


def test_a_folder_of_ones_own_is_predicted_and_odd_files_are_named(demo, stages, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    track = official_files.simulate(5, 5)["keypoints"][:400].astype(np.float32)
    np.save(folder / "good.npy", track)
    np.savez(folder / "clips.npz", one=track[:50], two=track[50:90], names=np.array(["a"]))
    np.save(folder / "three.npy", np.zeros((50, 3, 2, 7)))
    np.save(folder / "unseen.npy", np.full((30, 2, 2, 7), np.nan))
    (folder / "broken.npy").write_bytes(b"\x93NUMPY broken")
    own = stages(folder, splits=("test",), gold_splits=())
    (shard,) = own.prepare()
    status = {name: Arrays(shard.prepared).attributes(name)["status"] for name in Arrays(shard.prepared)}
    assert {name for name, reason in status.items() if reason == "ok"} == {"good", "clips/one", "clips/two"}
    assert "(50, 3, 2, 7)" in status["three"] and "no body part" in status["unseen"] and "broken" in status["broken"]
    own.predict(shard, [demo.root / f"fold-{fold}" for fold in range(3)])
    predictions = Predictions(shard.predictions)
    assert list(predictions) == [sample.id for sample in shard.samples]
    assert predictions["good"].shape == (400, 4) and (predictions["unseen"] == [0, 0, 0, 1]).all()
    answers = own.package("answers", decision=demo.root / "decision.json")
    assert (answers / "summary.csv").read_text().count("unseen,no body part was seen in any frame,") == 1


def test_data_of_other_parts_is_refused_by_the_model(demo, stages, tmp_path):
    np.save(tmp_path / "rats.npy", np.random.default_rng(0).uniform(0, 100, (60, 2, 2, 5)))
    own = stages(tmp_path / "rats.npy", splits=("test",), gold_splits=())
    (shard,) = own.prepare()
    with pytest.raises(InputError, match="parts"):
        own.predict(shard, [demo.root / "fold-0"])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.pop("a"), "lacks sequence 'a'"),
        (lambda s: s.update(c=[0]), "'c', which is no test sequence"),
        (lambda s: s.update(a=s.pop("a")), "out of order"),
        (lambda s: s["a"].append(0), "4 class numbers for sequence 'a'; expected 3"),
        (lambda s: s.update(b=[0, 1.0]), "1.0 at frame 1"),
        (lambda s: s.update(b=[0, True]), "True at frame 1"),
        (lambda s: s.update(b=[4, 0]), "4 at frame 0"),
        (lambda s: s.update(b=[[0], [1]]), "no flat list"),
    ],
)
def test_the_validator_names_the_first_thing_wrong(tmp_path, change, message):
    submission = {"a": [0, 1, 2], "b": [3, 3]}
    np.save(tmp_path / "s.npy", submission, allow_pickle=True)
    validate_submission(tmp_path / "s.npy", {"a": 3, "b": 2}, 4)
    change(submission)
    np.save(tmp_path / "s.npy", submission, allow_pickle=True)
    with pytest.raises(InputError, match=message):
        validate_submission(tmp_path / "s.npy", {"a": 3, "b": 2}, 4)
