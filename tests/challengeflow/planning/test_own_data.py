"""Where samples of changing data stay, and which shards their files touch."""

import os
from dataclasses import replace

import pytest

from challengeflow import Sample, read_samples, write_samples
from challengeflow.planning.own_data import listing
from challengeflow.planning.plan import Plan
from challengeflow.planning.settings import ChallengeSettings, DatasetSettings
from challengeflow.running.folds import write_index

ENTRY = DatasetSettings(
    splits={"train": "train", "test": "answered"}, gold=(), folds=2, shards={"train": 2, "test": 3}, source="/data"
)


class Index:
    """An index that is made again and again, as its data change."""

    def __init__(self, folder):
        self.folder, self.times = folder, 0

    def make(self, names: str, made_from=None, files="", entry=ENTRY, before=True) -> dict[str, list[str]]:
        """Shard -> samples; upper-case names are in train."""
        self.times += 1
        made, new = self.folder / f"made-{self.times}", self.folder / f"index-{self.times}"
        made.mkdir()
        new.mkdir()
        samples = [Sample(name, "train" if name.isupper() else "test", name) for name in names]
        write_samples(made, samples, made_from=made_from)
        plan = Plan("x", ChallengeSettings(results="r", seed=1, device="cpu", datasets={"own": entry}))
        last = self.folder / f"index-{self.times - 1}"
        old = last if before and last.exists() else None
        write_index(new, made, list(plan.own_shards("own")), entry, None, old, files)
        return {path.stem: [one.id for one in read_samples(path)] for path in sorted((new / "shards").iterdir())}

    def again(self) -> set[str]:
        """The shards whose stamps are other than the last time."""
        old, new = (self.folder / f"index-{self.times - ago}/stamps" for ago in (1, 0))
        for path in new.iterdir():
            same = (old / path.name).read_bytes() == path.read_bytes()
            assert same == ((old / path.name).stat().st_mtime_ns == path.stat().st_mtime_ns)
        return {p.stem for p in new.iterdir() if (old / p.name).read_bytes() != p.read_bytes()}


@pytest.fixture
def index(tmp_path) -> Index:
    return Index(tmp_path)


def told(names: str, **changed: str) -> dict[str, list[str]]:
    return {name: [changed.get(name, "as it was")] for name in names}


def test_new_samples_join_what_is_made_again_anyway(index):
    first = index.make("ABCDabcdef", told("ABCDabcdef"))
    assert [first[f"test-{at:03d}"] for at in range(3)] == [["a", "b"], ["c", "d"], ["e", "f"]]
    second = index.make("ABCDaabcdefgh".replace("aa", "a"), told("ABCDabcdefgh", d="mended"))
    assert second["test-001"] == ["c", "d", "g", "h"] and index.again() == {"test-001"}
    third = index.make("ABCDabdefgh", told("ABCDabdefgh", d="mended"))
    assert third["test-001"] == ["d", "g", "h"] and index.again() == {"test-001"}


def test_many_new_samples_fill_shard_after_shard(index):
    index.make("abcdef", told("abcdef"), entry=replace(ENTRY, splits={"test": "answered"}, shards={"test": 3}))
    entry = replace(ENTRY, splits={"test": "answered"}, shards={"test": 3})
    second = index.make("abcdefghijklmnopqr", told("abcdefghijklmnopqr"), entry=entry)
    assert sorted(map(len, second.values())) == [2, 4, 12] and index.again() == {"test-000", "test-001"}


def test_folds_of_known_groups_stay_and_new_ones_are_shared(index):
    first = index.make("ABCDEFa", told("ABCDEFa"))
    second = index.make("ABCDEFGa", told("ABCDEFGa"))
    assert all(set(first[name]) <= set(second[name]) for name in first) and len(index.again()) == 1
    fold = [name for name in first if name.startswith("train-f0")]
    left = "".join(sorted({*"ABCDEFG"} - {one for name in fold for one in second[name]}))
    third = index.make(f"{left}a", told(f"{left}a"))
    assert all(any(third[f"train-f{at}-00{part}"] for part in range(2)) for at in range(2))


def test_without_a_word_of_the_plugin_every_change_touches_every_shard(index):
    index.make("ABab", files="1")
    index.make("ABab", files="1")
    assert index.again() == set()
    index.make("ABab", files="2")
    assert {name for name in index.again() if name.endswith("000")} == {"train-f0-000", "train-f1-000", "test-000"}


def test_other_shards_in_the_config_put_everything_anew(index):
    index.make("abcdef", told("abcdef"), entry=replace(ENTRY, splits={"test": "answered"}, shards={"test": 3}))
    entry = replace(ENTRY, splits={"test": "answered"}, shards={"test": 2})
    assert list(index.make("abcdef", told("abcdef"), entry=entry).values()) == [["a", "b", "c"], ["d", "e", "f"]]


def test_a_listing_changes_with_names_sizes_and_times_alone(tmp_path):
    data, results = tmp_path / "data", tmp_path / "data/results"
    (data / "deeper").mkdir(parents=True)
    (data / "a").write_text("1")
    (data / "deeper/b").write_text("2")
    seen = [listing(str(data), str(results))]

    def changed() -> bool:
        seen.append(listing(str(data), str(results)))
        return seen[-1] != seen[-2]

    results.mkdir()
    (results / "scores.json").touch()
    (data / ".hidden").touch()
    assert not changed()
    (data / "deeper/b").write_text("22")
    assert changed()
    os.utime(data / "a", ns=(1, 1))
    assert changed()
    (data / "a").rename(data / "c")
    assert changed()
    (data / "c").unlink()
    assert changed() and not changed()
    assert listing(str(data / "deeper/b"), "r") != listing(str(data / "gone"), "r")
