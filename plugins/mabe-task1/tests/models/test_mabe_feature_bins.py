"""Trees on numbers of bins, brought back to values, are those that scikit-learn fits on the values."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from challengeflow.plain_models import boosted_trees
from challengeflow_mabe_task1.models.feature_bins import binned, borders, on_values


def rows_of_every_kind(random, count=400):
    """Columns that are spread, in ties, of few values, constant, missing here and there, and infinite."""
    spread = random.normal(size=count)
    columns = [spread, np.round(spread, 1), np.sign(spread), np.ones(count), spread**2, np.maximum(spread, 0)]
    rows = np.stack(columns, axis=1).astype(np.float32)
    rows[::5, 4], rows[::9, 5] = np.nan, np.inf
    return rows, (spread > 0).astype(int) + (spread > 1)


def test_trees_are_scikit_learns():
    random = np.random.default_rng(0)
    rows, labels = rows_of_every_kind(random)
    labels[random.random(len(labels)) < 0.2] = 0
    weights = np.array([0.4, 1.0, 3.7])[labels]
    settings = {"max_iter": 5, "max_bins": 31, "early_stopping": False, "min_samples_leaf": 5}
    expected = boosted_trees(HistGradientBoostingClassifier(**settings).fit(rows, labels, weights))
    own = {column: borders(rows[:, column], weights, 31) for column in range(rows.shape[1])}
    numbers = np.stack([binned(rows[:, column], own[column]) for column in own], axis=1)
    found = on_values(boosted_trees(HistGradientBoostingClassifier(**settings).fit(numbers, labels, weights)), own)
    assert {name: array.tobytes() for name, array in found.nodes.items()} == {
        name: array.tobytes() for name, array in expected.nodes.items()
    }


def test_a_border_belongs_to_the_bin_below_it_and_missing_values_to_none():
    assert borders(np.array([3.0, 1.0, 1.0, np.nan]), np.ones(4), 2).tolist() == [2.0]
    assert np.array_equal(binned(np.array([1.0, 2.0, 2.1, np.nan]), np.array([2.0])), [0, 0, 1, np.nan], equal_nan=True)
