"""What a submission's folder holds, as the page shows it: the file to hand in, the table of answers, what could not be
read, pictures.
"""

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from challengeflow.planning.plan import Plan
from challengeflow.reporting.ending import warnings_of
from challengeflow.running.check_outputs import check_failures
from challengeflow.running.warn import learnt_from_generated

MOST_ROWS, MOST_PICTURES = 200, 8
PICTURES = (".png", ".jpg")


@dataclass(frozen=True)
class Table:
    """The first rows of a table of answers; numeric: of each column, whether it holds numbers; rows_in_all: of the
    file."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    rows_in_all: int


@dataclass(frozen=True)
class Handed:
    """A submission. answers: dataset -> the variant that answers it; files: all, with what is handed in first.

    unread: sample and reason. own: whether it answers data of one's own, whose right answers nobody knows; generated:
    whether all that it answers is a demo; not_learnt: whether its models never saw real data, though it answers such.
    """

    kind: str
    name: str
    summary: str
    answers: Mapping[str, str]
    folder: Path
    to_hand_in: tuple[Path, ...]
    files: tuple[Path, ...]
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]
    unread: tuple[Mapping[str, str], ...]
    pictures: tuple[Path, ...]
    own: bool
    generated: bool
    not_learnt: bool

    @property
    def id(self) -> str:
        """Of its place on the page."""
        return f"answers-{self.kind}-{self.name}"


def read(
    plan: Plan, about: Mapping[str, Any], folder: Path, kind: str, name: str, answers: Mapping[str, str]
) -> Handed:
    """Look into the folder; about: what the challenge declares of this kind of submission."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path, folder))
    pattern = about.get("file", "")
    to_hand_in = [path for path in files if pattern and path.match(pattern)]
    first = set(to_hand_in)
    pictures = [path for path in files if path.suffix in PICTURES]
    return Handed(
        kind=kind,
        name=name,
        summary=about.get("summary", ""),
        answers=answers,
        folder=folder,
        to_hand_in=tuple(to_hand_in),
        files=(*to_hand_in, *(path for path in files if path not in first)),
        warnings=tuple(warnings_of(folder)),
        tables=tuple(_tables(folder, about.get("table", ""), answers)),
        unread=tuple(each for on in answers for each in _unread(plan, on)),
        pictures=tuple(pictures[:MOST_PICTURES]),
        own=any(plan.datasets[on].trained_on for on in answers),
        generated=all(map(plan.generated, answers)),
        not_learnt=any(learnt_from_generated(plan, on) for on in answers),
    )


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _tables(folder: Path, name: str, answers: Mapping[str, str]) -> Iterator[Table]:
    """The declared table: of the whole, or one in the folder of each dataset."""
    if name:
        places = (folder / name, *(folder / on / name for on in answers))
        yield from (_table(path) for path in places if path.is_file())


def _table(path: Path) -> Table:
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.reader(file)
        columns = tuple(next(reader, []))
        rows = tuple(tuple(row) for row in itertools.islice(reader, MOST_ROWS))
        more = sum(1 for _ in reader)
    numeric = tuple(_numbers([row[at] for row in rows if at < len(row)]) for at in range(len(columns)))
    return Table(path, columns, rows, numeric, len(rows) + more)


def _numbers(cells: Sequence[str]) -> bool:
    """Whether the cells that are not empty are numbers, and there are some."""
    known = [cell for cell in cells if cell]
    try:
        return bool(list(map(float, known)))
    except ValueError:
        return False


def _unread(plan: Plan, on: str) -> list[dict[str, str]]:
    """The samples of the answered shards that could not be read, as far as the prepared shards are there."""
    prepared = (Path(plan.prepared(shard)) for shard in plan.answered_shards(on))
    return check_failures([path for path in prepared if (path / "index.json").is_file()], None, on)
