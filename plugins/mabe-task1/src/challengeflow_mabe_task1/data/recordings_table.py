"""`recordings.csv`: what the names of files do not say about the recordings of a folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from challengeflow import InputError
from challengeflow_mabe_task1.formats import text

NAME = "recordings.csv"
COLUMNS = (
    "recording",
    "poses",
    "labels",
    "split",
    "group",
    "fps",
    "pixels_per_cm",
    "resident",
    "intruder",
    "annotator",
    "observation",
)
"""Only the first two are needed. Several pose files of one recording are separated by |."""
NUMBERS = ("fps", "pixels_per_cm", "annotator")
SPLITS = ("", "train", "test", "unlabelled")


@dataclass(frozen=True)
class Recording:
    """One recording and its files, relative to the folder; facts: as in recordings.csv.

    notes: what a reader should know of it. problem: why it cannot be read.
    """

    id: str
    poses: tuple[str, ...]
    labels: str = ""
    split: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""

    def fact(self, name: str) -> str:
        return self.facts.get(name) or ""


def find(folder: Path) -> Path | None:
    """The table in a folder, however its name's letters are written."""
    return next((path for path in sorted(folder.iterdir()) if path.name.lower() == NAME and path.is_file()), None)


def read(path: Path) -> Iterator[Recording]:
    """The recordings of a table. Raises InputError that names the first wrong line."""
    lines = [cells for cells in text.rows(path) if any(cells)]
    header = [name.lower() for name in lines[0]] if lines else []
    while header and not header[-1]:
        header.pop()  # a separator at the end of the line
    if not {"recording", "poses"} <= set(header) <= set(COLUMNS):
        raise InputError(
            f"{path} has the columns {', '.join(header)}; expected recording and poses, and of "
            f"{', '.join(COLUMNS[2:])} what is known"
        )
    seen: set[str] = set()
    for number, cells in enumerate(lines[1:], 2):
        row = dict(zip(header, [*cells, *[""] * len(header)], strict=False))
        _check(path, number, row)
        if row["recording"] in seen:
            raise InputError(
                f"line {number} of {path}: the recording {row['recording']!r} is listed twice; give each one line"
            )
        seen.add(row["recording"])
        row |= {name: row[name].replace(",", ".") for name in NUMBERS if name in row}
        split = row.get("split", "").lower() or ("train" if row.get("labels") else "test")
        poses = tuple(name.strip() for name in row["poses"].split("|"))
        yield Recording(row["recording"], poses, row.get("labels", ""), split, row)


def _check(path: Path, number: int, row: Mapping[str, str]) -> None:
    where = f"line {number} of {path}"
    if not row["recording"] or not row["poses"]:
        raise InputError(f"{where} lacks the {'poses' if row['recording'] else 'recording'}; give both")
    if row.get("split", "").lower() not in SPLITS:
        raise InputError(f"{where} has the split {row['split']!r}; expected {', '.join(SPLITS[1:])}, or nothing")
    for name in NUMBERS:
        try:
            value = float((row.get(name) or "1").replace(",", "."))
        except ValueError:
            value = -1.0
        if not (0 <= value < 1e9 and (value or name == "annotator")):
            raise InputError(f"{where} has the {name} {row[name]!r}; expected a number above 0")
    if bool(row.get("resident")) != bool(row.get("intruder")):
        raise InputError(f"{where} names one animal; name both resident and intruder, or neither")
