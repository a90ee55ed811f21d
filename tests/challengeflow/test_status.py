"""How far a run is: done, running, stopped with the end of its log, waiting."""

import hashlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from challengeflow.contract.progress import Progress
from challengeflow.planning.expected import expected
from challengeflow.planning.plan import Plan
from challengeflow.reporting.status import describe, standing, watch
from challengeflow.running.atomic import claimed

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


@pytest.fixture
def plan(tmp_path) -> Plan:
    """Of one model on one dataset; every output below the test's folder."""
    dataset = {"source": "demo", "splits": ["train"], "gold": ["train"], "archives": [], "extends": None}
    dataset |= {"folds": 2, "shards": {"train": 1}, "trained_on": None}
    models = {"model": {"kind": "trained", "model": "model", "refit": False}}
    return Plan("c", {"results": str(tmp_path), "datasets": {"d": dataset}, "models": models})


def lock_of(plan: Plan) -> Path:
    """Of the first fold's training."""
    training = Path(plan.layout.model("d", "model", 0)).resolve()
    return Path(plan.layout.work("lock", hashlib.sha256(str(training).encode()).hexdigest()[:16]))


def done(path: str) -> None:
    Path(path).mkdir(parents=True)


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
    assert jobs > 100 and f"0 of {jobs} jobs are done, 0 run, {jobs} are left" in shown.stdout
    assert re.search(rf"^digits +train +0 of {counted['train']}$", shown.stdout, re.MULTILINE)


def test_what_has_become_of_each_job(plan):
    layout = plan.layout
    done(layout.samples("d"))
    done(layout.prepared("d", "train-f0-000"))
    log = Path(layout.log("preprocess", "d", "train-f1-000"))
    log.parent.mkdir(parents=True)
    log.write_text("preprocess: a\n\nchallengeflow: the disk is full\n")
    with claimed(lock_of(plan), "fold 0"):
        found = standing({"c": plan}, {"c": False})
    assert [job.name for job in found.running] == ["c/d/model/fold-0"]
    assert [job.name for job in found.stopped] == ["c/d/train-f1-000"]
    stages = [job.stage for job in found.done]  # raw is gone, what it was for is there
    assert stages == ["index", "download", "preprocess"]
    text = describe(found)
    assert f"running: train c/d/model/fold-0 by process {os.getpid()} on" in text
    assert "stopped: preprocess c/d/train-f1-000" in text and "    challengeflow: the disk is full" in text
    assert "3 of 10 jobs are done, 1 run, 7 are left" in text


def test_the_lock_of_a_dead_process_is_no_running_job(plan):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock = lock_of(plan)
    lock.parent.mkdir(parents=True)
    lock.write_text(f"process {gone.pid} on {socket.gethostname()}")
    assert not standing({"c": plan}, {"c": False}).running


def test_the_log_of_a_job_that_was_done_before_is_no_failure(plan):
    log = Path(plan.layout.log("score", "d", "model"))
    log.parent.mkdir(parents=True)
    log.write_text("score c/d model: done in 0.1 s, peak memory 40 MiB of 500 stated\n")
    assert not standing({"c": plan}, {"c": False}).stopped


def test_watching_ends_when_all_is_done(plan, capsys):
    for job in expected(plan, draws=True):
        path = Path(job.signs[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    watch({"c": plan}, {"c": True})
    assert capsys.readouterr().out == "all 11 jobs are done\n"
    bars = describe(standing({"c": plan}, {"c": True}), bars=True).splitlines()
    assert f"c  train       {'█' * 24}      2 of 2" in bars


def test_progress_tells_rate_and_time_left(capsys, monkeypatch):
    clock = iter([0.0, 5.0, 12.0, 13.0])
    monkeypatch.setattr("challengeflow.contract.progress.time.monotonic", lambda: next(clock))
    assert list(Progress("train")(range(3), "video")) == [0, 1, 2]
    assert capsys.readouterr().err == "train: video 2 of 3 after 12 s (10 a minute, about 6 s left)\n"
