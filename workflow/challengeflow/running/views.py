"""A shard without some of its samples, as a fold's training gets it where the sample table says what it must not
see."""

import csv
import json
from collections.abc import Set
from dataclasses import replace
from pathlib import Path

from challengeflow.contract.jobs import Shard
from challengeflow.contract.samples import read_samples


def unseen(index: Path, fold: int | None) -> frozenset[str]:
    """The samples of a shard's table that the training of a fold must not see."""
    return frozenset(sample.id for sample in read_samples(index) if fold in sample.unseen)


def without(shard: Shard, hidden: Set[str], folder: Path) -> Shard | None:
    """The shard without the samples `hidden`, below `folder`: its data stay where they are.

    None where nothing is left.
    """
    if not hidden:
        return shard
    left = [sample.id for sample in shard.samples if sample.id not in hidden]
    if not left:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "samples.csv"
    with (
        open(shard.index, newline="", errors="surrogateescape") as source,
        open(table, "w", newline="", errors="surrogateescape") as target,
    ):
        header, *rows = csv.reader(source)
        csv.writer(target, lineterminator="\n").writerows([header, *(row for row in rows if row[0] not in hidden)])
    prepared = _view(shard.prepared, hidden, folder / "prepared")
    gold = _view(shard.gold, hidden, folder / "gold") if shard.gold else None
    return replace(shard, index=table, prepared=prepared, gold=gold)


def _view(arrays: Path, hidden: Set[str], target: Path) -> Path:
    """An index of what is left, beside links to the files it leads into."""
    target.mkdir(exist_ok=True)
    for path in arrays.iterdir():
        link = target / path.name
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
    entries = json.loads((arrays / "index.json").read_text())
    (target / "index.json").unlink()
    kept = [entry for entry in entries if entry["sample"] not in hidden]
    (target / "index.json").write_text(json.dumps(kept, separators=(",", ":")) + "\n")
    return target
