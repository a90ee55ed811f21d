"""What the core says of scores that comparisons and the report could not read."""

import json

import pytest

from challengeflow.contract.errors import ContractError
from challengeflow.running.check_outputs import check_scores
from challengeflow.scoring import bootstrap

GOOD = {"score": 0.5, "detail": {"references": [{"system": "a", "score": 0.8, "source": "b", "more": 1}]}}
GOOD |= bootstrap("aabb", lambda drawn: 0.5)


def test_good_scores_are_read(tmp_path):
    (tmp_path / "scores.json").write_text(json.dumps({"train": GOOD}))
    assert check_scores(tmp_path / "scores.json", ["train"], "a/b")["train"] == GOOD


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"score": None}, "the train split needs a finite score and an interval"),
        ({"interval": [0.1]}, "the train split needs a finite score and an interval"),
        ({"resamples": [0.1, 0.2]}, "has resamples in a form of its own"),
        ({"detail": [1]}, "has a list as detail; give a mapping"),
        ({"detail": {"references": [{"system": "a", "f1": 1}]}}, "a published result has a system, a score"),
        ({"detail": {"references": [{"system": "a", "score": "1", "source": "b"}]}}, "a published result has a system"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, change, sentence):
    (tmp_path / "scores.json").write_text(json.dumps({"train": GOOD | change}))
    with pytest.raises(ContractError, match=sentence):
        check_scores(tmp_path / "scores.json", ["train"], "a/b")
