"""The invariants of the design, on the digits challenge through the real workflow."""

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import Site, make_site, planned

from challengeflow.arrays import Predictions, write_scores

SMALL = """\
challenges:
  digits:
    controls: {controls}
    datasets:
      few: {{source: demo, folds: 2, shards: {{train: 1, test: 1}}}}
    preprocess: {{scale: {scale}}}
    download: {{broken: {broken}}}
"""
RESULT = Path("results/digits/few")


def small(controls="false", scale=16, broken="[]"):
    return SMALL.format(controls=controls, scale=scale, broken=broken)


def hashes(folder: Path) -> dict[str, str]:
    """Content of everything that must be the same in two runs, by path."""
    kept = [p for p in folder.rglob("*") if p.is_file() and {"predictions", "submissions"} & set(p.parts)]
    kept = [p for p in kept if not p.name.endswith(".provenance.json") and p.name != ".snakemake_timestamp"]
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in kept
        if not {"logs", "benchmarks"} & set(p.parts)
    }


def last_words(done) -> str:
    """What the workflow said at its end."""
    return done.stderr[-3000:]


def run(site, *arguments, **options):
    done = site.snakemake(*arguments, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory):
    """A site whose workflow has run once; tests get copies of it."""
    made = make_site(tmp_path_factory.mktemp("finished"))
    made.configure(small())
    (made.folder / "said.txt").write_text(run(made).stderr)
    return made


@pytest.fixture
def finished(finished_once, tmp_path):
    """A copy of the finished site."""
    shutil.copytree(finished_once.folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    return Site(tmp_path)


def test_a_run_says_little(finished):
    said = (finished.folder / "said.txt").read_text()
    assert len(said.splitlines()) < 50, said
    assert re.search(r"^score       digits/few test   logistic  accuracy 0.\d+ \[", said, re.MULTILINE), said
    assert re.search(r"^preprocess +3 of 3, .* a job; \d+ of \d+ jobs after ", said, re.MULTILINE), said
    assert "Select jobs" not in said and said.count("to hand in: ") == 1


def test_one_core_and_two_give_the_same_bytes(finished):
    first = hashes(finished.folder / "results")
    assert len(first) == 7  # three shards of two files, and a submission
    shutil.rmtree(finished.folder / "results")
    run(finished, cores=1)
    assert hashes(finished.folder / "results") == first


def test_a_change_reruns_what_depends_on_it_and_nothing_else(finished):
    assert planned(finished) == {}
    logistic, accuracy = finished.plugin / "logistic.py", finished.plugin / "accuracy.py"
    model, score = logistic.read_text(), accuracy.read_text()
    pages = {"leaderboard": 1, "report": 1}
    logistic.write_text("# A comment changes nothing.\n" + model)
    assert planned(finished) == {}
    logistic.write_text(model.replace("0.01", "0.02"))
    assert planned(finished) == {"train": 2, "predict": 3, "score": 1, "draw": 1, "package": 1} | pages
    logistic.write_text(model)
    accuracy.write_text(score.replace("> 0.5) == ", ">= 0.5) == "))
    assert planned(finished) == {"score": 1, "draw": 1, "package": 1} | pages
    accuracy.write_text(score)
    sheet = finished.plugin / "sheet.py"
    sheet.write_text(sheet.read_text().replace("MOST = 5", "MOST = 4"))
    assert planned(finished) == {"draw": 1, "report": 1}
    sheet.write_text(sheet.read_text().replace("MOST = 4", "MOST = 5"))
    finished.configure(small(scale=8))
    changed = planned(finished)
    assert changed.pop("preprocess") == 3 and changed.pop("train") == 2
    assert "index" not in changed


def test_snakemakes_own_report_has_every_result(finished):
    run(finished, "--report", "own.html")
    text = (finished.folder / "own.html").read_text()
    categories = json.loads(re.search(r"var categories = (.*?);?\n", text)[1])
    assert set(categories) == {"run", "digits"}
    shown = [Path(path).name for path in categories["digits"]["few"]]
    assert {"scores.json", "decision.json"} < set(shown) and sum(name.endswith(".svg") for name in shown) == 5
    assert [Path(path).name for path in categories["digits"]["submissions"]] == ["submission.csv"]
    assert "exactly as the\\nchallenge computes it" in text  # the caption


def test_gold_of_a_fold_changes_no_prediction_for_it(finished):
    results = finished.folder / RESULT
    before = hashes(results / "logistic/predictions")
    for fold in range(2):
        gold = results / f"gold/train-f{fold}-000"
        labels = {sample: np.array(scores) for sample, scores in Predictions(gold).items()}
        kept = gold.read_bytes() if gold.is_file() else {p.name: p.read_bytes() for p in gold.iterdir()}
        shuffled = np.random.default_rng(fold).permutation(list(labels.values()))
        write_scores(gold, zip(labels, shuffled, strict=True))
        shutil.rmtree(results / f"logistic/fold-{fold}")
        shutil.rmtree(results / f"logistic/predictions/few/train-f{fold}-000")
        for arguments in (
            ("train", "digits/few", "logistic", str(fold)),
            ("predict", "digits/few", "logistic", f"train-f{fold}-000"),
        ):
            done = finished.challengeflow(*arguments)
            assert done.returncode == 0, done.stderr
        for name, content in kept.items():
            (gold / name).write_bytes(content)
    assert hashes(results / "logistic/predictions") == before


def test_predict_runs_without_any_gold(finished):
    results = finished.folder / RESULT
    before = hashes(results / "logistic/predictions")
    shutil.rmtree(results / "gold")
    shutil.rmtree(results / "index/gold")
    shutil.rmtree(results / "logistic/predictions")
    for shard in ("train-f0-000", "train-f1-000", "test-000"):
        done = finished.challengeflow("predict", "digits/few", "logistic", shard)
        assert done.returncode == 0, done.stderr
    assert hashes(results / "logistic/predictions") == before


def test_a_killed_training_goes_on_where_it_was(finished):
    config = finished.folder / "config.yaml"
    config.write_text(small() + "    models: {logistic: {parameters: {pause: 0.05}}}\n")
    command = [sys.executable, "-m", "challengeflow.cli", "train", "digits/few", "logistic", "0"]
    process = subprocess.Popen(
        command, cwd=finished.folder, env=finished.environment(), stderr=subprocess.PIPE, text=True
    )
    checkpoints = finished.folder / "results/.work/digits"
    deadline = time.monotonic() + 30
    while not list(checkpoints.glob("train-*/checkpoint.npz")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # The old model is still whole; nothing half-written took its place.
    assert (finished.folder / RESULT / "logistic/fold-0/weights.npy").exists()
    whole = np.load(finished.folder / RESULT / "logistic/fold-0/weights.npy")
    done = finished.challengeflow("train", "digits/few", "logistic", "0")
    step = int(re.search(r"resumed at step (\d+)", done.stderr)[1])
    assert 1 <= step < 60
    assert np.array_equal(np.load(finished.folder / RESULT / "logistic/fold-0/weights.npy"), whole)
    assert not list(checkpoints.glob("train-*"))


def test_an_interrupted_run_goes_on(site):
    site.configure(small() + "    models: {logistic: {parameters: {pause: 0.02}}}\n")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "snakemake", "-s", str(root / "Snakefile"), "--cores", "1"]
    process = subprocess.Popen(
        command,
        cwd=site.folder,
        env=site.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(site.folder.glob("results/.work/digits/train-*/checkpoint.npz")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) != 0
    run(site)
    assert "resumed at step" in "".join(
        p.read_text() for p in site.folder.glob("results/logs/digits/few/logistic/*/train.log")
    )


def test_a_sample_that_cannot_be_read_is_answered_and_listed(site):
    site.configure(small(broken='["0041", "0000"]'))
    run(site)
    scores = json.loads((site.folder / RESULT / "logistic/scores.json").read_text())
    assert {f["sample"]: f["reason"] for f in scores["failed"]} == {"0041": "file missing", "0000": "file missing"}
    with open(site.folder / "results/digits/submissions/csv/few-logistic/submission.csv") as file:
        assert "0041" in [row["sample"] for row in csv.DictReader(file)]


def test_too_many_unreadable_samples_stop_the_run(site):
    broken = json.dumps([f"{i:04d}" for i in range(40)])
    site.configure(small(broken=broken))
    done = site.snakemake()
    assert done.returncode != 0
    assert "40 of 300 samples could not be read, more than max_failed 0.05 allows" in done.stdout + done.stderr
    assert "stopped: score digits/few/logistic; its log results/logs/digits/few/logistic/score.log" in last_words(done)


def test_samples_of_a_contained_dataset_are_made_once(site):
    site.configure(
        "challenges:\n  digits:\n    controls: false\n    datasets:\n      many: "
        "{source: demo, folds: 2, shards: {train: 1, test: 1}}\n"
        "      few: {source: demo, folds: 2, shards: {train: 1, test: 1}}\n"
    )
    run(site, cores=2)
    prepared = sorted(p.name for p in (site.folder / "results/digits/many/prepared").iterdir() if p.is_dir())
    assert prepared == ["test-000", "train-f0-000", "train-f1-000"]
    with open(site.folder / "results/digits/many/index/samples.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 600
    assert sum(row["shard"].startswith("few.") for row in rows) == 300
    predictions = site.folder / "results/digits/many/logistic/predictions/many"
    assert sum(len(Predictions(p)) for p in predictions.iterdir() if p.is_dir()) == 600


def test_targets_by_name_and_by_file(site):
    site.configure(small(controls="true"))
    run(site, "results/digits/few/control-random/scores.json")
    assert not (site.folder / RESULT / "logistic").exists()
    run(site, "digits")
    assert (site.folder / RESULT / "logistic/scores.json").exists()
    assert not (site.folder / "results/leaderboard.csv").exists()
    said = last_words(run(site))
    assert re.search(r"digits +score +4 of 4\n", said) and "All about it: results/report.html" in said
    assert re.search(r"digits/few train +logistic +accuracy 0\.\d+ \[0\.\d+, ", said)
    with open(site.folder / "results/leaderboard.csv") as file:
        scores = {row["model"]: float(row["score"]) for row in csv.DictReader(file) if row["split"] == "train"}
    assert scores["control-perfect"] == 1.0
    assert abs(scores["control-random"] - 0.5) < 0.15
    assert scores["control-random"] < scores["logistic"] < 1.0


def test_any_target_ends_with_what_was_made(finished):
    """`snakemake digits` makes no page; its scores and the file to hand in are said all the same."""
    for page in ("report.html", "leaderboard.csv", "leaderboard.html"):
        (finished.folder / "results" / page).unlink()
    shutil.rmtree(finished.folder / "results/digits/submissions/csv/few-logistic")
    said = last_words(run(finished, "digits"))
    assert re.search(
        r"^digits/few train +logistic +accuracy 0\.\d+ \[0\.\d+, 0\.\d+\]  \(generated data\)$", said, re.MULTILINE
    )
    hand_in = "to hand in: results/digits/submissions/csv/few-logistic/ (submission.csv), at https://scikit-learn.org"
    assert hand_in in said and "(but not these: the data are generated)" in said
    assert not (finished.folder / "results/report.html").exists()


def test_an_ensemble_is_packaged_and_scored(site):
    site.configure(
        small()
        + "    models:\n      one: {model: logistic}\n"
        + "      two: {model: logistic, seed: 7, parameters: {iterations: 9}}\n"
        "      both: {members: {one: 1, two: 3}}\n"
    )
    run(site)
    shard = "predictions/few/test-000"
    one, two, both = (Predictions(site.folder / RESULT / name / shard) for name in ("one", "two", "both"))
    for sample in both:
        assert both[sample] == pytest.approx(one[sample] / 4 + two[sample] * 3 / 4, abs=1e-6)
    assert (site.folder / "results/digits/submissions/csv/few-both/submission.csv").exists()
