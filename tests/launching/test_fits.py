"""What a run would take, and what cannot fit: known before anything runs, each with the mend."""

from dataclasses import replace
from pathlib import Path

import pytest
from digits import challengeflow_digits as digits

from challengeflow import Resources, Source
from challengeflow.launching import extras, fits
from challengeflow.launching.estimate import Needs, counted, described
from challengeflow.launching.fits import Way, shortcomings, way
from challengeflow.launching.jobs_left import jobs_left
from challengeflow.launching.machine import Machine
from challengeflow.planning.config import resolve
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import plans
from challengeflow.planning.plugins import Registry, registry
from challengeflow.planning.shipped import shipped

HERE = Way()
SMALL = Machine(cores=2, memory_mb=1000, disk_mb=900, gpus=())
CONFIG = {
    "challenges": {"digits": {"datasets": {"few": {"source": "demo", "folds": 2, "shards": {"train": 1, "test": 1}}}}}
}


@pytest.fixture
def found(tmp_path, monkeypatch) -> Registry:
    """The digits plugin, whose demo is large and whose training takes much memory; in a folder without results."""
    monkeypatch.chdir(tmp_path)
    made = Registry([("digits", digits, "x 1")])
    challenge = made.challenges["digits"]
    large = Source(raw_mb=600, prepared_mb=300, core_hours=3)
    datasets = tuple(replace(dataset, sources=dataset.sources | {"demo": large}) for dataset in challenge.datasets)
    made.challenges["digits"] = replace(challenge, datasets=datasets)
    hungry = {"train": Resources(mem_mb=5000, runtime=30, gpu=1), "predict": Resources(mem_mb=100)}
    made.models["digits", "logistic"] = replace(made.models["digits", "logistic"], resources=hungry)
    return made


def listed(found: Registry, **changes):
    """Settings, and the lists of jobs by challenge."""
    settings = resolve(CONFIG | changes, found)
    return settings, {name: Jobs(plan, found) for name, plan in plans(settings).items()}


def said(found: Registry, machine: Machine, way: Way = HERE, **changes) -> list[str]:
    """What cannot fit."""
    settings, jobs = listed(found, **changes)
    every = [job for one in jobs.values() for job in one]
    needs = Needs(settings, every, every, found)
    return list(shortcomings(settings, every, needs.disk_mb, found, machine, way))


def test_memory_and_disk_that_are_not_there_are_refused_with_the_mend(found):
    memory, disk = said(found, replace(SMALL, disk_mb=800))
    assert memory.startswith(
        "train digits/few/logistic/fold-0 may take 5000 MiB of memory, and this machine has 1000; leave"
    )
    assert "-- --resources mem_mb=5000" in memory
    assert disk.startswith("roughly 0.9 GiB of disk are needed below results, and 0.8 GiB is free; name another disk")
    assert "bound what is on disk at once by `raw_shards: 4`" in disk
    assert said(found, replace(SMALL, memory_mb=8000)) == []
    # One raw shard of three at once: 200 and 300 MiB.
    assert said(found, replace(SMALL, memory_mb=8000, disk_mb=501), raw_shards=1) == []


def test_what_runs_elsewhere_or_within_limits_of_the_user_is_not_judged_by_this_machine(found):
    assert said(found, SMALL, Way(limited=True)) == said(found, SMALL, Way(here=False)) == []
    assert way(["--sdm", "conda"], None) == Way(own_environment=False)
    assert way(["--resources", "mem_mb=1"], None) == Way(limited=True)
    assert not way([], str(shipped() / "profiles/slurm")).here
    assert way([], str(shipped() / "profiles/conda")) == Way(own_environment=False)


def test_a_gpu_that_is_not_there(found):
    large = replace(SMALL, memory_mb=8000)
    assert said(found, large, device="cuda") == [
        "the config says `device: cuda`, and this machine has no NVIDIA GPU; write `device: cpu`"
    ]
    assert said(found, replace(large, gpus=("H200",)), device="cuda") == []


def test_a_missing_extra_of_a_model_that_is_wanted_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(extras, "_absent", lambda name: name in ("torch", "simpleitk"))
    config = {
        "challenges": {
            "mood": {"datasets": {"brain": {"source": "demo"}}, "models": {"unet3d": {}, "pca-residual": {}}}
        }
    }
    settings = resolve(config, registry())
    jobs = {name: Jobs(plan, registry()) for name, plan in plans(settings).items()}
    left = jobs_left(jobs)
    sentence = (
        "the model unet3d of mood needs simpleitk, torch, not installed here; pip install 'challengeflow-mood[torch]'"
    )
    assert list(fits.missing_extras(left, registry())) == [sentence]
    other = jobs_left(jobs, ["results/mood/brain/pca-residual/scores.json"])
    assert {job.variant for job in other} == {None, "pca-residual"} and 0 < len(other) < len(left)
    assert list(fits.missing_extras(other, registry())) == []
    assert jobs_left(jobs, ["mood"]) and len(jobs_left(jobs, ["some_rule"])) == len(left)


def test_jobs_that_are_done_are_not_left(found):
    _, jobs = listed(found)
    before = jobs_left(jobs)
    Path("results/digits/few/index").mkdir(parents=True)
    Path("results/digits/few/index/samples.csv").touch()
    Path("results/digits/few/prepared/test-000").mkdir(parents=True)
    gone = set(map(str, before)) - set(map(str, jobs_left(jobs)))
    assert gone == {"index few", "download few test-000", "preprocess few test-000"}


def test_the_table_of_a_dry_run_counts_stages_and_adds_up(found):
    rows = "predict          3\nensemble         6\ntrain            2\nall              1\ntotal           12\n"
    table = f"Job stats:\njob          count\n-----------  -----\n{rows}\nmore"
    counts = counted(table)
    assert counts == {"predict": 9, "train": 2}
    settings, jobs = listed(found)
    every = list(jobs["digits"])
    needs = Needs(settings, every, every, found)
    lines = described(counts, every, 2, needs).splitlines()
    assert lines[0].split() == ["stage", "jobs", "took", "here", "at", "most", "memory", "of", "one"]
    assert lines[1].split() == ["train", "2", "1.0", "h", "4.9", "GiB"]
    assert lines[-1].startswith("11 jobs on 2 cores: roughly 1.5 h, at most ") and lines[-1].endswith("roughly 0.9 GiB")
    benchmark = Path(next(job.benchmark for job in every if job.stage == "train"))
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\n360.0\t0:06:00\n")
    assert described(counts, every, 2, needs).splitlines()[1].split()[:5] == ["train", "2", "12.0", "min", "1.0"]
