"""A lab's own labels: a table of file names, answers and, if known, projects, as spreadsheets save it.

Columns in any order and case, separated by comma, semicolon or tab; further columns say nothing here.
"""

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from challengeflow import InputError
from challengeflow_clog_loss.data import tables

NAME, ANSWER, PROJECT = "filename", "stalled", "project_id"
SEPARATORS = (",", ";", "\t")
ANSWERS = dict.fromkeys(("0", "0.0", "no", "false", "flowing"), 0) | dict.fromkeys(
    ("1", "1.0", "yes", "true", "stalled"), 1
)


class Label(NamedTuple):
    """A video of the table: file name, 0 (flowing) or 1 (stalled), project ("" where there is none)."""

    filename: str
    stalled: int
    project: str


def read(path: Path, files: Sequence[str]) -> list[Label]:
    """The labels of a table, each with the name of its file among `files`, or as it is written where none is meant.

    Raises InputError with the first wrong line.
    """
    meant = _Meant(files)
    labels: dict[str, tuple[int, Label]] = {}
    for line, row in _rows(path):
        name, answer = row[NAME], row[ANSWER].lower()
        if not name or "/" in name or "\\" in name:
            raise InputError(f"{path}, line {line}: {name!r} must be a file name, without folder")
        if answer not in ANSWERS:
            raise InputError(
                f"{path}, line {line}: stalled is {row[ANSWER]!r}, expected 0 (flowing) or 1 (stalled); "
                "leave out videos whose answer is not known"
            )
        found = meant(name, f"{path}, line {line}")
        if found in labels:
            raise InputError(f"{path}, line {line}: {found} is listed before, in line {labels[found][0]}; list it once")
        labels[found] = line, Label(found, ANSWERS[answer], row.get(PROJECT, ""))
    if not labels:
        raise InputError(f"{path} lists no video; write a line for each, as in {NAME},{ANSWER} and a.mp4,1")
    return [label for _, label in labels.values()]


class _Meant:
    """Which of some files a name in a table means: itself, or the only one that is alike but for case, spelling of
    accents or ending."""

    def __init__(self, files: Iterable[str]):
        self._files = set(files)
        self._alike: Mapping[str, set[str]] = defaultdict(set)
        for file in self._files:
            for key in (_plain(file), _plain(Path(file).stem)):
                self._alike[key].add(file)

    def __call__(self, name: str, where: str) -> str:
        found = {name} if name in self._files else self._alike.get(_plain(name), set())
        if len(found) > 1:
            raise InputError(f"{where}: {name!r} may be any of {', '.join(sorted(found))}; write the name in full")
        return next(iter(found), name)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column, without the spaces around them; empty lines are left out."""
    try:
        with tables.opened(path) as file:
            first = file.readline()
            separator = max(SEPARATORS, key=first.count)
            header = [
                name.strip().lower()
                for name in next(csv.reader([first], delimiter=separator, skipinitialspace=True), [])
            ]
            if not {NAME, ANSWER} <= set(header) or len(set(filter(None, header))) < len([*filter(None, header)]):
                raise InputError(
                    f"{path} has the columns {','.join(header) or '(none)'}; expected {NAME},{ANSWER} "
                    f"and, if known, {PROJECT}"
                )
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
            for cells in reader:
                row = [cell.strip() for cell in cells]
                if any(row[len(header) :]):
                    raise InputError(
                        f"{path}, line {reader.line_num + 1}: {len(row)} values, expected {len(header)} as in line 1"
                    )
                if any(row):
                    padded = row + [""] * (len(header) - len(row))
                    yield reader.line_num + 1, dict(zip(header, padded, strict=False))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a CSV file ({error}); save it again as CSV, in UTF-8") from None
