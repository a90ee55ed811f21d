"""The leaderboard and the page rank by the metric's direction."""

import csv
import json

import pytest
from report_size import make_up

from challengeflow.reporting import leaderboard
from challengeflow.reporting.axis import axis
from challengeflow.reporting.page import page
from challengeflow.reporting.page.gather import Gathered

ERRORS = {"control-perfect": 0.0, "good": 0.4, "bad": 1.9, "control-random": 3.0}


@pytest.fixture
def errors(tmp_path):
    """scores.json files of a metric of which lower is better, the worst first."""
    about = {
        "challenge": "c",
        "dataset": "d",
        "metric": "rmse",
        "best": 0.0,
        "chance": "?",
        "direction": "lower",
        "failed": [],
    }
    files = []
    for name, score in reversed(ERRORS.items()):
        entry = {"score": score, "interval": [score - 0.1, score + 0.1], "metrics": {"mae": score / 2}}
        path = tmp_path / "c/d" / name / "scores.json"
        path.parent.mkdir(parents=True)
        kind = "control" if name.startswith("control") else "trained"
        path.write_text(json.dumps(about | {"model": name, "kind": kind, "splits": {"train": entry}}))
        files.append(str(path))
    return tmp_path, files


def test_where_lower_is_better_the_lowest_is_first(errors):
    folder, files = errors
    leaderboard.write(str(folder), files)
    with open(folder / "leaderboard.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["good", "bad", "control-perfect", "control-random"]  # controls below
    assert {row["direction"] for row in rows} == {"lower"} and rows[0]["mae"] == "0.2"
    assert {row["data"] for row in rows} == {""}
    assert leaderboard.summary(files).splitlines()[0].split()[2] == "good"
    text = (folder / "leaderboard.html").read_text()
    assert (
        "lower is better" in text
        and text.index("<td>good") < text.index("<td>bad<")
        and '<th class="number">mae</th>' in text
    )


def test_a_demo_is_called_so_in_the_tables_and_in_the_terminal(errors):
    folder, files = errors
    leaderboard.write(str(folder), files, generated=[["c", "d"]])
    with open(folder / "leaderboard.csv") as file:
        assert {row["data"] for row in csv.DictReader(file)} == {"generated"}
    assert "generated data</span></h2>" in (folder / "leaderboard.html").read_text()
    lines = leaderboard.summary(files, [["c", "d"]]).splitlines()
    assert len(lines) == 2 and all(line.endswith("(generated data)") for line in lines)
    assert leaderboard.noted_demos(files) == []
    note = {"config": {"datasets": {"d": {"source": "demo"}}}}
    (folder / "c/d/index.provenance.json").write_text(json.dumps(note))
    assert leaderboard.noted_demos(files) == [("c", "d")]


def test_on_the_axis_better_lies_to_the_right():
    lower = axis([0.4, 1.9], 0.0, "lower")
    assert (lower.place(0), lower.place(1.9)) == (100, 0) and lower.span(0.95, 1.9) == (0, 50)
    higher = axis([-0.5, 0.7], 1.0, "higher")
    assert (higher.place(-0.5), higher.place(1)) == (0, 100)
    assert axis([], 0.0, "lower").place(0.0) == 100


def test_the_page_names_the_lowest_best(tmp_path):
    subject = make_up(tmp_path / "run", models=2, samples=40, pixels=8)
    subject["challenges"]["made-up"]["about"] |= {"direction": "lower", "best": 0.0}
    gathered = Gathered("made-up", subject["challenges"]["made-up"])
    scores = [variant.results[0].score for variant in gathered.models("one")]
    assert scores == sorted(scores)
    behind = gathered.behind_best(next(v for v in reversed(gathered.variants) if v.kind == "trained"))
    assert behind is not None and behind.score > 0
    board = page.board([gathered])
    models = [row for row in board if "variant" in row and row["variant"].kind != "control"]
    first = [row["strip"][1] for row in models if row["split"] == "train"]
    assert first == sorted(first, reverse=True)
    assert "Lower is better." in page.render([gathered])
