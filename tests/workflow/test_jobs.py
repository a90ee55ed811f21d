"""One list of jobs: what it says is what Snakemake is told, what the stage is given and what is noted beside the
results."""

from dataclasses import fields, is_dataclass
from pathlib import Path

from conftest import ROOT

from challengeflow.contract.jobs import Shard
from challengeflow.dag import KEYS, Dag
from challengeflow.planning.part_file import read_part
from challengeflow.planning.plugins import registry
from challengeflow.planning.read_config import read_config
from challengeflow.planning.settings import as_json, challenge_settings
from challengeflow.running.given import given

CONFIG = """
challenges:
  digits:
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}}
    models:
      one: {model: logistic, refit: true, parameters: {iterations: 2}}
      two: {model: logistic, parameters: {iterations: 2}}
      both: {members: [one, two]}
"""


class Wildcards(dict):
    """As Snakemake gives them: by key and by name."""

    __getattr__ = dict.__getitem__


def demo() -> Dag:
    return Dag(read_config(ROOT / "config.yaml"), registry())


def wildcards_of(job) -> Wildcards:
    return Wildcards(challenge=job.challenge, **dict(zip(KEYS[job.stage], job.parts, strict=True)))


def paths_in(value) -> set[str]:
    """Every path that a stage is given, but for its outputs and its work folder."""
    if isinstance(value, Path):
        return {str(value)}
    if is_dataclass(value):
        return {path for one in fields(value) for path in paths_in(getattr(value, one.name))}
    if isinstance(value, dict):
        return {path for each in value.values() for path in paths_in(each)}
    if isinstance(value, tuple | list):
        return {path for each in value for path in paths_in(each)}
    return set()


def test_every_job_is_listed_once():
    for jobs in demo().jobs.values():
        listed = [(job.stage, *job.parts) for job in jobs]
        assert len(listed) == len(set(listed)) > 10


def test_the_workflow_is_told_what_the_list_says(tmp_path, monkeypatch):
    run = demo()
    monkeypatch.chdir(tmp_path)
    for jobs in run.jobs.values():
        for job in jobs:
            told = run.inputs(job.stage, None)(wildcards_of(job))
            assert told == list(job.targets)
            assert all(jobs.layout.target(path) in told for path in job.inputs)
            part = read_part(run.part(job.stage)(wildcards_of(job)))
            assert challenge_settings(part) == job.part and part == as_json(job.part)


def test_a_stage_sees_no_path_that_is_not_listed(tmp_path, monkeypatch):
    """Of every job that calls a hook: its inputs, outputs and work folder are all the paths it gets."""
    monkeypatch.setattr("challengeflow.running.given.read_samples", lambda _: ())
    common = {"seed": 1, "threads": 1, "device": "cpu", "work": tmp_path / "work", "progress": None}
    for jobs in demo().jobs.values():
        for job in jobs:
            if job.built_in:
                continue
            outputs = [Path(path) for path in job.outputs]
            about = {"challenge": job.challenge, "dataset": job.dataset, "parameters": job.parameters}
            called = given(jobs, job, common | about, outputs)
            allowed = {*job.inputs, *job.outputs, *job.files}
            beside = {f"{job.outputs[0]}-gold", f"{job.outputs[0]}/gold"}  # where download leaves gold
            extra = {path for path in paths_in(called) if not path.startswith(str(tmp_path))} - allowed - beside
            assert not extra, f"{job}: {extra}"
            seen = {str(shard.gold) for shard in shards_of(called) if shard.gold}
            assert seen <= set(job.gold), f"{job}: {seen}"


def shards_of(called) -> list[Shard]:
    found = [*getattr(called, "shards", ()), *getattr(called, "unlabelled", ())]
    found += [shard for answers in getattr(called, "answers", {}).values() for shard in answers.shards]
    return found + ([called.shard] if isinstance(getattr(called, "shard", None), Shard) else [])


def test_what_is_noted_is_what_the_list_says(site):
    """Of a whole run: the notes' inputs are those of the list, and the folds' training and package are as it says."""
    site.configure(CONFIG)
    done = site.snakemake("--quiet")
    assert done.returncode == 0, done.stderr
    compared = site.python(COMPARING)
    assert compared.returncode == 0, compared.stderr
    assert int(compared.stdout) > 40


COMPARING = """
import json, os
from challengeflow.dag import load
from challengeflow.planning.read_config import read_config
compared = 0
for job in load(read_config("config.yaml")).jobs["digits"]:
    for output in job.outputs:
        if job.stage == "download":
            continue  # raw shards are gone, and their notes with them
        note = json.loads(open(output + ".provenance.json").read())
        assert set(note["inputs"]) == {os.path.relpath(path, "results") for path in job.inputs}, str(job)
        assert note["stage"] == job.hook, str(job)
        compared += 1
print(compared)
"""
