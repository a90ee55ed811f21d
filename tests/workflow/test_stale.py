"""Results of another config or code are named stale, and never shown as this run's."""

import csv
import shutil

import pytest
from conftest import Site, make_site

CONFIG = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {{source: demo, folds: 2, shards: {{train: 1, test: 1}}}}
    models:
      one: {{model: logistic, parameters: {{iterations: {iterations}}}}}
      two: {{model: logistic, parameters: {{iterations: 2}}}}
"""
SUBMISSION = "results/digits/submissions/csv/few-one"


@pytest.fixture(scope="module")
def finished_once(tmp_path_factory) -> Site:
    site = make_site(tmp_path_factory.mktemp("stale"))
    site.configure(CONFIG.format(iterations=3))
    done = site.snakemake("--quiet")
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def finished(finished_once, tmp_path) -> Site:
    shutil.copytree(finished_once.folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    return Site(tmp_path)


def said(site: Site, *arguments: str) -> str:
    done = site.challengeflow(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_is_stale_after_a_run(finished):
    assert "stale" not in said(finished, "status")
    assert "all" in said(finished, "status") and "jobs are done" in said(finished, "status")
    assert "stale" not in said(finished, "compare", "digits/few/one", "digits/few/two")
    assert "what is there is stale" not in (finished.folder / "results/report.html").read_text()


def test_a_changed_parameter_makes_what_it_made_stale_everywhere(finished):
    finished.configure(CONFIG.format(iterations=4))
    status = said(finished, "status")
    assert "stale: train digits/few/one/fold-0: made with models.one.parameters.iterations: 3 -> 4" in status
    assert "jobs are done" in status and "all" not in status.splitlines()[-1]
    page = finished.folder / said(finished, "report").strip()
    text = page.read_text()
    assert "digits/few/one (what is there is stale: made" in text
    assert 'href="#digits/few/two"' in text and 'href="#digits/few/one"' not in text
    said(finished, "leaderboard")
    with open(finished.folder / "results/leaderboard.csv", newline="") as file:
        assert {row["model"] for row in csv.DictReader(file)} == {"two"}
    compared = said(finished, "compare", "digits/few/one", "digits/few/two")
    assert "stale: results/digits/few/one: made " in compared and "few/two: made" not in compared
    refused = finished.challengeflow("export", SUBMISSION)
    assert refused.returncode == 1 and "few-one is stale: made" in refused.stderr
    assert not list(finished.folder.glob("*.crate.zip"))


def test_changed_code_makes_stale_what_it_made(finished):
    accuracy = finished.plugin / "accuracy.py"
    accuracy.write_text(accuracy.read_text().replace("> 0.5) == ", ">= 0.5) == "))
    status = said(finished, "status")
    assert "stale: score digits/few/one: made by other code" in status and "stale: train" not in status
    assert "digits/few/two (what is there is stale" in (finished.folder / said(finished, "report").strip()).read_text()


def test_what_is_made_anew_makes_stale_what_was_made_from_it(finished):
    """A stage that was run by hand, with another config: what lies below it is not of one piece any more."""
    finished.configure(CONFIG.format(iterations=5))
    for fold in ("0", "1"):
        done = finished.challengeflow("train", "digits/few", "one", fold)
        assert done.returncode == 0, done.stderr
    status = said(finished, "status")
    assert "stale: train" not in status
    assert "stale: predict digits/few/one/few/train-f0-000: made with models.one.parameters.iterations" in status
