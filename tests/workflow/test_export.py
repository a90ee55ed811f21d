"""A submission as an RO-Crate: complete, checked, and enough to make the submission again."""

import hashlib
import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import make_site

from challengeflow import InputError
from challengeflow.config import plans, resolve
from challengeflow.export import export
from challengeflow.plugins import Registry
from challengeflow.reproduce import config_of

CONFIG = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}, preprocess: {scale: 15}}
    models:
      one: {model: logistic, parameters: {iterations: 5}}
      two: {model: logistic, seed: 7, parameters: {iterations: 5}}
      both: {members: {one: 1, two: 3}}
    submissions: {csv: {mine: {few: both}}}
"""
FOLDER = "results/digits/submissions/csv/mine"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A site with one submission, the registry of its plugin, and the archive's members: name -> bytes."""
    site = make_site(tmp_path_factory.mktemp("export"))
    site.configure(CONFIG)
    done = site.snakemake(FOLDER)
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(site.folder / "plugins"), *sys.path])
        import challengeflow_digits

        site.registry = Registry([("digits", challengeflow_digits, "digits 1.0")])
        export(site.folder / FOLDER, site.folder / "mine.zip", site.registry)
    with zipfile.ZipFile(site.folder / "mine.zip") as archive:
        assert len(archive.namelist()) == len(set(archive.namelist()))
        site.members = {name: archive.read(name) for name in archive.namelist()}
    return site


def test_the_crate_describes_every_file_and_nothing_else(run):
    graph = json.loads(run.members["ro-crate-metadata.json"])["@graph"]
    entities = {each["@id"]: each for each in graph}
    files = {name for name, each in entities.items() if each["@type"] == "File"}
    assert files == set(run.members) - {"ro-crate-metadata.json"}
    root = entities["./"]
    assert root["license"] == {"@id": "#licence"} and entities["#licence"]["description"] == "BSD-3-Clause"
    assert {"name", "description", "datePublished"} <= set(root)
    references = [value for each in graph for value in each.values() if isinstance(value, dict)]
    references += [one for each in graph for value in each.values() if isinstance(value, list) for one in value]
    named = {one["@id"] for one in references if isinstance(one, dict)}
    assert {name for name in named if not name.startswith("http")} <= set(entities)
    assert entities["#numpy"]["softwareVersion"] and "package" in entities["#made"]["description"]


def test_the_checksums_are_those_of_the_files(run):
    lines = run.members["checksums.sha256"].decode().splitlines()
    assert len(lines) == len(run.members) - 2
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


def test_the_config_makes_the_same_submission(run, tmp_path):
    again = make_site(tmp_path)
    (tmp_path / "config.yaml").write_bytes(run.members["config.yaml"])
    done = again.snakemake(FOLDER)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / FOLDER / "submission.csv").read_bytes() == run.members["submission/submission.csv"]


def test_a_config_that_is_written_out_resolves_to_itself(run):
    resolved = resolve(yaml.safe_load(CONFIG), run.registry)
    written = config_of("digits", resolved["challenges"]["digits"], ["few"], ["one", "two", "both"])
    again = resolve(written, run.registry)["challenges"]["digits"]
    assert again | {"submissions": None} == resolved["challenges"]["digits"] | {"submissions": None}
    assert plans(resolved)


def test_what_is_no_submission_is_said(run, tmp_path):
    with pytest.raises(InputError, match="is no submission of a run"):
        export(tmp_path, tmp_path / "x.zip", run.registry)
    shutil.copytree(run.folder / "results", tmp_path / "results")
    (tmp_path / "results/digits/few/both/decision.json").unlink()
    with pytest.raises(InputError, match=r"digits/few/both/decision\.json.* is gone; run the workflow again"):
        export(tmp_path / FOLDER, tmp_path / "x.zip", run.registry)


def test_what_to_cite(run):
    done = run.challengeflow("cite")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("@misc{digits,\n") and "@software{challengeflow," in done.stdout
    assert done.stdout == run.challengeflow("cite", "digits").stdout
    assert Path(run.folder, "mine.zip").stat().st_size < 100_000
