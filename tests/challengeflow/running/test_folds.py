"""Folds keep groups whole and share strata alike; tables that would leak are refused."""

import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from challengeflow import InputError, Sample, Shard, write_samples
from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow.contract.errors import ContractError
from challengeflow.contract.samples import read_samples
from challengeflow.running.folds import assign_folds, own_folds
from challengeflow.running.views import unseen, without


def made(groups, size=4):
    samples = [Sample(f"{g}-{i}", "train", f"g{g}") for g in range(groups) for i in range(size)]
    return samples, {
        s.id: "rare" if s.group in ("g0", "g5", "g9") and s.id.endswith("0") else "common" for s in samples
    }


def test_ten_times_the_groups_take_at_most_fifteen_times_as_long():
    """Also where each group is a stratum of its own."""

    def seconds(groups):
        samples = [Sample(str(number), "train", str(number)) for number in range(groups)]
        strata = {sample.id: sample.id for sample in samples}
        rounds = []
        for _ in range(3):
            started = time.process_time()
            assign_folds(samples, strata, 3)
            rounds.append(time.process_time() - started)
        return min(rounds)

    assert min(seconds(5_000) / seconds(500) for _ in range(3)) < 15


def test_groups_stay_whole_and_rare_strata_are_spread():
    samples, strata = made(12)
    folds = assign_folds(samples, strata, 3)
    assert set(folds) == {f"g{g}" for g in range(12)}
    rare = Counter(folds[s.group] for s in samples if strata[s.id] == "rare")
    assert rare == {0: 1, 1: 1, 2: 1}
    assert sorted(Counter(folds.values()).values()) == [4, 4, 4]


def test_the_order_of_the_table_does_not_matter():
    samples, strata = made(12)
    assert assign_folds(samples[::-1], strata, 3) == assign_folds(samples, strata, 3)


def test_known_groups_stay_where_they_are():
    samples, strata = made(12)
    known = {"g0": 2, "g1": 2, "g2": 2}
    folds = assign_folds(samples, strata, 3, known)
    assert {group: folds[group] for group in known} == known
    assert sorted(Counter(folds.values()).values()) == [4, 4, 4]


def test_fewer_groups_than_folds_is_an_error():
    samples, strata = made(2)
    with pytest.raises(InputError, match="3 folds need at least 3 groups of train samples and there are 2"):
        assign_folds(samples, strata, 3)


def test_a_group_in_two_splits_is_refused(tmp_path):
    # A split by frame: parts of one video in train and in test.
    samples = [Sample("video1/0", "train", "video1"), Sample("video1/1", "test", "video1")]
    with pytest.raises(InputError, match="group 'video1' is in the splits 'train' and 'test'"):
        write_samples(tmp_path, samples)


def test_a_repeated_sample_is_refused(tmp_path):
    with pytest.raises(InputError, match="sample 'a' is listed twice"):
        write_samples(tmp_path, [Sample("a", "train", "g"), Sample("a", "train", "g")])


def test_a_carriage_return_is_a_space_to_the_table(tmp_path):
    write_samples(
        tmp_path, [Sample("a", "train", "g\r1", {"file": "x\r\ny"}), Sample("b", "train", "g2", {"file": "z"})]
    )
    read = read_samples(tmp_path / "samples.csv")
    assert [(s.id, s.group, s.columns["file"]) for s in read] == [("a", "g 1", "x \ny"), ("b", "g2", "z")]


# -- folds of the table's own ----------------------------------------------------------------------------------------


def in_time(blocks=4, size=3, folds=3):
    """Blocks of a series: the first for training alone.

    The training of a fold sees what lies before it, but for its last sample.
    """
    for block in range(blocks):
        for i in range(size):
            later = range(max(block - 1, 0))
            purged = [block] if i == size - 1 and block < folds else []
            fold = None if block == 0 else block - 1
            yield Sample(f"{block}-{i}", "train", f"block {block}", {}, fold, tuple(sorted({*later, *purged})))


def test_the_table_keeps_folds_and_what_they_must_not_see(tmp_path):
    samples = list(in_time())
    write_samples(tmp_path, samples)
    assert read_samples(tmp_path / "samples.csv") == tuple(samples)
    assert own_folds(samples, 3) == {s.id: s.fold for s in samples}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"fold": 5}, "sample '1-0' names the fold 5; the dataset has folds 0 to 2"),
        ({"unseen": (7,)}, "names the fold 7"),
    ],
)
def test_a_fold_that_there_is_not_is_said(change, sentence):
    samples = [replace(s, **change) if s.id == "1-0" else s for s in in_time()]
    with pytest.raises(ContractError, match=sentence):
        own_folds(samples, 3)


def test_a_fold_without_samples_or_without_training_is_said():
    with pytest.raises(ContractError, match="no train sample is in fold 3"):
        own_folds(list(in_time()), 4)
    with pytest.raises(ContractError, match="the training of fold 0 may see no sample"):
        own_folds([s for s in in_time() if s.fold is not None], 3)


def test_a_group_in_two_folds_is_refused(tmp_path):
    samples = [Sample("a", "train", "g", {}, 0), Sample("b", "train", "g", {}, 1)]
    with pytest.raises(InputError, match="group 'g' is in the folds 0 and 1"):
        write_samples(tmp_path, samples)


def test_a_column_of_the_tables_own_is_refused(tmp_path):
    with pytest.raises(InputError, match="column 'fold' of its own"):
        write_samples(tmp_path, [Sample("a", "train", "g", {"fold": "2"})])


def test_a_shard_without_some_samples_holds_the_rest_alone(tmp_path):
    samples = [Sample(name, "train", name, {}, 1, (0,) if name == "b" else ()) for name in "abc"]
    write_samples(tmp_path, samples)
    for kind in ("prepared", "gold"):
        write_scores(tmp_path / kind, iter([(s.id, np.float32(number)) for number, s in enumerate(samples)]))
    shard = Shard("train-f1-000", "train", 1, tmp_path / "samples.csv", tmp_path / "prepared", tmp_path / "gold")
    hidden = unseen(shard.index, 0)
    assert hidden == {"b"} and not unseen(shard.index, 2) and without(shard, set(), tmp_path / "seen") is shard
    left = without(shard, hidden, tmp_path / "seen")
    assert [s.id for s in left.samples] == list(Predictions(left.gold)) == list(Arrays(left.prepared)) == ["a", "c"]
    assert Predictions(left.gold)["c"] == 2
    assert without(shard, {"a", "b", "c"}, tmp_path / "none") is None
