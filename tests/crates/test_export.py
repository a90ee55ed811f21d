"""A submission as an RO-Crate: complete, checked, and enough to make the submission again."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import Site
from crates.conftest import CONFIG, FOLDER

from challengeflow import InputError
from challengeflow.crates.export import export
from challengeflow.planning.config import resolve
from challengeflow.planning.reproduce import config_of

ENSEMBLE = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {source: demo, folds: 2}
      many: {source: demo, preprocess: {scale: 15}}
    models:
      one: {model: logistic}
      two: {model: logistic, seed: 7, refit: true}
      both: {members: {one: 1, two: 3}}
"""


def test_the_crate_describes_every_file_and_nothing_else(run):
    graph = json.loads(run.members["ro-crate-metadata.json"])["@graph"]
    entities = {each["@id"]: each for each in graph}
    files = {name for name, each in entities.items() if "File" in each["@type"]}
    assert files == set(run.members) - {"ro-crate-metadata.json"}
    root = entities["./"]
    assert root["license"] == {"@id": "#licence"} and entities["#licence"]["description"] == "BSD-3-Clause"
    assert {"name", "description", "datePublished"} <= set(root)
    references = [value for each in graph for value in each.values() if isinstance(value, dict)]
    references += [one for each in graph for value in each.values() if isinstance(value, list) for one in value]
    named = {one["@id"] for one in references if isinstance(one, dict)}
    assert {name for name in named if not name.startswith("http")} <= set(entities)
    assert entities["#numpy"]["softwareVersion"] and entities["#challengeflow_digits"]["softwareVersion"] == "1.0"
    assert "package" in entities["#made"]["description"]


def test_a_validator_accepts_it(run, valid):
    for name in ("mine.zip", "with-models.zip"):
        assert valid(run.folder / name) == []
    broken = run.folder / "broken.zip"
    with zipfile.ZipFile(broken, "w") as archive:
        for name, content in run.members.items():
            archive.writestr(name, content.replace(b'"mainEntity"', b'"mainThing"'))
    assert valid(broken) != []


def test_the_checksums_are_those_of_the_files(run):
    lines = run.members["checksums.sha256"].decode().splitlines()
    assert len(lines) == len(run.members) - 1
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256(run.members[name]).hexdigest() == digest


def test_the_notes_reach_back_to_the_raw_data(run):
    stages = {
        json.loads(data)["stage"]
        for name, data in run.members.items()
        if "provenance/" in name and "stage" in json.loads(data)
    }
    assert stages == {"download", "preprocess", "train", "predict", "score", "package"}
    assert b"Alpaydin" in run.members["citations.bib"]


def test_the_config_makes_the_same_submission(run):
    """To the workflow nothing is different where it stands in for the one that was used."""
    run.configure(run.members["config.yaml"].decode())
    done = run.snakemake(FOLDER, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Nothing to be done" in done.stdout + done.stderr
    run.configure(run.members["config.yaml"].decode().replace("iterations: 5", "iterations: 6"))
    assert "Nothing to be done" not in run.snakemake(FOLDER, "--dry-run").stderr


def test_the_snakefile_in_it_runs_in_the_unpacked_crate(run, tmp_path):
    for name in ("Snakefile", "config.yaml"):
        (tmp_path / name).write_bytes(run.members[name])
    asked = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--quiet", "rules"]
    done = subprocess.run(asked, cwd=tmp_path, env=run.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^package +1$", done.stdout + done.stderr, re.MULTILINE)


def test_a_config_that_is_written_out_resolves_to_itself(run):
    resolved = resolve(yaml.safe_load(ENSEMBLE), run.registry)
    written = config_of("digits", resolved.challenges["digits"], ["few", "many"], ["one", "two", "both"])
    again = resolve(written, run.registry).challenges["digits"]
    assert replace(again, submissions={}) == replace(resolved.challenges["digits"], submissions={})


def test_a_stage_that_was_run_by_hand_changes_nothing(run, tmp_path):
    """Its note has the whole config of then, with models and controls that the submission has nothing to do with."""
    shutil.copytree(run.folder, tmp_path, dirs_exist_ok=True)
    more = CONFIG.replace("controls: false", "controls: true").replace(
        "models:\n", "models:\n      two: {model: logistic}\n"
    )
    by_hand = Site(tmp_path)
    by_hand.configure(more)
    done = by_hand.challengeflow("score", "digits/few", "one")
    assert done.returncode == 0, done.stderr
    export(tmp_path / FOLDER, tmp_path / "again.zip", run.registry)
    with zipfile.ZipFile(tmp_path / "again.zip") as archive:
        assert archive.read("config.yaml") == run.members["config.yaml"]


def test_what_is_no_submission_is_said(run, tmp_path):
    with pytest.raises(InputError, match="is no submission of a run"):
        export(tmp_path, tmp_path / "x.zip", run.registry)
    shutil.copytree(run.folder / "results", tmp_path / "results")
    (tmp_path / "results/digits/few/one/decision.json").unlink()
    with pytest.raises(InputError, match=r"digits/few/one/decision\.json.* is gone; run the workflow again"):
        export(tmp_path / FOLDER, tmp_path / "x.zip", run.registry)


def test_what_to_cite(run):
    done = run.challengeflow("cite")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("@misc{digits,\n") and "@software{challengeflow," in done.stdout
    assert done.stdout == run.challengeflow("cite", "digits").stdout
    assert Path(run.folder, "mine.zip").stat().st_size < 100_000


def test_nothing_in_it_names_a_place_of_this_machine(run):
    here = [str(run.folder), str(Path.home()), str(Path.cwd())]
    told = {name for name, content in run.with_models.items() if any(each.encode() in content for each in here)}
    assert told == set()
