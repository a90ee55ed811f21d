"""The consolidation ranking: the organisers' rules on cases small enough to be worked out by hand."""

import csv
import json

import pytest

from challengeflow import InputError
from challengeflow_mood.commands import mood_rank, mood_score
from challengeflow_mood.commands.mood_rank import rank


def test_datasets_are_ranked_apart_and_joined_by_the_mean_rank():
    places = rank({"brain": {"a": [0.9], "b": [0.5], "c": [0.1]}, "abdom": {"a": [0.2], "b": [0.6], "c": [0.4]}})
    assert [p.model for p in places] == ["b", "a", "c"]
    assert [p.mean_rank for p in places] == [1.5, 2.0, 2.5]
    assert places[1].ranks == {"brain": 1, "abdom": 3}
    assert [p.place for p in places] == [1, 2, 3]


def test_draws_are_averaged_before_ranking():
    places = rank({"brain": {"a": [1.0, 0.0], "b": [0.6, 0.6]}})
    assert [(p.model, p.values["brain"]) for p in places] == [("b", 0.6), ("a", 0.5)]


def test_ties_share_the_best_rank_in_a_dataset_and_the_average_one_in_the_consensus():
    places = {p.model: p for p in rank({"brain": {"a": [0.5], "b": [0.5], "c": [0.1]}})}
    assert places["a"].ranks == places["b"].ranks == {"brain": 1}
    assert places["c"].ranks == {"brain": 3}
    assert places["a"].mean_rank == 1.5
    assert places["a"].place == places["b"].place == 1.5


def test_what_is_missing_or_nan_counts_as_zero():
    places = rank({"brain": {"a": [float("nan")], "b": [0.1]}, "abdom": {"b": [0.2]}})
    assert [p.model for p in places] == ["b", "a"]
    assert places[1].values == {"brain": 0.0, "abdom": 0.0}


def scored(folder, dataset, model, draws, kind="trained"):
    place = folder / "mood" / dataset / model
    place.mkdir(parents=True)
    detail = {"draws": {"pixel": draws, "sample": []}, "pixel_ap": 0.3, "sample_ap": 0.7}
    scores = {"model": model, "kind": kind, "splits": {"test": {"detail": detail}}}
    (place / "scores.json").write_text(json.dumps(scores))


def test_the_command_reads_the_results_and_writes_what_challenger_reads(tmp_path, capsys):
    for dataset in ("brain", "abdom"):
        scored(tmp_path, dataset, "mine", [0.1, 0.2])
        scored(tmp_path, dataset, "other", [0.3, 0.3])
        scored(tmp_path, dataset, "control-perfect", [1.0, 1.0], "control")
    assert mood_rank.main([str(tmp_path), "--save", str(tmp_path / "tables")]) == 0
    printed = capsys.readouterr().out
    assert printed.index("other", printed.index("pixel")) < printed.index("mine", printed.index("pixel"))
    assert "control" not in printed
    rows = list(csv.DictReader((tmp_path / "tables/pixel_ranking.csv").read_text().splitlines()))
    assert rows[0] == {"task": "brain", "alg_name": "mine", "value": "0.15000000000000002", "case": "0"}
    assert len((tmp_path / "tables/pixel_ranking_noavg.csv").read_text().splitlines()) == 9
    assert "0.7" in (tmp_path / "tables/sample_ranking.csv").read_text()


def test_results_without_both_datasets_cannot_be_ranked(tmp_path):
    scored(tmp_path, "brain", "mine", [0.1])
    with pytest.raises(InputError, match="both brain and abdom"):
        mood_rank.main([str(tmp_path)])


def test_the_score_command_says_why_and_how_much(tmp_path, capsys):
    for folder in ("pred", "label"):
        (tmp_path / folder).mkdir()
    for name, label, score in (("a", 1, "0.9"), ("b", 0, "0.2"), ("c", 1, "tensor(0.9)"), ("d", 0, "0.1")):
        (tmp_path / "label" / f"{name}.txt").write_text(f"{label}\n")
        (tmp_path / "pred" / f"{name}.txt").write_text(f"{score}\n")
    words = ["sample", str(tmp_path / "pred"), str(tmp_path / "label"), "--save", str(tmp_path / "score.json")]
    assert mood_score.main(words) == 0
    printed = capsys.readouterr().out
    assert (
        "c.txt: counts as zero (its first line 'tensor(0.9)' is no number); average precision lost: 0.250000" in printed
    )
    assert json.loads((tmp_path / "score.json").read_text()) == 0.75
    (tmp_path / "pred/b.txt").write_text("nan\n")
    assert mood_score.main(words) == 1
    assert "b.txt: holds a NaN, which voids the score" in capsys.readouterr().out
