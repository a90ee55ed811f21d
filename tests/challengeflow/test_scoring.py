"""Intervals over groups, and decisions that never see what they decide on."""

import time

import numpy as np
import pytest

from challengeflow.scoring import (
    average_precision,
    bootstrap,
    bootstrap_interval,
    by_group,
    cross_fit,
    roc_auc,
    write_json,
)


def test_the_interval_resamples_groups_not_units():
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 100)
    groups = np.repeat(list("abcd"), 100)
    low, high = bootstrap_interval(groups, lambda drawn: values[drawn].mean(), seed=1)
    assert low <= 0.1 and high >= 0.9  # 400 independent units would give 0.45 to 0.55
    narrow = bootstrap_interval(range(400), lambda drawn: values[drawn].mean(), seed=1)
    assert 0.44 < narrow[0] < narrow[1] < 0.56


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(20.0)
    first, second = (bootstrap_interval(range(20), lambda d: values[d].mean(), seed=3) for _ in range(2))
    assert first == second


def test_models_on_the_same_groups_meet_the_same_resamples():
    groups, weak = np.repeat(list("abcdef"), 5), np.arange(30.0)
    first = bootstrap(groups, lambda drawn: weak[drawn].mean())["resamples"]
    second = bootstrap(groups.tolist(), lambda drawn: weak[drawn].mean() + 1)["resamples"]
    assert first["of"] == second["of"]
    np.testing.assert_allclose(np.subtract(second["scores"], first["scores"]), 1, atol=1e-6)
    assert len(set(first["scores"])) > 20
    other = bootstrap(groups[:-5], lambda drawn: weak[drawn].mean())["resamples"]
    assert other["of"] != first["of"]


def test_resamples_that_cannot_be_scored_are_left_out():
    found = bootstrap("ab", lambda drawn: 1.0 if 0 in drawn else np.nan)
    assert found["interval"] == [1.0, 1.0] and set(found["resamples"]["scores"]) == {1.0, None}


def test_cross_fit_fits_on_the_other_parts():
    seen = []
    cross_fit([0, 0, 1, 2], lambda others: others.tolist(), lambda decision, own: seen.append((decision, own.tolist())))
    assert seen == [([2, 3], [0, 1]), ([0, 1, 3], [2]), ([0, 1, 2], [3])]


def test_json_is_sorted_and_refuses_nan(tmp_path):
    write_json(tmp_path / "a.json", {"b": np.float32(1.5), "a": np.arange(2)})
    assert (tmp_path / "a.json").read_text() == '{\n  "a": [\n    0,\n    1\n  ],\n  "b": 1.5\n}\n'
    with pytest.raises(ValueError):
        write_json(tmp_path / "b.json", {"x": float("nan")})


def test_groups_are_sorted_and_keep_the_order_of_their_units():
    found = by_group(["b", "a", "b", 3])
    assert {name: list(own) for name, own in found.items()} == {"3": [3], "a": [1], "b": [0, 2]}
    assert list(found) == ["3", "a", "b"]


def test_ten_times_the_groups_take_at_most_fifteen_times_as_long():
    """A look at all units for each group would take a hundred times as long."""

    def seconds(groups):
        rounds = []
        for _ in range(5):
            started = time.process_time()
            by_group(groups)
            rounds.append(time.process_time() - started)
        return min(rounds)

    assert min(seconds(range(100_000)) / seconds(range(10_000)) for _ in range(3)) < 15


def test_rankings_have_the_digits_of_scikit_learn():
    """On scores with and without ties, in float16, float32 and float64."""
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    for round in range(600):
        size = int(random.integers(2, 200))
        scores = (
            random.random(size)
            .round(int(random.integers(1, 9)))
            .astype([np.float16, np.float32, np.float64][round % 3])
        )
        labels = random.random(size) < random.random()
        labels[:2] = True, False
        assert roc_auc(labels, scores) == metrics.roc_auc_score(labels, scores)
        assert average_precision(labels, scores) == metrics.average_precision_score(labels, scores)
