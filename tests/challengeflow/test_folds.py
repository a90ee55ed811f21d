"""Folds keep groups whole and share strata alike; tables that would leak are refused."""

from collections import Counter

import pytest

from challengeflow import InputError, Sample, write_samples
from challengeflow.planning.folds import assign_folds


def made(groups, size=4):
    samples = [Sample(f"{g}-{i}", "train", f"g{g}") for g in range(groups) for i in range(size)]
    return samples, {
        s.id: "rare" if s.group in ("g0", "g5", "g9") and s.id.endswith("0") else "common" for s in samples
    }


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
