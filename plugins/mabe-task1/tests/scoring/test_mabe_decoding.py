"""The decision: the likeliest path is the likeliest, pieces that do not gain are left out."""

import itertools

import numpy as np
import pytest

from challengeflow_mabe_task1.scoring.decision_fit import Scored, common_session, fit
from challengeflow_mabe_task1.scoring.decoding import (
    best_paths,
    bridge_gaps,
    decode,
    decode_all,
    drop_short_bouts,
    find_session,
    plain_decision,
    smooth,
    transitions,
)
from challengeflow_mabe_task1.scoring.steps import labels_of_steps


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
    session = {"outside": 2, "seconds": 1.0}
    changes = {"smoothing": 2.0, "path": path, "session": session, "longest_gap": 1.0, "shortest_bout": 1.0}
    decision = plain_decision(3) | changes
    assert decode(np.full((frames, 3), 1 / 3), decision, 30.0).shape == (frames,)


def test_gaps_are_bridged_between_runs_of_one_class_alone():
    labels = np.array([0, 0, 1, 0, 0, 2, 1, 1, 1, 0], np.int16)
    assert bridge_gaps(labels, 1).tolist() == [0, 0, 0, 0, 0, 2, 1, 1, 1, 0]
    assert bridge_gaps(labels, 0).tolist() == labels.tolist()


def test_short_bouts_go_to_the_longer_neighbour():
    labels = np.array([0, 0, 0, 1, 2, 2, 0, 0, 1], np.int16)
    assert drop_short_bouts(labels, 2).tolist() == [0, 0, 0, 0, 2, 2, 0, 0, 0]
    assert drop_short_bouts(labels, 3).tolist() == [0] * 9
    assert drop_short_bouts(labels, 1).tolist() == labels.tolist()
    assert drop_short_bouts(labels[:0], 3).tolist() == []


def test_no_bout_stays_below_the_shortest():
    labels = np.random.default_rng(0).integers(0, 3, 500).astype(np.int16)
    answer = drop_short_bouts(labels, 5)
    edges = np.flatnonzero(np.diff(answer, prepend=-1, append=-1))
    assert np.diff(edges).min() >= 5 and len(answer) == 500


def with_session(seed, start, inside=300, frames=500):
    """A noisy sequence whose class 2 lies around `inside` frames from `start` on."""
    random = np.random.default_rng(seed)
    labels = np.full(frames, 2, np.int16)
    labels[start : start + inside] = np.repeat(random.integers(0, 2, inside // 30), 30)
    return Scored(np.eye(3)[labels] * 0.3 + random.dirichlet([1, 1, 1], frames) * 0.7, labels, 10.0)


def test_the_session_is_found_where_it_is_likeliest():
    outside = np.full(100, 0.6)
    outside[30:80] = 0.4
    assert find_session(outside, 50) == slice(30, 80)
    assert find_session(outside[:40], 50) == slice(0, 40)


def test_a_session_of_fixed_length_is_learnt_and_used_on_sequences_not_seen():
    sequences = [with_session(k, start) for k, start in enumerate((10, 60, 110, 150))]
    assert common_session(sequences) == {"outside": 2, "seconds": 30.0}
    decision = fit(sequences, [0, 1])
    other = with_session(9, 80)
    assert decision["session"] == {"outside": 2, "seconds": 30.0}
    assert np.abs(np.flatnonzero(decode(other.scores, decision, 10.0) != 2)[[0, -1]] - [80, 379]).max() < 5


@pytest.mark.parametrize("slip", ["a frame of the class inside", "one recording cut short"])
def test_one_recording_of_ten_may_not_follow_the_rule(slip):
    sequences = [with_session(k, 10 + 10 * k) for k in range(10)]
    if slip == "one recording cut short":
        sequences[3] = with_session(3, 40, inside=270)
    else:
        sequences[3].labels[150] = 2
    assert common_session(sequences) == {"outside": 2, "seconds": 30.0}
    sequences[4].labels[200] = 2
    assert common_session(sequences) is None


@pytest.mark.parametrize(
    "sequences",
    [
        [with_session(0, 10), with_session(1, 20)],
        [with_session(k, 10, inside=300 + 30 * k) for k in range(3)],
        [noisy(k, 0.5) for k in range(3)],
        [with_session(k, 0, inside=500 // 30 * 30, frames=500 // 30 * 30) for k in range(3)],
    ],
    ids=["too few recordings", "of several lengths", "in the middle too", "never outside"],
)
def test_no_session_is_learnt_where_there_is_none(sequences):
    assert common_session(sequences) is None


def test_many_sequences_at_once_are_decoded_as_each_alone():
    path = {"transition": np.log([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]).tolist(), "trust": 0.5}
    decision = plain_decision(3) | {"path": path, "session": {"outside": 2, "seconds": 20.0}, "shortest_bout": 0.3}
    sequences = [with_session(k, 10 * k).scores[: 450 + k] for k in range(3)]
    together = decode_all(sequences, [decision] * 3, [10.0, 5.0, 10.0])
    for scores, fps, answer in zip(sequences, (10.0, 5.0, 10.0), together, strict=True):
        np.testing.assert_array_equal(decode(scores, decision, fps), answer)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_labels_of_every_tenth_frame_are_those_of_their_steps(step):
    labels = np.full(200, -1, np.int16)
    labels[::10] = np.arange(20) % 3
    starts = np.arange(0, 200, step)
    found = labels_of_steps(labels, starts, starts + step // 2)
    assert found[found >= 0].tolist() == labels[::10].tolist()
    assert np.flatnonzero(found >= 0).tolist() == (np.arange(0, 200, 10) // step).tolist()
    dense = np.where(np.arange(200) < 100, 1, -1)
    assert labels_of_steps(dense, starts, starts + step // 2).tolist() == dense[starts + step // 2].tolist()
