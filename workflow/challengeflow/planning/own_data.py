"""Data of one's own that change: which files there are, where known samples stay, and which shards must be made again.

A listing (names, sizes, times) tells that something changed, and then the index is made again. Known samples keep their
fold and shard. Each shard has a stamp, a file that changes with its samples alone; a stamp that stays keeps its time
too, so that Snakemake leaves its shard, and all that was made of it, as they are.
"""

import csv
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from challengeflow.contract.samples import MADE_FROM, Sample, fold_cells

STAMPS = "stamps"
STAMP_COLUMNS = ("sample", "group", "stamp")
FULL = 2
"""Times its even share that a shard takes of new samples before the next one does."""


@dataclass(frozen=True)
class Place:
    """Where a sample was put when it was new, and the stamp that it had then."""

    group: str
    shard: str
    stamp: str


def listing(source: str, but: str) -> str:
    """A digest of the names, sizes and times of all files of a source; 16 hex digits. Opens none of them.

    Hidden files and the folder `but` (results may lie within) do not count.
    """
    digest, left_out = hashlib.sha256(), os.path.realpath(but)
    waiting = [source]
    while waiting:
        place = waiting.pop()
        for entry in sorted(_entries(place), key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting += [] if os.path.realpath(entry.path) == left_out else [entry.path]
                continue
            name = os.fsencode(os.path.relpath(entry.path, source))
            digest.update(name + b"\0" + _state(entry.path).encode() + b"\0")
    if not os.path.isdir(source):
        digest.update(_state(source).encode())
    return digest.hexdigest()[:16]


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:  # no folder, or one that may not be read
        return []


def _state(path: str) -> str:
    try:
        state = os.stat(path)
    except OSError:
        return "missing"
    return f"{state.st_size} {state.st_mtime_ns}"


def known_places(index: Path | None, shards: Iterable[str]) -> dict[str, Place]:
    """Sample -> its place in the index that was there before; none where that had other shards."""
    stamps = index / STAMPS if index else None
    if stamps is None or {path.stem for path in stamps.glob("*.txt")} != set(shards):
        return {}
    found = {}
    for path in sorted(stamps.glob("*.txt")):
        with open(path, newline="", errors="surrogateescape") as file:
            for row in csv.DictReader(file):
                found[row["sample"]] = Place(row["group"], path.stem, row["stamp"])
    return found


def stamps_of(samples: Iterable[Sample], made: Path, files: str) -> dict[str, str]:
    """Sample -> digest of its row and of what it is made from: as the plugin says it, else all files of the source."""
    path = made / MADE_FROM
    told: dict[str, str] = {}
    if path.exists():
        with open(path, newline="", errors="surrogateescape") as file:
            told = {row["sample"]: row["made_from"] for row in csv.DictReader(file)}
    return {sample.id: _stamp(sample, told.get(sample.id, files)) for sample in samples}


def _stamp(sample: Sample, made_from: str) -> str:
    row = [sample.id, sample.split, sample.group, *fold_cells(sample), *sample.columns.items(), made_from]
    return hashlib.sha256(json.dumps(row).encode()).hexdigest()[:16]


def touched(known: Mapping[str, Place], stamps: Mapping[str, str]) -> set[str]:
    """The shards of which a sample has changed or is gone: they are made again anyway."""
    return {place.shard for sample, place in known.items() if stamps.get(sample) != place.stamp}


def placed(ids: Sequence[str], names: Sequence[str], known: Mapping[str, Place], again: set[str]) -> dict[str, str]:
    """Sample -> shard: known ones stay; new ones fill few shards, first those of `again` (to which they are added).

    Where none is known, equal runs in the order of the table.
    """
    kept = {sample: known[sample].shard for sample in ids if sample in known and known[sample].shard in names}
    if not kept:
        return {sample: names[at * len(names) // len(ids)] for at, sample in enumerate(ids)}
    size, most = Counter(kept.values()), FULL * -(-len(ids) // len(names))
    for sample in ids:
        if sample not in kept:
            kept[sample] = min(names, key=lambda name: (size[name] >= most, name not in again, size[name]))
            size[kept[sample]] += 1
            again.add(kept[sample])
    return kept


def write_stamps(
    folder: Path, by_shard: Mapping[str, Sequence[Sample]], stamps: Mapping[str, str], before: Path | None
) -> None:
    """One stamp a shard; one that says what the stamp of `before` says has its time."""
    (folder / STAMPS).mkdir()
    for shard, members in by_shard.items():
        path = folder / STAMPS / f"{shard}.txt"
        with open(path, "w", newline="", errors="surrogateescape") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(STAMP_COLUMNS)
            writer.writerows((sample.id, sample.group, stamps[sample.id]) for sample in members)
        old = before / STAMPS / path.name if before else None
        if old and old.is_file() and old.read_bytes() == path.read_bytes():
            shutil.copystat(old, path)
