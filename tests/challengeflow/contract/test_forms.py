"""What a challenge declares of its answers and gold: checked, merged and answered by the controls, whatever the
form."""

import sys
import types

import numpy as np
import pytest

from challengeflow import Gold, InputError, Prediction, PreparedArray
from challengeflow.answers import merge, perfect
from challengeflow.arrays import Predictions, Writer, write_scores
from challengeflow.contract.errors import ContractError
from challengeflow.running import controls
from challengeflow.running.check_arrays import check_gold, check_predictions, check_prepared

MASK = Prediction(axes={"rows": "sample", "columns": "sample"}, dtypes=("uint8",), range=(0, 3), merge="vote")
BOXES = Prediction(axes={"boxes": "answer", "corners": 4}, range=(0, 1), merge="union_of_boxes")
QUANTILES = Prediction(axes={"horizon": 3, "quantiles": 2}, range=(None, None))


@pytest.fixture
def union_of_boxes(monkeypatch):
    """A module of a plugin that keeps the boxes of all answers."""
    made = types.ModuleType("union_of_boxes")
    made.merge = lambda answers, weights: np.concatenate(answers)
    made.perfect = lambda gold: gold[:, :4]
    monkeypatch.setitem(sys.modules, "union_of_boxes", made)


def prepare(folder, *shapes):
    with Writer(folder) as out:
        for number, shape in enumerate(shapes):
            out.add(f"s{number}", {"status": "ok", "shape": list(shape)})
    return [f"s{number}" for number in range(len(shapes))]


# -- declarations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declare", "sentence"),
    [
        (
            lambda: Prediction(axes={"rows": "many"}),
            "Prediction: the axis 'rows' has the size 'many'; write a number or one",
        ),
        (lambda: Gold(axes={"rows": 0}), "Gold: the axis 'rows' has the size 0"),
        (
            lambda: PreparedArray(name="x", meaning="", axes={"t": -1}),
            "prepared array 'x': the axis 't' has the size -1",
        ),
        (lambda: Prediction(axes={"boxes": "answer"}), "merge is 'mean', which answers of different sizes have not"),
        (lambda: Prediction(dtypes=("int64",)), "merge is 'mean', which int64 has not"),
        (lambda: Prediction(dtypes=()), "dtypes is empty"),
    ],
)
def test_a_form_that_contradicts_itself_is_one_sentence(declare, sentence):
    with pytest.raises(InputError, match=sentence):
        declare()


# -- merging ----------------------------------------------------------------------------------------------------------


def test_a_mean_is_weighted_and_keeps_the_dtype():
    found = merge(Prediction(), [np.float16(0), np.float16(1)], [1, 3])
    assert found == 0.75 and found.dtype == np.float16


def test_a_vote_takes_the_value_with_the_most_weight():
    answers = [np.array([[1, 2]], np.uint8), np.array([[1, 3]], np.uint8), np.array([[2, 3]], np.uint8)]
    assert merge(MASK, answers).tolist() == [[1, 3]]
    assert merge(MASK, answers, [1, 1, 5]).tolist() == [[2, 3]] and merge(MASK, answers).dtype == np.uint8
    assert merge(MASK, answers[::2]).tolist() == [[1, 2]]  # of several the least


def test_a_module_of_the_challenge_merges_what_no_mean_can(union_of_boxes):
    assert merge(BOXES, [np.zeros((2, 4)), np.ones((3, 4))]).shape == (5, 4)


def test_what_does_not_merge_is_refused():
    with pytest.raises(ContractError, match="do not merge; answer by one model"):
        merge(Prediction(merge=None), [np.zeros(1), np.ones(1)])
    with pytest.raises(ContractError, match=r"answers of the shapes \(1,\), \(2,\) have no mean"):
        merge(Prediction(axes={"frames": "sample"}), [np.zeros(1), np.ones(2)])
    with pytest.raises(ContractError, match="the declared module json has no function merge; add it"):
        merge(Prediction(merge="json"), [np.zeros(1), np.ones(1)])


# -- controls ---------------------------------------------------------------------------------------------------------


def test_the_prior_of_a_mask_is_its_most_frequent_value(tmp_path):
    """A mask of (rows, columns) was once taken for (time, classes)."""
    samples = prepare(tmp_path / "prepared", (2, 3), (4, 5))
    write_scores(tmp_path / "gold", iter([("s0", np.full((2, 3), 3, np.uint8)), ("s1", np.eye(4, 5, dtype=np.uint8))]))
    known = controls.known_before([(tmp_path / "gold", frozenset())], MASK, None)
    write_scores(tmp_path / "answers", controls.prior(tmp_path / "prepared", known, MASK))
    check_predictions(tmp_path / "answers", tmp_path / "prepared", samples, "x", MASK)
    assert {shape: int(a.max()) for shape, a in ((a.shape, a) for a in Predictions(tmp_path / "answers").values())} == {
        (2, 3): 0,
        (4, 5): 0,
    }


def test_a_prior_is_kept_for_each_place_that_all_samples_share(tmp_path):
    prepare(tmp_path / "prepared", (3, 2))
    truth = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])
    write_scores(tmp_path / "gold", iter([("s0", truth), ("s1", truth + 2)]))
    known = controls.known_before([(tmp_path / "gold", frozenset({"s1"}))], QUANTILES, None)
    assert known == {"mean": truth.tolist(), "low": 1.0, "high": 7.0}
    ((_, answer),) = controls.prior(tmp_path / "prepared", known, QUANTILES)
    assert np.array_equal(answer, truth)


def test_random_answers_keep_to_the_range_or_to_the_gold(tmp_path):
    prepare(tmp_path / "prepared", *[(3, 2)] * 50)
    write_scores(tmp_path / "gold", iter([("s0", np.array([-40.0, 60.0]))]))
    known = controls.known_before([(tmp_path / "gold", frozenset())], QUANTILES, None)
    drawn = np.stack([a for _, a in controls.random(tmp_path / "prepared", 1, QUANTILES, known)])
    assert -40 <= drawn.min() < -35 and 55 < drawn.max() <= 60
    labels = np.stack([a for _, a in controls.random(tmp_path / "prepared", 1, MASK, {})])
    assert labels.dtype == np.uint8 and np.unique(labels).tolist() == [0, 1, 2, 3]


def test_a_perfect_answer_comes_of_the_gold(union_of_boxes):
    gold = Gold(axes={"boxes": "sample", "columns": 5}, perfect="union_of_boxes")
    assert perfect(BOXES, gold, np.ones((2, 5))).shape == (2, 4)
    partly = Gold(axes={"labels": 3}, partial=True)
    answer = perfect(Prediction(axes={"labels": 3}), partly, np.array([1.0, np.nan, 0.0]))
    assert answer.tolist() == [1, 0, 0] and answer.dtype == np.float32


# -- checks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prediction", "shapes", "sentence"),
    [
        (
            MASK,
            [(2, 3, 1)],
            r"the shape stated for 's0' has the shape \(2, 3, 1\) where Challenge.prediction says rows",
        ),
        (QUANTILES, [(3, 4)], r"\(3, 4\) where Challenge.prediction says horizon \(3\) x quantiles \(2\)"),
        (Prediction(), [(1,)], "where Challenge.prediction says one number"),
        (Prediction(axes={"classes": "dataset"}), [(4,), (5,)], "'s1' has 5 classes where others have 4"),
    ],
)
def test_a_stated_shape_that_breaks_the_declaration_is_said(tmp_path, prediction, shapes, sentence):
    samples = prepare(tmp_path / "prepared", *shapes)
    with pytest.raises(ContractError, match=sentence):
        check_prepared(tmp_path / "prepared", samples, "x", prediction)


@pytest.mark.parametrize(
    ("prediction", "gold", "truth", "sentence"),
    [
        (MASK, None, np.zeros((2, 4)), "'s0' has 4 columns where its prediction has 3"),
        (MASK, None, np.full((2, 3), 9), "'s0' holds values outside 0 to 3 or NaN; see Challenge.prediction"),
        (MASK, Gold(axes={"rows": "sample"}), np.zeros(3), "'s0' has 3 rows where its prediction has 2"),
        (MASK, Gold(axes={"area": 1}), np.zeros((2, 3)), r"says area \(1\)"),
        (
            MASK,
            Gold(axes={"area": 1}),
            np.array([np.nan]),
            "that are NaN, infinite; NaN is for what is not known, where",
        ),
        (MASK, Gold(axes={"area": 1}, partial=True), np.array([np.nan]), None),
        (MASK, Gold(axes={"area": 1}, range=(0, None)), np.array([-2.0]), "that are NaN, infinite or below 0"),
    ],
)
def test_gold_that_breaks_the_declaration_is_said(tmp_path, prediction, gold, truth, sentence):
    samples = prepare(tmp_path / "prepared", (2, 3))
    write_scores(tmp_path / "gold", iter([("s0", truth)]))
    arguments = (tmp_path / "gold", tmp_path / "prepared", samples, "x", prediction, gold)
    if sentence is None:
        check_gold(*arguments)
        return
    with pytest.raises(ContractError, match=sentence):
        check_gold(*arguments)


@pytest.mark.parametrize(
    ("prediction", "shape", "answer", "sentence"),
    [
        (BOXES, (5, 4), np.zeros((2, 4), np.float32), None),
        (BOXES, (5, 4), np.zeros((2, 3), np.float32), r"shape \(2, 3\) where \(5, 4\) was stated"),
        (QUANTILES, (3, 2), np.full((3, 2), -1e6, np.float32), None),
        (QUANTILES, (3, 2), np.full((3, 2), np.inf, np.float32), "has scores that are NaN, infinite"),
        (QUANTILES, (3, 2), np.full((3, 2), np.nan, np.float32), "has scores that are NaN, infinite"),
        (MASK, (1, 1), np.ones((1, 1), np.float32), "is float32; use uint8"),
        (Prediction(), (), np.float32(1.5), "has scores outside 0 to 1 or NaN"),
    ],
)
def test_answers_are_held_to_the_declaration(tmp_path, prediction, shape, answer, sentence):
    samples = prepare(tmp_path / "prepared", shape)
    write_scores(tmp_path / "answers", iter([("s0", answer)]))
    arguments = (tmp_path / "answers", tmp_path / "prepared", samples, "x", prediction)
    if sentence is None:
        check_predictions(*arguments)
        return
    with pytest.raises(ContractError, match=sentence):
        check_predictions(*arguments)
