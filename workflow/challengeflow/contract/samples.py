"""The sample table: who belongs to which split, group, fold and shard. It carries no label."""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from challengeflow.contract.errors import InputError

COLUMNS = ("sample", "split", "group")
FOLD_COLUMNS = ("fold", "unseen")
MADE_FROM = "made_from.csv"


@dataclass(frozen=True)
class Sample:
    """One video, sequence or scan. `columns`: label-free facts a plugin keeps about it (file name, frames), as text.

    Of a dataset with `own_folds`, fold: the one that holds a train sample out; None: every fold trains on it, and it is
    never scored (the start of a series). unseen: further folds whose training must not see it (later than their own, or
    too near).
    """

    id: str
    split: str
    group: str
    columns: Mapping[str, str] = field(default_factory=dict)
    fold: int | None = None
    unseen: tuple[int, ...] = ()


def write_samples(
    folder: Path,
    samples: Iterable[Sample],
    strata: Mapping[str, str] | None = None,
    made_from: Mapping[str, Iterable[Path | str]] | None = None,
) -> None:
    """Write a plugin's sample table into `folder` (samples.csv), and the strata of train samples apart (strata.csv).

    strata: sample id -> what folds should share alike (a class, a bin of a rare class's share). Labels may enter
    here, so the file is never handed on.
    made_from: of data of one's own, sample id -> its files, and what else is known of it (its label) as text: where one
    of them changes, its shard is made again. A sample that is left out changes with every file of the source.
    Raises InputError for a repeated sample id, a group in two splits or folds, and a column that is the table's own. A
    carriage return in a group or column, which Python's csv module writes as the end of a line, becomes a space.
    """
    samples = [_in_lines(sample) for sample in samples]
    _check(samples)
    extra = list(samples[0].columns) if samples else []
    for name in {*COLUMNS, *FOLD_COLUMNS, "shard"} & set(extra):
        raise InputError(f"the sample table has a column {name!r} of its own; call yours otherwise")
    folds = any(sample.fold is not None or sample.unseen for sample in samples)
    with open(folder / "samples.csv", "w", newline="", errors="surrogateescape") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *(FOLD_COLUMNS if folds else ()), *extra])
        writer.writerows(
            [s.id, s.split, s.group, *(fold_cells(s) if folds else ()), *(s.columns[name] for name in extra)]
            for s in samples
        )
    with open(folder / "strata.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample", "stratum"])
        writer.writerows((name, stratum.replace("\r", " ")) for name, stratum in (strata or {}).items())
    if made_from is not None:
        with open(folder / MADE_FROM, "w", newline="", errors="surrogateescape") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["sample", "made_from"])
            writer.writerows((sample, _state(things)) for sample, things in made_from.items())


def _in_lines(sample: Sample) -> Sample:
    if "\r" not in "".join(map(str, (sample.group, *sample.columns.values()))):
        return sample
    columns = {name: str(text).replace("\r", " ") for name, text in sample.columns.items()}
    return replace(sample, group=sample.group.replace("\r", " "), columns=columns)


def _state(things: Iterable[Path | str]) -> str:
    """A digest of files, by name, size and time of change, and of texts. Labels cannot be read off it."""
    digest = hashlib.sha256()
    for thing in things:
        said = thing
        if isinstance(thing, Path):
            try:
                state = thing.stat()
                said = f"{thing.name} {state.st_size} {state.st_mtime_ns}"
            except OSError:
                said = f"{thing.name} missing"
        digest.update(str(said).encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()[:16]


def fold_cells(sample: Sample) -> tuple[str, str]:
    """What a table says of a sample's folds."""
    return "" if sample.fold is None else str(sample.fold), " ".join(map(str, sample.unseen))


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Read a sample table; columns other than sample, split, group and those of folds go to `Sample.columns`."""
    with open(path, newline="", errors="surrogateescape") as file:
        reader = csv.reader(file)
        extra = next(reader)[len(COLUMNS) :]
        return tuple(_sample(row, extra) for row in reader)


def _sample(row: list[str], extra: list[str]) -> Sample:
    columns = dict(zip(extra, row[len(COLUMNS) :], strict=True))
    fold, unseen = (columns.pop(name, "") for name in FOLD_COLUMNS)
    return Sample(row[0], row[1], row[2], columns, int(fold) if fold else None, tuple(map(int, unseen.split())))


def _check(samples: list[Sample]) -> None:
    seen: set[str] = set()
    split_of: dict[str, str] = {}
    fold_of: dict[str, int | None] = {}
    for sample in samples:
        if not sample.id.isprintable():
            raise InputError(f"sample {sample.id!r} has an id that cannot be printed; see challengeflow.outside.names")
        if sample.id in seen:
            raise InputError(f"sample {sample.id!r} is listed twice; every sample needs an id of its own")
        seen.add(sample.id)
        if split_of.setdefault(sample.group, sample.split) != sample.split:
            raise InputError(
                f"group {sample.group!r} is in the splits {split_of[sample.group]!r} and {sample.split!r}; "
                "samples of one group (animal, project, sequence) must stay in one split, or models are tested on what "
                "they saw"
            )
        if fold_of.setdefault(sample.group, sample.fold) != sample.fold:
            raise InputError(
                f"group {sample.group!r} is in the folds {fold_of[sample.group]} and {sample.fold}; samples of one "
                "group must stay "
                "in one fold, or models are scored on what they saw (call parts of a series groups of their own)"
            )
