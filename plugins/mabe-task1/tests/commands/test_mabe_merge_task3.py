"""Several runs of task 3 become one submission."""

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.pickles import load_npy
from challengeflow_mabe_task1.commands.merge_task3 import main


@pytest.fixture
def save(tmp_path):
    def saved(name, value):
        np.save(tmp_path / name, value, allow_pickle=True)
        return str(tmp_path / name)

    return saved


def test_behaviours_are_put_together(tmp_path, save):
    one, two = save("one.npy", {"approach": {"a": [0, 1]}}), save("two.npy", {"chase": {"b": [1, 1, 0]}})
    sample = save("sample.npy", {"approach": {"a": [0, 0]}, "chase": {"b": [0, 0, 0]}})
    out = tmp_path / "submission.npy"
    assert main([str(out), one, two, "--sample", sample]) == 0
    assert load_npy(out) == {"approach": {"a": [0, 1]}, "chase": {"b": [1, 1, 0]}}


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ({"approach": {"b": [1]}}, "answers 'approach', as a file before it does"),
        ({"b": [1]}, "is no task-3 submission"),
        ({"chase": {"b": [1]}}, "has 3 frames of 'b' for 'chase', the files given 1"),
        ({"mount": {"b": [1]}}, "has 3 frames of 'b' for 'chase', the files given none"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(tmp_path, save, second, sentence):
    one, two = save("one.npy", {"approach": {"a": [0, 1]}}), save("two.npy", second)
    sample = save("sample.npy", {"approach": {"a": [0, 0]}, "chase": {"b": [0, 0, 0]}})
    with pytest.raises(InputError, match=sentence):
        main([str(tmp_path / "submission.npy"), one, two, "--sample", sample])
    assert not (tmp_path / "submission.npy").exists()
