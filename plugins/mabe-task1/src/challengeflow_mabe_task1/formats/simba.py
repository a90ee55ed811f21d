"""SimBA's tables: poses (input_csv) and, after people scored them, behaviours in the same file (targets_inserted).

A point has the columns NAME_x, NAME_y and NAME_p; the animal's number is the end of its name (`Nose_1_x`). Behaviours
are the 0/1 columns at the end of the table, after features that are no such numbers.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from challengeflow_mabe_task1.formats import text
from challengeflow_mabe_task1.formats.tracks import Poses, on_end

if TYPE_CHECKING:
    import pandas as pd


SCORES = "probability"
"""What a classifier's scores begin with, a column before each behaviour that it found."""

LAST_FEATURES = "low_prob_detections"
"""SimBA's last features count points; of a well tracked video they look like behaviours."""


def points(columns: list[str]) -> list[str]:
    """The points that a table has x, y and p of, in its order."""
    lower = {name.lower() for name in columns}
    names = [name[:-2] for name in columns if name.lower().endswith("_x")]
    return [name for name in names if {f"{name}_y".lower(), f"{name}_p".lower()} <= lower]


def header_line(path: Path) -> int | None:
    """Number of the line with the columns of a table with two points or more: the first, or the third where SimBA has
    just imported poses; None for another table.
    """
    return next((number for number, cells in enumerate(text.rows(path, 3)) if len(points(cells)) > 1), None)


def behaviours(table: "pd.DataFrame") -> list[str]:
    """Columns that may be behaviours: all of a table without points; of SimBA's the 0/1 columns at its end."""
    columns = [str(name) for name in table.columns]
    if len(points(columns)) < 2:
        return columns
    found: list[str] = []
    for name in reversed(columns):
        if name.lower().startswith(SCORES):
            continue
        if name.lower()[-2:] in ("_x", "_y", "_p") or name.lower().startswith(LAST_FEATURES):
            break
        if text.flags(table[name]) is None:
            break
        found.insert(0, name)
    return found


def read(path: Path) -> Poses:
    """The tracks of a table. Raises InputError where a cell is no number."""
    table = text.read_table(path, header_line(path) or 0)
    names = points(list(table.columns))
    spelled = {str(column).lower(): str(column) for column in table.columns}
    columns = [[spelled[f"{name}_{axis}".lower()] for name in names] for axis in "xyp"]
    values = np.stack([text.numbers(path, table, own) for own in columns], axis=1)
    frames = np.arange(len(table))
    if str(table.columns[0]).lower() in ("", "unnamed: 0", "frame") and len(table):
        frames = np.array([text.number(path, cell, "frame") for cell in table.iloc[:, 0]])
    first, (values,) = on_end(path, frames, [values])
    animals, parts = _animals(names)
    order = [[names.index(f"{part}{animal}") for part in parts] for animal in animals]
    stacked = np.stack([values[:, :2, own] for own in order], axis=1)
    confidence = np.stack([values[:, 2, own] for own in order], axis=1)
    stacked[np.repeat((stacked == 0).all(axis=2)[:, :, None], 2, axis=2)] = np.nan  # SimBA's sign for a missing point
    return Poses(tuple(animal.strip("_") or "animal" for animal in animals), tuple(parts), stacked, confidence, first)


def _animals(names: list[str]) -> tuple[list[str], list[str]]:
    """Endings of the animals (`_1`, `_2`; empty where there is one), and the parts that all of them have."""
    endings = list(dict.fromkeys(f"_{name.rsplit('_', 1)[1]}" for name in names if name.rsplit("_", 1)[-1].isdigit()))
    parts = {end: [name.removesuffix(end) for name in names if name.endswith(end)] for end in endings}
    common = [part for part in next(iter(parts.values()), []) if all(part in own for own in parts.values())]
    return (endings, common) if common else ([""], names)
