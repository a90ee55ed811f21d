"""The competition's four CSV files, read strictly: columns, order, duplicates and alignment are checked.

train_metadata.csv and train_labels.csv may be gzipped. All functions raise InputError with the file and the first
wrong row.
"""

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, cast

from challengeflow import InputError

TRAIN_COLUMNS = ("filename", "url", "project_id", "num_frames", "crowd_score", "tier1", "micro", "nano")
LABEL_COLUMNS = ("filename", "stalled")
TEST_COLUMNS = ("filename", "url", "num_frames")
FORMAT_COLUMNS = ("filename", "stalled")


class TrainRow(NamedTuple):
    """A row of train_metadata.csv, all text but for `num_frames`."""

    filename: str
    url: str
    project_id: str
    num_frames: int
    crowd_score: str
    tier1: str
    micro: str
    nano: str


class TestRow(NamedTuple):
    """A row of test_metadata.csv."""

    filename: str
    url: str
    num_frames: int


@dataclass(frozen=True)
class TrainTable:
    """Training videos and, in the same order, their labels (0 flowing, 1 stalled)."""

    rows: list[TrainRow]
    stalled: list[int]


def find_table(folder: Path, name: str) -> Path | None:
    """The path of a table in `folder`, plain or gzipped; None where there is none."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def read_train(folder: Path) -> TrainTable:
    """train_metadata.csv and train_labels.csv of `folder`."""
    metadata, labels = (_require(folder, name) for name in ("train_metadata.csv", "train_labels.csv"))
    rows = [
        TrainRow(name, url, project, _frames(metadata, line, frames), crowd, tier1, micro, nano)
        for line, (name, url, project, frames, crowd, tier1, micro, nano) in read_rows(metadata, TRAIN_COLUMNS)
    ]
    _check_filenames(metadata, [row.filename for row in rows])
    for line, row in enumerate(rows, 2):
        if not {row.tier1, row.micro, row.nano} <= {"True", "False"}:
            raise InputError(
                f"{metadata}, line {line}: tier1, micro and nano must be True or False; restore the original file"
            )
    table = TrainTable(rows, _read_labels(labels, rows, metadata))
    _audit(table, metadata, labels)
    return table


def _audit(table: TrainTable, metadata: Path, labels: Path) -> None:
    """Where no expert decided (tier1 False) the label is that of the crowd: stalled from a score of 0.5 on."""
    for line, (row, stalled) in enumerate(zip(table.rows, table.stalled, strict=True), 2):
        try:
            crowd = float(row.crowd_score)
        except ValueError:
            crowd = -1.0
        if not 0 <= crowd <= 1:
            raise InputError(
                f"{metadata}, line {line}: crowd_score is {row.crowd_score!r}, expected a number from 0 to 1; "
                "restore the original file"
            )
        if row.tier1 == "False" and stalled != (crowd >= 0.5):
            raise InputError(
                f"{labels}, line {line}: {row.filename} is labelled {stalled}, while its crowd_score {row.crowd_score} "
                f"says {int(crowd >= 0.5)} and no expert decided (tier1 False); restore the original files"
            )


def _read_labels(path: Path, rows: Sequence[TrainRow], metadata: Path) -> list[int]:
    stalled: list[int] = []
    for line, (filename, label) in read_rows(path, LABEL_COLUMNS):
        place = len(stalled)
        if place >= len(rows) or rows[place].filename != filename:
            expected = rows[place].filename if place < len(rows) else "no further row"
            raise InputError(
                f"{path}, line {line}: found {filename}, expected {expected} as in {metadata}; restore its order"
            )
        if label not in ("0", "1"):
            raise InputError(f"{path}, line {line}: stalled is {label!r}, expected 0 or 1; restore the original file")
        stalled.append(int(label))
    if len(stalled) != len(rows):
        raise InputError(
            f"{path} has {len(stalled)} rows, expected {len(rows)} as in {metadata}; restore the original file"
        )
    return stalled


def read_test(folder: Path) -> list[TestRow]:
    """test_metadata.csv of `folder`; submission_format.csv, where present, must list the same videos in order."""
    metadata = _require(folder, "test_metadata.csv")
    rows = [
        TestRow(name, url, _frames(metadata, line, frames))
        for line, (name, url, frames) in read_rows(metadata, TEST_COLUMNS)
    ]
    _check_filenames(metadata, [row.filename for row in rows])
    expected = find_table(folder, "submission_format.csv")
    if expected:
        listed = [row[0] for _, row in read_rows(expected, FORMAT_COLUMNS)]
        for line, (here, there) in enumerate(zip(listed, (row.filename for row in rows), strict=False), 2):
            if here != there:
                raise InputError(
                    f"{expected}, line {line}: found {here}, expected {there} as in {metadata}; restore its order"
                )
        if len(listed) != len(rows):
            raise InputError(
                f"{expected} has {len(listed)} rows, expected {len(rows)} as in {metadata}; restore the file"
            )
    return rows


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a CSV as the competition does: comma, LF, no quoting needed, no index."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _require(folder: Path, name: str) -> Path:
    path = find_table(folder, name)
    if path is None:
        raise InputError(f"{folder} has no {name} (nor {name}.gz); put the competition's CSV files there")
    return path


def opened(path: Path) -> IO[str]:
    """A table, plain or gzipped, as text; a byte order mark is left out."""
    opener = gzip.open if path.suffix == ".gz" else open
    return cast(IO[str], opener(path, "rt", newline="", encoding="utf-8-sig"))


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and values of each row of a CSV file with exactly these columns."""
    try:
        with opened(path) as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if tuple(header) != tuple(columns):
                raise InputError(
                    f"{path} has the columns {','.join(header)}; expected {','.join(columns)}, in this order"
                )
            for line, row in enumerate(reader, 2):
                if len(row) != len(columns):
                    raise InputError(
                        f"{path}, line {line}: {len(row)} values, expected {len(columns)}; restore the file"
                    )
                yield line, row
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a CSV file ({error}); restore the original file") from None


def _frames(path: Path, line: int, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{path}, line {line}: num_frames is {text!r}, expected a whole number of 1 or more")
    return int(text)


def _check_filenames(path: Path, filenames: Sequence[str]) -> None:
    seen: set[str] = set()
    for line, filename in enumerate(filenames, 2):
        if not filename.endswith(".mp4") or "/" in filename or "\\" in filename or filename.startswith("."):
            raise InputError(f"{path}, line {line}: {filename!r} is no plain mp4 file name; restore the original file")
        if filename in seen:
            raise InputError(f"{path}, line {line}: {filename} is listed twice; every video has one row")
        seen.add(filename)
