"""Five challenges of unlike kinds, as a stranger would write them: through the workflow, and held to the contract.

None needs a word of Snakemake, nor a change of the core: what a challenge declares is enough.
"""

import csv
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Site, install_plugin

from challengeflow.arrays import Predictions
from challengeflow.planning.plugins import registry
from challengeflow.testing import ChallengeContract

pytestmark = pytest.mark.long

KINDS = Path(__file__).parent / "kinds"
NAMES = ("tides", "cells", "boats", "loads", "songs")
WORKER = {
    "tides": "ridge: 500",
    "cells": "shift: 0.3",
    "boats": "backwards: true",
    "loads": "hours: 3",
    "songs": "steps: 2",
}
"""Of each, the parameter that makes its model worse (of boats: another order of the same boxes)."""

MODELS = {"tides": "linear", "cells": "nearest", "boats": "bright", "loads": "linear", "songs": "logistic"}
DATASETS = {"tides": "coast", "cells": "plates", "boats": "harbour", "loads": "city", "songs": "wood"}
CONFIG = "challenges:\n" + "".join(
    f"  {name}:\n    datasets: {{{DATASETS[name]}: {{source: demo}}}}\n    models:\n"
    f"      good: {{model: {MODELS[name]}}}\n      worse: {{model: {MODELS[name]}, parameters: {{{WORKER[name]}}}}}\n"
    "      both: {members: [good, worse]}\n"
    for name in NAMES
)


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """A folder with all five, as pip would install them."""
    folder = tmp_path_factory.mktemp("kinds") / "plugins"
    for name in NAMES:
        install_plugin(KINDS / f"challengeflow_{name}", folder, name)
    return folder


@pytest.fixture(scope="module")
def finished(plugins):
    """A run of all five through the workflow."""
    site = Site(plugins.parent)
    site.configure(CONFIG)
    done = site.snakemake("--quiet", CHALLENGEFLOW_PLUGINS=",".join(NAMES))
    assert done.returncode == 0, done.stdout + done.stderr
    return site


@pytest.fixture(scope="module")
def board(finished):
    """(challenge, split) -> models, the best first; and every row by challenge, split and model."""
    with open(finished.folder / "results/leaderboard.csv") as file:
        rows = list(csv.DictReader(file))
    order = {}
    for row in rows:
        order.setdefault((row["challenge"], row["split"]), []).append(row["model"])
    return order, {(row["challenge"], row["split"], row["model"]): row for row in rows}


def inside(row, level):
    return float(row["low"]) <= level <= float(row["high"])


@pytest.mark.parametrize("name", NAMES)
def test_it_is_small(name):
    code = [path.read_text() for path in (KINDS / f"challengeflow_{name}").rglob("*") if path.suffix in (".py", ".smk")]
    assert sum(bool(line.strip()) for text in code for line in text.splitlines()) < 120
    assert not list((KINDS / f"challengeflow_{name}").rglob("*.smk"))


@pytest.mark.parametrize("name", NAMES)
def test_the_leaderboard_is_in_the_right_order(board, name):
    """Whichever way the metric goes: good, worse, and below them the controls, the perfect one first."""
    for (challenge, split), models in board[0].items():
        if challenge == name:
            assert models[-3] == "control-perfect" and set(models[-2:]) == {"control-prior", "control-random"}, split
            scores = [float(board[1][name, split, model]["score"]) for model in ("good", "worse")]
            assert scores[0] == scores[1] if name == "boats" else models.index("good") < models.index("worse"), split


def test_the_best_is_named_in_the_report(finished):
    """Where an ensemble is as good as its better member, either."""
    text = (finished.folder / "results/report.html").read_text()
    overview = text[text.index("What came out") : text.index("What it took")]
    best = re.findall(r'verdict"><a href="#(\w+)/\w+/(\w+)"', overview)
    assert len(best) == len(NAMES) and {model for _, model in best} <= {"good", "both"}
    assert dict(best)["tides"] == dict(best)["loads"] == "good"  # of which lower is better
    assert "Lower is better." in text


def test_controls_that_know_nothing_score_at_chance(finished, board):
    rows = board[1]
    for split in ("recorded", "public"):
        assert inside(rows["songs", split, "control-random"], 0.5) and inside(
            rows["songs", split, "control-prior"], 0.5
        )
    for control in ("control-random", "control-prior"):
        assert inside(rows["boats", "train", control], 0)
    assert inside(rows["cells", "train", "control-random"], 0.13)
    heights = json.loads((finished.folder / "results/tides/coast/index/gold/heights.json").read_text())
    with open(finished.folder / "results/tides/coast/index/samples.csv") as file:
        known = [heights[row["sample"]] for row in csv.DictReader(file) if row["split"] == "train"]
    assert inside(rows["tides", "train", "control-prior"], float(np.std(known)))
    width = max(known) - min(known)  # drawn evenly between the least and the greatest
    middle = (max(known) + min(known)) / 2
    expected = np.sqrt(np.var(known) + (np.mean(known) - middle) ** 2 + width**2 / 12)
    assert inside(rows["tides", "train", "control-random"], float(expected))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "boats"])
def test_compare_says_that_the_good_one_is_ahead(finished, name):
    pair = [f"{name}/{DATASETS[name]}/{model}" for model in ("good", "worse")]
    done = finished.challengeflow("compare", *pair, CHALLENGEFLOW_PLUGINS=",".join(NAMES))
    assert "A ahead in 100% of resamples: holds" in done.stdout, done.stdout + done.stderr
    turned = finished.challengeflow("compare", *pair[::-1], CHALLENGEFLOW_PLUGINS=",".join(NAMES))
    assert "A ahead in 0% of resamples: holds" in turned.stdout


def test_ensembles_merge_as_each_kind_does(finished, board):
    """Boxes in another order are the same boxes: each detector and both together score the same."""
    rows, results = board[1], finished.folder / "results"
    assert len({rows["boats", "train", model]["score"] for model in ("good", "worse", "both")}) == 1
    votes = Predictions(results / "cells/plates/both/predictions/plates/test-000")
    assert {mask.dtype for mask in votes.values()} == {np.dtype(np.uint8)} and len(
        {m.shape for m in votes.values()}
    ) > 2
    good, worse, both = (
        Predictions(results / f"loads/city/{model}/predictions/city/test-000") for model in ("good", "worse", "both")
    )
    for sample in both:
        assert both[sample] == pytest.approx((good[sample] + worse[sample]) / 2, rel=1e-5)


def test_each_submission_answers_its_splits(finished):
    folder = finished.folder / "results/songs/submissions"
    lines = {
        kind: len((folder / kind / "wood-both/submission.csv").read_text().splitlines()) for kind in ("first", "final")
    }
    assert lines == {"first": 60, "final": 120}
    runs = (finished.folder / "results/cells/submissions/csv/plates-good/submission.csv").read_text().splitlines()
    sample, label, spans = runs[0].split(",")
    mask = Predictions(finished.folder / "results/cells/plates/good/predictions/plates/test-000")[sample]
    lengths = [int(number) for number in spans.split()[1::2]]
    assert sum(lengths) == (mask == int(label)).sum()


def test_folds_in_the_order_of_time_train_on_what_is_over(finished):
    """The start of the series is for training alone; a fold's model is the same whatever comes after its training."""
    city = finished.folder / "results/loads/city"
    with open(city / "index/samples.csv") as file:
        rows = list(csv.DictReader(file))
    assert {row["shard"].rpartition("-")[0] for row in rows if row["fold"] == ""} == {"train", "test"}
    log = (finished.folder / "results/logs/loads/city/good/fold-0/train.log").read_text()
    assert "done in" in log
    weights = [np.load(city / f"good/fold-{fold}/model.npz")["missed"] for fold in range(3)]
    assert not np.array_equal(weights[0], weights[1])


class _Kind(ChallengeContract):
    """The kit on one of them."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def installed(cls, plugins):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", [str(plugins), *sys.path])
            patch.setenv("CHALLENGEFLOW_PLUGINS", cls.challenge)
            registry.cache_clear()
            yield
        registry.cache_clear()


class TestTides(_Kind):
    challenge = "tides"


class TestCells(_Kind):
    challenge = "cells"


class TestBoats(_Kind):
    challenge = "boats"


class TestLoads(_Kind):
    challenge = "loads"


class TestSongs(_Kind):
    challenge = "songs"
