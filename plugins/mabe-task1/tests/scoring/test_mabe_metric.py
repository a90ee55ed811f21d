"""The metric equals its definition on the traps where reimplementations go wrong."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from challengeflow_mabe_task1.formats import frame_tables, labels
from challengeflow_mabe_task1.formats.bouts import Choice
from challengeflow_mabe_task1.scoring import metric
from challengeflow_mabe_task1.scoring.decision_fit import Scored
from challengeflow_mabe_task1.scoring.references import HUMAN_CEILING, OFFICIAL_TEST, references
from challengeflow_mabe_task1.scoring.score import Track, _Result, scored_classes


def test_frames_of_other_count_as_false_positives():
    counts = metric.confusion(np.array([0, 1, 2, 3, 3, 3]), np.array([0, 1, 2, 0, 3, 3]), 4)
    assert metric.f1(counts)[0] == pytest.approx(2 / 3)
    assert metric.macro_f1(counts, [0, 1, 2]) == pytest.approx((2 / 3 + 1 + 1) / 3)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_definition_on_random_answers(seed):
    random = np.random.default_rng(seed)
    labels, answers = random.integers(0, 4, 300), random.integers(0, 4, 300)
    if seed == 4:
        labels[labels == 2] = 3  # a class that never occurs
        answers[answers == 2] = 3
    counts = metric.confusion(labels, answers, 4)
    options = {"labels": [0, 1, 2], "average": "macro", "zero_division": 0}
    assert metric.macro_f1(counts, [0, 1, 2]) == f1_score(labels, answers, **options)
    assert metric.macro_precision(counts, [0, 1, 2]) == precision_score(labels, answers, **options)


def test_unlabelled_frames_do_not_count():
    counts = metric.confusion(np.array([0, -1, 1]), np.array([0, 0, 1]), 2)
    assert counts.tolist() == [[1, 0], [0, 1]]


def test_counts_are_pooled_over_sequences_not_averaged():
    one = metric.confusion(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 2)
    other = metric.confusion(np.array([1, 1, 1, 1]), np.array([0, 0, 0, 0]), 2)
    assert metric.f1(one + other)[0] == pytest.approx(0.5)


def test_the_human_ceiling_is_what_two_people_reach(real):
    names = ("attack", "investigation", "mount", "other")
    total = np.zeros((4, 4), int)
    for recording in sorted((real / "banos_human_vs_human/data/dataset_human_vs_human").glob("Recording_*")):
        people = []
        for person in (1, 2):
            found = frame_tables.read(recording / f"humanAnnotation_{person}.csv", Choice(("",)))
            arrays = labels.to_array(found, names), labels.known_array(found)
            people.append(labels.to_frames(*arrays, labels.about(found), 30.0, 0, 0, 4))
        total += metric.confusion(*people, 4)
    assert total.sum() == 184_499
    assert round(metric.macro_f1(total, [0, 1, 2]), 3) == HUMAN_CEILING


def test_published_results_stand_beside_the_official_test_set_alone():
    assert references(19, 262_106) == [] and references(6, 15_000) == []
    assert not any(row["measured_here"] for row in references(**OFFICIAL_TEST))


def test_scored_classes_are_all_but_other_or_those_named():
    assert scored_classes(["attack", "other", "mount"], None) == [0, 2]
    assert scored_classes(["aggression", "social", "nonsocial", "base"], ["social", "aggression"]) == [1, 0]


def test_guessing_is_worth_the_mean_share_of_the_scored_behaviours():
    labels = np.repeat([0, 1, 2, -1], [2000, 4000, 14000, 500])
    random = np.random.default_rng(0)
    guesses = random.choice(3, size=len(labels), p=(0.1, 0.2, 0.7))  # each as often as it occurs
    track = Track("m1", "m1", 0, Scored(np.zeros((len(labels), 3), np.float32), labels, 30.0), 0, 0, ())
    report = _Result([track], [guesses], ["attack", "mount", "other"], [0, 1]).report(1, None)
    assert report["chance"] == pytest.approx(0.15)
    assert report["score"] == pytest.approx(report["chance"], abs=0.02)
