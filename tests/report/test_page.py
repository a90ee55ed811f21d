"""What the report says, and how it counts."""

import json
import shutil

import pytest
from report_size import make_up

from challengeflow.reporting.page import album, page
from challengeflow.reporting.page.curves import svg, ticks
from challengeflow.reporting.page.gather import Gathered


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two models on 40 samples: what the report is about."""
    return make_up(tmp_path_factory.mktemp("run"), models=2, samples=40, pixels=8)


def gathered(about):
    return Gathered("made-up", about["challenges"]["made-up"])


def test_scores_are_scaled_between_the_controls(run):
    results = {variant.name: variant.results[0] for variant in gathered(run).variants}
    assert results["control-random"].scaled == 0 and results["control-perfect"].scaled == 1
    assert results["model-01"].scaled == pytest.approx((results["model-01"].score - 0.5) / 0.5)
    assert results["model-01"].split == "train"


def test_controls_stand_below_the_models(run):
    kinds = [variant.kind == "control" for variant in gathered(run).variants]
    assert kinds == sorted(kinds) and any(kinds)
    board = [row for row in page.board([gathered(run)]) if row["split"] == "train"]
    assert [row["variant"].kind if "variant" in row else "published" for row in board] == [
        *("ensemble", "trained", "trained", "published"),
        *("control", "control"),
    ]


def test_costs_are_of_a_models_own_jobs_and_an_ensembles_members(run):
    costs = {variant.name: variant.cost for variant in gathered(run).variants}
    shards = 5 * 2 + 2
    assert costs["model-00"].cpu_hours == pytest.approx((5 * 60 + shards * 2) / 3600)
    assert costs["both"].cpu_hours == pytest.approx((2 * 5 * 60 + 3 * shards * 2) / 3600)
    assert costs["control-random"].cpu_hours == pytest.approx(2 / 3600)
    assert costs["control-random"].seconds_a_case is None
    assert costs["model-00"].peak_mb == 200.5
    assert costs["model-00"].seconds_a_case == pytest.approx(2.5 / (40 // shards))
    stages = {row.stage: row for row in gathered(run).stages}
    assert stages["train"].jobs == 2 * 5 and stages["preprocess"].cpu_seconds == shards * 3


def test_what_the_page_says(run):
    text = page.render([gathered(run)])
    assert "guesses &lt;well&gt;" in text  # what a plugin says is text, not markup
    assert "Copyright (c) 2022 Leon Sorokin" in text  # of what is inside, as its licence asks
    assert "2 samples could not be read" in text and "s25 (file missing)" in text
    assert '<p class="warning">train: few groups</p>' in text
    assert "a paper" in text and "published" in text
    assert "snakemake" in text and "made-up/one/model-01/scores.json --configfile config.yaml" in text


def test_what_is_not_there_yet_is_said(run, tmp_path):
    shutil.copytree(run["results"], tmp_path / "results")
    moved = json.loads(json.dumps(run).replace(run["results"], str(tmp_path / "results")))
    (tmp_path / "results/made-up/one/model-01/scores.json").unlink()
    assert gathered(moved).waiting == ["one/model-01"]
    assert "Not scored yet: made-up/one/model-01" in page.render([gathered(moved)])


def test_pictures_beyond_the_size_of_the_page_are_linked(run, monkeypatch):
    monkeypatch.setattr(album, "MOST_BYTES", 1000)
    text = page.render([gathered(run)])
    assert "data:image/png;base64," in text and 'src="made-up/one/both/pictures/0.png"' in text


def test_a_curve_is_drawn_within_its_axes():
    assert ticks([0.13, 0.91]) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks([3, 3])[0] <= 3 <= ticks([3, 3])[-1]
    lines = [{"name": "<one>", "x": [0, 1], "y": [-1e-3, 5e-3]}]
    drawn = svg({"title": "t", "x_label": "x", "y_label": "y", "lines": lines})
    assert "<title>&lt;one&gt;</title>" in drawn and drawn.count("<polyline") == 1
