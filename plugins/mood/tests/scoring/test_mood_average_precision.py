"""The histogram's average precision is sklearn's on the concatenation, float16 cast and traps included."""

import numpy as np
import pytest

from challengeflow_mood.scoring.average_precision import (
    LEVELS,
    count_levels,
    count_pieces,
    from_levels,
    levels_of,
    of_samples,
)

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")


def official(scores, labels):
    """evalresults.py: float16 cast, clip, one call over everything."""
    with np.errstate(over="ignore"):
        half = np.concatenate([np.clip(np.asarray(s).astype(np.float16), 0, 1).ravel() for s in scores])
    return metrics.average_precision_score(np.concatenate([np.asarray(m).ravel() for m in labels]), half)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-7, 1000.0])
def test_equals_sklearn_on_the_concatenation(scale):
    random = np.random.default_rng(3)
    labels = [(random.random((9, 8, 7)) < 0.1).astype(np.uint8) for _ in range(3)]
    scores = [(random.random(m.shape) + 0.4 * m).astype(np.float32) * scale for m in labels]
    total = sum(count_levels(s, m) for s, m in zip(scores, labels, strict=True))
    assert from_levels(total) == pytest.approx(official(scores, labels), abs=1e-14)


def test_ties_zeros_infinities_and_negative_zero():
    labels = [np.array([1, 0, 1, 0, 0, 1])]
    scores = [np.array([np.inf, 2.0, 0.5, 0.5, -0.0, -3.0])]
    assert from_levels(count_levels(scores[0], labels[0])) == pytest.approx(official(scores, labels), abs=1e-15)


def test_every_float16_of_the_unit_interval_has_its_level():
    values = np.arange(LEVELS, dtype=np.uint16).view(np.float16)
    assert (levels_of(values) == np.arange(LEVELS)).all()
    assert values[-1] == 1


def test_nan_counts_as_zero_and_no_positive_gives_zero():
    assert (levels_of(np.array([np.nan, 0.0])) == 0).all()
    assert from_levels(count_levels(np.ones(4), np.zeros(4))) == 0
    assert of_samples(np.ones(4), np.zeros(4)) == 0


def test_only_label_one_is_positive():
    assert count_levels(np.array([0.5, 0.5]), np.array([1, 2]))[1].sum() == 1


def test_a_volume_in_planes_is_counted_as_the_whole():
    random = np.random.default_rng(5)
    labels = (random.random((6, 8, 7)) < 0.1).astype(np.uint8)
    scores = (random.random(labels.shape) - 0.2).astype(np.float32)
    assert (count_pieces(zip(scores, labels, strict=True)) == count_levels(scores, labels)).all()


def test_sample_score_equals_sklearn():
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 50)
    scores = np.round(random.random(50) + 0.3 * labels, 1)
    assert of_samples(scores, labels) == pytest.approx(
        metrics.average_precision_score(labels, scores.clip(0, 1)), abs=1e-14
    )
