"""Bouts: hits, borders and flicker equal what one counts by hand."""

import numpy as np
import pytest

from challengeflow_mabe_task1.formats.bouts import runs
from challengeflow_mabe_task1.scoring.bout_metric import bout_f1, count_bouts, match


def test_hits_borders_and_switches_are_those_counted_by_hand():
    #                  0  1  2  3  4  5  6  7  8  9 10 11
    labels = np.array([1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, -1])
    answer = np.array([1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0])
    found = count_bouts(labels, answer, 2)
    assert found.counts[0].tolist() == [1, 2, 2]  # 2-5 hits 1-4 (3 of 5 frames); 10 hits nothing; frame 11 has no label
    assert found.border_errors[0] == (1, 1)
    assert found.switches == (4, 3)
    assert bout_f1(found.counts)[0] == pytest.approx(2 / 4)


def test_a_bout_torn_to_pieces_is_one_hit_at_most_though_most_frames_are_right():
    labels = np.zeros(100, int)
    answer = np.zeros(100, int)
    answer[10::20] = 1
    counts = count_bouts(labels, answer, 2).counts
    assert (answer == labels).mean() == 0.95 and counts[0].tolist() == [0, 6, 1]


def test_each_bout_is_matched_once_and_the_best_overlap_first():
    predicted, true = np.array([[0, 8], [0, 10]]), np.array([[0, 10], [0, 11]])
    assert sorted(match(predicted, true)) == [(0, 1), (1, 0)]


def test_the_order_of_classes_and_empty_sequences_do_not_matter():
    random = np.random.default_rng(0)
    labels, answer = random.integers(0, 3, 300).repeat(3), random.integers(0, 3, 300).repeat(3)
    counts = count_bouts(labels, answer, 3).counts
    np.testing.assert_array_equal(count_bouts(2 - labels, 2 - answer, 3).counts[::-1], counts)
    assert count_bouts(np.zeros(0, int), np.zeros(0, int), 3).counts.sum() == 0


def test_runs_cover_the_sequence():
    assert runs(np.array([2, 2, 0, 1, 1])) == [(2, 0, 2), (0, 2, 3), (1, 3, 5)]
    assert runs(np.zeros(0, int)) == []
