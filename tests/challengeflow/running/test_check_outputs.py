"""What the core says of scores that comparisons and the report could not read."""

import json

import pytest

from challengeflow.arrays import Arrays, Writer
from challengeflow.contract.declare import Submission
from challengeflow.contract.errors import ContractError, InputError
from challengeflow.running.check_outputs import check_failures, check_scores, check_submission
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
        ({"chance": "0.5"}, "has '0.5' as chance; write what guessing is expected to score, a finite number"),
        ({"resamples": [0.1, 0.2]}, "has resamples in a form of its own"),
        ({"detail": [1]}, "has a list as detail; give a mapping"),
        ({"detail": {"warnings": "few groups"}}, r"has 'few groups' as detail\['warnings'\]; give a list of sentences"),
        ({"detail": {"warnings": ["few groups", ""]}}, "give a list of sentences"),
        ({"detail": {"warning": "few groups"}}, "which nothing reads"),
        ({"detail": {"references": [{"system": "a", "f1": 1}]}}, "a published result has a system, a score"),
        ({"detail": {"references": [{"system": "a", "score": "1", "source": "b"}]}}, "a published result has a system"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, change, sentence):
    (tmp_path / "scores.json").write_text(json.dumps({"train": GOOD | change}))
    with pytest.raises(ContractError, match=sentence):
        check_scores(tmp_path / "scores.json", ["train"], "a/b")


def write_shard(folder, samples):
    with Writer(folder) as out:
        for number in range(samples):
            out.add(f"s{number}", {"status": "ok" if number % 10 else "too short", "shape": []})
    return folder


def test_unreadable_samples_are_listed_in_order_and_too_many_stop(tmp_path):
    shard = write_shard(tmp_path / "a", 30)
    failed = check_failures([shard, shard], 0.2, "d")
    assert [each["sample"] for each in failed] == ["s0", "s10", "s20"] * 2 and failed[0]["reason"] == "too short"
    with pytest.raises(InputError, match=r"d: 3 of 30 samples could not be read, more than max_failed 0\.05 allows"):
        check_failures([shard], 0.05, "d")


def test_of_many_unreadable_samples_one_sentence_names_the_first(tmp_path):
    with Writer(tmp_path / "a") as out:
        for number in range(5000):
            out.add(f"s{number}", {"status": f"{number} frames" if number < 100 else "file empty", "shape": []})
    with pytest.raises(InputError) as told:
        check_failures([tmp_path / "a"], 0.05, "d")
    assert len(str(told.value)) < 500 and "'s109' and 4,890 more: file empty; 's0': 0 frames;" in str(told.value)
    assert str(told.value).endswith("'s3': 3 frames and 96 more reasons")


def test_each_sample_is_looked_at_once(tmp_path, monkeypatch):
    """However many there are: a look at all of them for each of them takes minutes of a full dataset."""
    looked = []
    original = Arrays.attributes
    monkeypatch.setattr(Arrays, "attributes", lambda self, sample: looked.append(sample) or original(self, sample))
    check_failures([write_shard(tmp_path / "a", 1000)], 0.2, "d")
    assert len(looked) == 1000


def test_a_submission_holds_what_is_declared_of_it(tmp_path):
    declared = Submission(name="csv", summary="answers", file="mood-*.tar", table="answers.csv")
    (tmp_path / "nano").mkdir()
    (tmp_path / "nano/answers.csv").touch()  # one for each dataset, where it answers several
    with pytest.raises(ContractError, match=r"csv one has no mood-\*.tar, which Submission.file names"):
        check_submission(tmp_path, declared, "csv one")
    (tmp_path / "mood-one.tar").touch()
    check_submission(tmp_path, declared, "csv one")
