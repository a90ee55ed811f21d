"""How far a run is: done, running, stopped with the end of its log, waiting."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from challengeflow import Challenge, Metric, Model, hookimpl
from challengeflow.contract.progress import Progress
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import Plan
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.plugins import Registry
from challengeflow.planning.settings import ChallengeSettings, DatasetSettings, VariantSettings, as_json
from challengeflow.reporting.status import describe, standing, watch
from challengeflow.running.atomic import claimed, lock_of
from challengeflow.running.provenance import versions_behind

CONFIG = """\
challenges:
  digits:
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}}
      many: {source: demo, folds: 3}
    models:
      one: {model: logistic, refit: true}
      two: {model: logistic}
      both: {members: [one, two]}
"""


MODEL = Model(name="model", challenge="c", summary="one", module="challengeflow.running.controls")
CHALLENGE = Challenge(
    name="c",
    title="C",
    url="",
    metric=Metric(name="accuracy", description="", chance="0.5"),
    datasets=(),
    submissions=(),
    licence="",
    citation="",
    stages={"draw": "challengeflow.running.controls"},
)


class Plugin:
    """Of one challenge that draws, and one model."""

    @hookimpl
    def challenges(self):
        return [CHALLENGE]

    @hookimpl
    def models(self):
        return [MODEL]


@pytest.fixture
def jobs(tmp_path, monkeypatch) -> Jobs:
    """Of one model on one dataset; every output below the test's folder, and all code the same."""
    monkeypatch.setattr("challengeflow.reporting.stale.job_fingerprint", lambda *_: "code")
    dataset = DatasetSettings(source="demo", splits={"train": "train"}, gold=("train",), folds=2, shards={"train": 1})
    models = {"model": VariantSettings(kind="trained", model="model", seed=1)}
    settings = ChallengeSettings(results=str(tmp_path), seed=1, device="cpu", datasets={"d": dataset}, models=models)
    return Jobs(Plan("c", settings), Registry([("c", Plugin(), "c 1.0")]))


def lock(jobs: Jobs) -> Path:
    """Of the first fold's training."""
    return lock_of(jobs.layout, jobs.layout.model("d", "model", 0))


def done(job: PlannedJob, **other) -> None:
    """Leave what a job makes, with a note as the list has it; `other`: what the note says otherwise."""
    part = {key: value for key, value in as_json(job.part).items() if key != "results"}
    inputs = dict.fromkeys((os.path.relpath(path, job.part.results) for path in job.inputs), "")
    note = {"config": part, "code": "code", "inputs": inputs, "sha256": "", "plugin": "c 1.0", "versions": {}} | other
    for path in dict.fromkeys([job.outputs[0], *job.signs[:1]]):
        Path(path).mkdir(parents=True, exist_ok=True)
    Path(f"{job.outputs[0]}.provenance.json").write_text(json.dumps(note))


def test_the_jobs_are_those_of_the_workflow(site):
    site.configure(CONFIG)
    dry = site.snakemake("--dry-run", "--quiet", "all")
    assert dry.returncode == 0, dry.stderr
    counted = {
        rule: int(count) for rule, count in re.findall(r"^([\w-]+) +(\d+)$", dry.stdout + dry.stderr, re.MULTILINE)
    }
    own = ("all", "total", "leaderboard", "report")
    jobs = sum(count for rule, count in counted.items() if rule not in own)
    shown = site.challengeflow("status")
    assert shown.returncode == 0, shown.stderr
    assert jobs > 80 and f"0 of {jobs} jobs are done, 0 run, {jobs} are left" in shown.stdout
    assert re.search(rf"^digits +train +0 of {counted['train']}$", shown.stdout, re.MULTILINE)


def test_what_has_become_of_each_job(jobs):
    layout = jobs.layout
    done(jobs.get("index", "d"))
    done(jobs.get("preprocess", "d", "train-f0-000"))
    log = Path(layout.log("preprocess", "d", "train-f1-000"))
    log.parent.mkdir(parents=True)
    log.write_text("preprocess: a\n\nchallengeflow: the disk is full\n")
    with claimed(lock(jobs), "fold 0"):
        found = standing({"c": jobs})
    assert [job.name for job in found.running] == ["c/d/model/fold-0"]
    assert [job.name for job in found.stopped] == ["c/d/train-f1-000"]
    stages = [job.stage for job in found.done]  # raw is gone, what it was for is there
    assert stages == ["index", "download", "preprocess"]
    text = describe(found)
    assert f"running: train c/d/model/fold-0 by process {os.getpid()} on" in text
    assert "stopped: preprocess c/d/train-f1-000" in text and "    challengeflow: the disk is full" in text
    assert "3 of 11 jobs are done, 1 run, 8 are left" in text


def test_the_lock_of_a_dead_process_is_no_running_job(jobs):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    held = lock(jobs)
    held.parent.mkdir(parents=True)
    held.write_text(f"process {gone.pid} on {socket.gethostname()}")
    assert not standing({"c": jobs}).running


def test_the_log_of_a_job_that_was_done_before_is_no_failure(jobs):
    log = Path(jobs.layout.log("score", "d", "model"))
    log.parent.mkdir(parents=True)
    log.write_text("score c/d model: done in 0.1 s, peak memory 40 MiB of 500 stated\n")
    assert not standing({"c": jobs}).stopped


def test_watching_ends_when_all_is_done(jobs, capsys):
    for job in jobs:
        done(job)
    watch({"c": jobs})
    assert capsys.readouterr().out == "all 11 jobs are done\n"
    bars = describe(standing({"c": jobs}), bars=True).splitlines()
    assert f"c  train       {'█' * 24}      2 of 2" in bars


def test_progress_tells_rate_and_time_left(capsys, monkeypatch):
    clock = iter([0.0, 5.0, 12.0, 13.0])
    monkeypatch.setattr("challengeflow.contract.progress.time.monotonic", lambda: next(clock))
    assert list(Progress("train")(range(3), "video")) == [0, 1, 2]
    assert capsys.readouterr().err == "train: video 2 of 3 after 12 s (10 a minute, about 6 s left)\n"


def test_results_of_other_versions_are_named(jobs):
    """A new version of a library makes nothing again, but what the old one made is said."""
    training, now = jobs.get("train", "d", "model", "0"), versions_behind("c")
    done(training, versions=now | {"numpy": "1.0.0"})
    said = describe(standing({"c": jobs}))
    assert f"made by another version (numpy 1.0.0, now {now['numpy']}): train c/d/model/fold-0; remove" in said
    done(training, versions=now)
    assert "another version" not in describe(standing({"c": jobs}))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"code": "other"}, "made by other code"),
        ({"config": {"seed": 7}}, "made with "),
        ({"inputs": {"c/other": ""}}, "made from other inputs"),
    ],
)
def test_a_result_that_something_else_made_is_stale(jobs, other, why):
    done(jobs.get("index", "d"), **other)
    done(jobs.get("preprocess", "d", "train-f0-000"))
    found = standing({"c": jobs})
    index, prepared = jobs.get("index", "d"), jobs.get("preprocess", "d", "train-f0-000")
    assert found.stale[index].startswith(why)
    assert found.stale[prepared] == "made from index c/d, which is stale"


def test_a_result_without_a_note_is_stale(jobs):
    Path(jobs.get("train", "d", "model", "0").outputs[0]).mkdir(parents=True)
    assert list(standing({"c": jobs}).stale.values()) == ["there is no note of what made it"]
