"""What a package holds: exports that read back, moments to label, manifest, pictures, the command that nobody runs."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from challengeflow import DrawJob, Member, Progress
from challengeflow.arrays import Arrays, write_scores
from challengeflow.pickles import load_npy
from challengeflow.running.check_pictures import check
from challengeflow.scoring import write_json
from challengeflow_mabe_task1.answers import label_next
from challengeflow_mabe_task1.answers.answered import file_names
from challengeflow_mabe_task1.demo import behaviour_states, lab_folder, official_files
from challengeflow_mabe_task1.formats import labels
from challengeflow_mabe_task1.formats.bouts import Choice
from challengeflow_mabe_task1.scoring.decoding import plain_decision
from challengeflow_mabe_task1.scoring.metric import macro_f1


def blurred(gold, random):
    """Scores that are mostly right, as a model gives them."""
    noise = random.dirichlet(np.ones(gold.shape[1]), len(gold))
    return (0.4 * gold + 0.6 * noise).astype(np.float32)


def predict_all(stages, make=blurred):
    """Scores for every shard from its gold, or at random where it has none."""
    random = np.random.default_rng(0)
    for shard in stages.shards:
        prepared = Arrays(shard.prepared)
        gold = Arrays(shard.gold) if shard.gold else {}
        scores = (
            (name, make(gold[name]["scores"] if name in gold else guess(prepared, name, random), random))
            for name in prepared
        )
        write_scores(shard.predictions, scores)


def guess(prepared, name, random):
    frames, classes = prepared.attributes(name)["shape"]
    return np.eye(classes)[random.integers(0, classes, frames // 30 + 1).repeat(30)[:frames]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, make_stages):
    """A lab's folder, two thirds labelled, with made-up scores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab_folder, "LABELLED", 4)
        patch.setattr(lab_folder, "UNLABELLED", 2)
        stages = make_stages(tmp_path_factory.mktemp("lab") / "run", "demo", folds=2, dataset="lab")
        stages.archive("recordings")
        stages.prepare(least_confidence=0.5)
    predict_all(stages)
    stages.scores = stages.score()
    stages.folder = stages.package("answers", label_next=5, pictures=1)
    return stages


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_exports_for_other_programs_hold_the_same_bouts(lab):
    bouts = table(lab.folder / "bouts.csv")
    names = {row["sequence"] for row in bouts}
    assert len(names) == 2
    for name in names:
        own = [row for row in bouts if row["sequence"] == name]
        frames = [(row["behaviour"], int(row["start_frame"]), int(row["stop_frame"])) for row in own]
        bento = labels.read(lab.folder / "bento" / f"{name}.annot", Choice((name,)))
        assert sorted(bento.bouts) == sorted(frames)
        boris = labels.read(lab.folder / "answers.boris", Choice((name,)))
        fps = Arrays(lab.shards[-1].prepared).attributes(name)["fps"]
        assert [(b.behaviour, round(b.start * fps), round(b.stop * fps)) for b in boris.bouts] == frames
        own_table = labels.read(lab.folder / "bouts.csv", Choice((name,)))
        assert [tuple(bout) for bout in own_table.bouts] == frames


def test_quality_and_shares_are_tables(lab):
    rows = table(lab.folder / "quality.csv")
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert all(5 < float(row["body_extent_cm"]) < 20 for row in rows)  # a mouse
    shares = table(lab.folder / "shares.csv")
    assert sum(float(row["train"]) for row in shares) == pytest.approx(1, abs=1e-3)
    assert sum(float(row["predicted"]) for row in shares) == pytest.approx(1, abs=1e-3)


def test_moments_to_label_are_where_the_model_doubts_and_spread(lab, tmp_path):
    rows = table(lab.folder / "label_next.csv")
    assert [int(row["rank"]) for row in rows] == [1, 2, 3, 4, 5]
    assert len({row["sequence"] for row in rows}) == 2
    shard = lab.shards[-1]
    unsure = list(Arrays(shard.prepared))[1]

    def make(gold, random):
        scores = np.eye(gold.shape[1], dtype=np.float32)[np.zeros(len(gold), int)]
        if len(gold) == Arrays(shard.prepared).attributes(unsure)["shape"][0]:
            scores[500:560] = 1 / gold.shape[1]
        return scores

    kept = {name: np.array(scores["scores"]) for name, scores in Arrays(shard.predictions).items()}
    write_scores(shard.predictions, ((name, make(scores, None)) for name, scores in kept.items()))
    try:
        first = table(lab.package("answers", name="sure") / "label_next.csv")[0]
    finally:
        write_scores(shard.predictions, iter(kept.items()))
    assert first["sequence"] == unsure and 440 <= int(first["start_frame"]) < 560


def test_doubt_is_entropy():
    scores = np.array([[1, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(label_next.doubt(scores), [0, 1, 0.5, 1], atol=1e-9)


def test_the_manifest_states_the_checksum_of_every_file(lab):
    manifest = json.loads((lab.folder / "manifest.json").read_text())
    files = [path for path in lab.folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    assert set(manifest["files"]) == {str(path.relative_to(lab.folder)) for path in files}
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert manifest["files"][str(path.relative_to(lab.folder))] == digest


def test_a_second_package_has_the_same_bytes(lab):
    again = lab.package("answers", name="again", label_next=5, pictures=1)
    assert (again / "manifest.json").read_bytes() == (lab.folder / "manifest.json").read_bytes()


def test_ethograms_are_drawn_of_as_many_as_asked_for(lab):
    (picture,) = (lab.folder / "pictures").iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.name.startswith("ethogram-cage")
    assert not (lab.package("answers", name="none", pictures=0) / "pictures").exists()


def test_pictures_of_scores_show_every_labelled_sequence(lab, tmp_path):
    from challengeflow_mabe_task1.pictures import draw

    shards, nothing = tuple(lab.shards), tmp_path / "nothing"
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    job = DrawJob(
        challenge="mabe-task1",
        dataset="lab",
        parameters={"scored": None, "smoothing": False},
        seed=1,
        threads=1,
        device="cpu",
        work=nothing,
        progress=Progress("draw"),
        model="pose-boosting",
        shards=shards,
        scores=lab.root / "scores.json",
        decision=lab.root / "decision.json",
        members=(Member("pose-boosting", {}, (), module="", summary=""),),
        output=pictures,
    )
    draw.draw(job)
    check(pictures, "pictures")
    entries = {entry["title"]: entry for entry in json.loads((pictures / "pictures.json").read_text())}
    assert entries["Confusion matrix, train"]["files"] == ["train-confusion.png"]
    assert len(entries["Ethograms, train"]["files"]) == 4
    assert (pictures / "train-worst-bouts.png").read_bytes().startswith(b"\x89PNG")
    lines = entries["Precision and recall, out of fold"]["lines"]
    assert len(lines) == len(entries["Calibration, out of fold"]["lines"]) - 1 > 1
    assert all(line["y"][0] <= line["y"][-1] == 1 and line["x"][-1] == 0 for line in lines)


def test_learning_curves_are_read_from_the_members(tmp_path):
    from challengeflow_mabe_task1.pictures import curves

    (tmp_path / "curve.csv").write_text(
        "part,stage,epoch,loss,score\n0,pretraining,0,9,\n0,training,0,2.5,0.1\n0,training,1,1.5,0.25\n"
    )
    loss, score = curves.learning([Member("temporal-conv", {}, (tmp_path,), module="", summary="")])
    assert loss["lines"] == [{"name": f"temporal-conv, {tmp_path.name}, part 0", "x": [0, 1], "y": [2.5, 1.5]}]
    assert score["lines"][0]["y"] == [0.1, 0.25]


def test_the_part_a_model_needs_is_found_by_hiding_it(lab, monkeypatch):
    """A made-up model that knows everything as long as it sees the neck."""
    from challengeflow_mabe_task1.pictures import importance

    neck = Arrays(lab.shards[0].prepared).attributes(lab.shards[0].samples[0].id)["parts"].index("neck")
    gold = {name: one["scores"] for shard in lab.shards[:2] for name, one in Arrays(shard.gold).items()}

    def predict(job):
        assert job.shard.gold is None and job.models[0].name == f"fold-{job.shard.fold}"
        prepared = Arrays(job.shard.prepared)
        seen = {name: np.isfinite(prepared[name]["keypoints"][..., neck]).any() for name in prepared}
        write_scores(
            job.output, ((name, np.float32(gold[name] if seen[name] else gold[name] * 0)) for name in prepared)
        )

    monkeypatch.setattr(importance, "call_stage", lambda stage, job: predict(job))
    results = SimpleNamespace(
        shards=lambda *_: lab.shards[:2],
        stage_parameters=lambda *_: {"scored": None},
        parameters=lambda _: {},
        declared=lambda _: "any",
        model=lambda dataset, model, fold: lab.root / f"fold-{fold}",
    )
    found = importance.losses(results, "lab", "any")
    assert found[0][0] == "neck" and found[0][1] > 0.7
    assert len(found) == 7 and all(loss == 0 for _, loss in found[1:])


def test_the_extra_rule_fits_the_workflow(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        f"results: {tmp_path}/results\nchallenges: {{mabe-task1: {{datasets: {{lab: {{source: demo, folds: 2}}}}, "
        "models: {pose-boosting: {}}}}\n"
    )
    command = ["-m", "snakemake", "mabe-task1_importance", "--configfile", config]
    command += ["--dry-run", "--quiet", "rules", "--directory", tmp_path]
    command += ["--snakefile", Path(__file__).parents[4] / "Snakefile"]
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    jobs = dict(line.split()[:2] for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert jobs["mabe-task1_measure_importance"] == "1"


def test_the_submit_command_is_written_and_nothing_is_sent(lab, capsys, monkeypatch):
    monkeypatch.setenv("AICROWD_API_KEY", "secret-key")
    monkeypatch.setattr("socket.socket", None)
    monkeypatch.setattr("subprocess.Popen", None)
    folder = lab.package("npy")
    command = (folder / "how-to-submit.txt").read_text()
    assert "aicrowd submission create -c " in command and "-f submission.npy" in command
    said = capsys.readouterr()
    assert "not sent" in said.err
    texts = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    assert not any("secret-key" in text for text in (*texts, said.err, said.out))


def test_file_names_hold_no_path_and_stay_apart():
    assert file_names(["task1/test/mouse001", "a b", "a?b"]) == {
        "task1/test/mouse001": "task1_test_mouse001",
        "a b": "a_b",
        "a?b": "a_b-2",
    }
    hard = file_names(["a b", "a_b-2", "a?b", "M1", "m1"])
    assert len({name.casefold() for name in hard.values()}) == 5  # also on a disk that takes M1 for m1


# -- tasks 2 and 3 ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def styles(tmp_path_factory, make_stages):
    """Task 2's demo, smaller."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(official_files, "TRAIN", 6)
        patch.setattr(official_files, "TEST", 3)
        both = ("train", "test")
        stages = make_stages(tmp_path_factory.mktemp("t2") / "run", "demo", gold_splits=both, dataset="task2")
        stages.archive("aicrowd")
        stages.prepare()
    predict_all(stages)
    return stages


def test_every_annotator_has_a_score_and_the_mean_counts_them_alike(styles):
    for result in styles.score().values():
        scores = result["detail"]["annotators"]["scores"]
        assert set(scores) == {"1", "2", "3"}
        assert result["detail"]["annotators"]["mean"] == pytest.approx(np.mean(list(scores.values())))


def test_the_annotator_is_with_the_prepared_sequence(styles):
    for shard in styles.shards:
        prepared = Arrays(shard.prepared)
        for sample in shard.samples:
            assert prepared.attributes(sample.id)["annotator"] == int(sample.columns["annotator"]) > 0


def test_annotators_have_a_style_of_their_own():
    bouts = behaviour_states.draw_bouts(50_000, 30.0, np.random.default_rng(0))
    counts = {
        annotator: np.bincount(
            behaviour_states.annotate(bouts, 50_000, np.random.default_rng(1), annotator), minlength=4
        )
        for annotator in (1, 2, 3)
    }
    attack, investigation = 0, 1
    assert counts[2][investigation] < counts[1][investigation] < counts[3][investigation]
    assert counts[2][attack] < counts[1][attack] < counts[3][attack]


def test_folds_can_leave_annotators_out(stages, monkeypatch):
    monkeypatch.setattr(official_files, "TRAIN", 6)
    monkeypatch.setattr(official_files, "TEST", 3)
    run = stages("demo", gold_splits=("train", "test"), dataset="task2", group_by="annotator")
    run.archive("aicrowd")
    train = [sample for sample in run.index() if sample.split == "train"]
    assert {sample.group for sample in train} == {"annotator-1", "annotator-2", "annotator-3"}
    assert all(sample.group == f"annotator-{sample.columns['annotator']}" for sample in train)


@pytest.mark.parametrize("behaviour", ["chase", "rest"])
def test_a_new_behaviour_is_learnt_and_submitted_on_its_own(stages, monkeypatch, behaviour):
    monkeypatch.setattr(official_files, "TRAIN", 9)
    run = stages("demo", gold_splits=("train", "test"), dataset="task3", behaviours=[behaviour])
    run.archive("aicrowd")
    shards = run.prepare()
    assert Arrays(shards[-1].prepared).attributes(f"{behaviour}-test-00")["vocabulary"] == [behaviour, "other"]
    shares = [Arrays(s.gold)[name]["scores"].mean(axis=0)[0] for s in shards for name in Arrays(s.gold)]
    assert 0.01 < np.mean(shares) < 0.4
    predict_all(run)
    assert run.score()["test"]["detail"]["scored"] == [behaviour]
    usual = np.load(run.package("npy") / "submission.npy", allow_pickle=True).item()
    sample = load_npy(run.archives["aicrowd"] / "sample_submission.npy")
    assert {name: len(own) for name, own in usual[behaviour].items()} == {
        name: len(own) for name, own in sample[behaviour].items()
    }


def test_perfect_scores_score_one_whatever_the_vocabulary(lab):
    gold = [Arrays(shard.gold)[name]["scores"] for shard in lab.shards[:2] for name in Arrays(shard.gold)]
    counts = sum(one.T.astype(int) @ one for one in gold)
    assert macro_f1(counts, list(range(len(counts) - 1))) == 1
    assert 0.6 < lab.scores["train"]["score"] <= 1


def test_a_decision_made_by_hand_needs_no_shares(lab, tmp_path):
    prepared = Arrays(lab.shards[-1].prepared)
    names = prepared.attributes(next(iter(prepared)))["vocabulary"]
    write_json(tmp_path / "decision.json", plain_decision(len(names)) | {"vocabulary": names, "scored": names[:1]})
    folder = lab.package("answers", decision=tmp_path / "decision.json", name="by-hand")
    assert {row["train"] for row in table(folder / "shares.csv")} == {""}
