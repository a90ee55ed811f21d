"""The decision: the likeliest path is the likeliest, pieces that do not gain are left out."""

import itertools

import numpy as np
import pytest

from challengeflow_mabe_task1.decision_fit import Scored, fit
from challengeflow_mabe_task1.decoding import best_paths, decode, plain_decision, smooth, transitions


def test_best_path_equals_trying_all_paths():
    random = np.random.default_rng(0)
    evidence = [random.normal(size=(length, 3)) for length in (5, 1, 4)]
    transition = np.log(random.dirichlet([1, 1, 1], 3))
    for values, path in zip(evidence, best_paths(evidence, transition), strict=True):
        frames = np.arange(len(values))

        def value(trial, values=values, frames=frames):
            trial = np.array(trial)
            return values[frames, trial].sum() + transition[trial[:-1], trial[1:]].sum()

        best = max(itertools.product(range(3), repeat=len(values)), key=value)
        assert path.tolist() == list(best)


def test_smoothing_is_a_centred_mean_cut_off_at_the_ends():
    scores = np.eye(3)[[0, 0, 1, 2, 2, 2]]
    np.testing.assert_allclose(smooth(scores, 2, 1.0)[0], scores[:2].mean(axis=0))
    np.testing.assert_allclose(smooth(scores, 2, 1.0)[3], scores[2:5].mean(axis=0))


def test_transitions_skip_frames_without_label():
    table = np.exp(transitions([np.array([0, 0, -1, 1, 1])], 2))
    np.testing.assert_allclose(table, [[2 / 3, 1 / 3], [1 / 3, 2 / 3]])


def noisy(seed, noise):
    random = np.random.default_rng(seed)
    labels = np.repeat(random.integers(0, 3, 40), random.integers(20, 60, 40)).astype(np.int16)
    scores = np.eye(3)[labels] * (1 - noise) + random.dirichlet([1, 1, 1], len(labels)) * noise
    return Scored(scores, labels, 30.0)


def test_a_perfect_score_needs_no_decision():
    assert fit([noisy(k, 0) for k in range(3)], [0, 1]) == plain_decision(3)


def test_a_noisy_score_gains_on_sequences_not_seen():
    decision = fit([noisy(k, 0.9) for k in range(3)], [0, 1])
    other = noisy(9, 0.9)
    plain = (other.scores.argmax(axis=1) == other.labels).mean()
    assert (decode(other.scores, decision, 30.0) == other.labels).mean() > plain + 0.05


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_very_short_sequences_are_decoded(frames):
    path = {"transition": np.log(np.full((3, 3), 1 / 3)).tolist(), "trust": 0.1}
    decision = {"smoothing": 2.0, "weights": [1, 1, 1], "path": path}
    assert decode(np.full((frames, 3), 1 / 3), decision, 30.0).shape == (frames,)
