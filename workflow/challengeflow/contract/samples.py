"""The sample table: who belongs to which split, group, fold and shard. It carries no label."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from challengeflow.contract.errors import InputError

COLUMNS = ("sample", "split", "group")


@dataclass(frozen=True)
class Sample:
    """One video, sequence or scan. `columns`: label-free facts a plugin keeps about it (file name, frames), as text."""

    id: str
    split: str
    group: str
    columns: Mapping[str, str] = field(default_factory=dict)


def write_samples(folder: Path, samples: Iterable[Sample], strata: Mapping[str, str] | None = None) -> None:
    """Write a plugin's sample table into `folder` (samples.csv), and the strata of train samples apart (strata.csv).

    strata: sample id -> what folds should share alike (a class, a bin of a rare class's share). Labels may enter
    here, so the file is never handed on. Raises InputError for a repeated sample id or a group in two splits.
    """
    samples = list(samples)
    _check(samples)
    extra = list(samples[0].columns) if samples else []
    with open(folder / "samples.csv", "w", newline="", errors="surrogateescape") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *extra])
        writer.writerows([s.id, s.split, s.group, *(s.columns[name] for name in extra)] for s in samples)
    with open(folder / "strata.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample", "stratum"])
        writer.writerows((strata or {}).items())


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Read a sample table; columns other than sample, split and group go to `Sample.columns`."""
    with open(path, newline="", errors="surrogateescape") as file:
        reader = csv.reader(file)
        header = next(reader)
        extra = header[len(COLUMNS) :]
        return tuple(Sample(row[0], row[1], row[2], dict(zip(extra, row[3:], strict=True))) for row in reader)


def _check(samples: list[Sample]) -> None:
    seen: set[str] = set()
    split_of: dict[str, str] = {}
    for sample in samples:
        if not sample.id.isprintable():
            raise InputError(f"sample {sample.id!r} has an id that cannot be printed; see challengeflow.outside.names")
        if sample.id in seen:
            raise InputError(f"sample {sample.id!r} is listed twice; every sample needs an id of its own")
        seen.add(sample.id)
        if split_of.setdefault(sample.group, sample.split) != sample.split:
            raise InputError(
                f"group {sample.group!r} is in the splits {split_of[sample.group]!r} and {sample.split!r}; "
                "samples of one group (animal, project, sequence) must stay in one split, or models are tested on what they saw"
            )
