"""Augmentation: a scan changes, its anomaly goes along, and the same seed makes the same."""

from dataclasses import replace

import numpy as np

from challengeflow_mood.anomalies.made_cases import unlabelled
from challengeflow_mood.demo.phantoms import phantom
from challengeflow_mood.models.augmentation import augmented

GRID = 48


def bright_cube():
    """A head whose cube of brightest values is its anomaly."""
    volume = 0.6 * phantom("brain", GRID, np.random.default_rng(1))
    anomaly = np.zeros(volume.shape, np.uint8)
    anomaly[12:20, 20:28, 20:28] = 1
    case = unlabelled(np.where(anomaly, 1, volume), (volume > 0.05).astype(np.uint8))
    return replace(case, anomaly=anomaly, kind="cube")


def test_the_anomaly_goes_along_and_the_head_stays_one():
    case, sides = bright_cube(), set()
    for seed in range(12):
        other = augmented(case, np.random.default_rng(seed))
        marked, body = other.anomaly > 0, other.mask > 0
        assert other.volume.dtype == np.float32
        assert 0 <= other.volume.min() <= other.volume.max() <= 1
        assert 0.4 < marked.sum() / case.anomaly.sum() < 2.5
        assert 0.7 < body.sum() / case.mask.sum() < 1.4
        assert other.volume[marked].mean() > 1.5 * other.volume[body & ~marked].mean()
        sides.add(np.argwhere(marked)[:, 0].mean() < GRID / 2)
    assert sides == {True, False}  # mirrored or not


def test_no_two_are_alike_but_of_the_same_seed():
    case = bright_cube()
    first, again, other = (augmented(case, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.volume, again.volume)
    np.testing.assert_array_equal(first.anomaly, again.anomaly)
    assert np.abs(first.volume - other.volume).max() > 0.05
