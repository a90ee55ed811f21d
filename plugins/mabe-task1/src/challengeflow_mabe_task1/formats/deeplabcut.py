"""DeepLabCut's tracks, of one animal or of several, as csv or h5.

The h5 is a pandas table, whose column names are a pickle: pandas.read_hdf would run whatever its author put there. Here
h5py reads the numbers and the restricted reader the names. Both files are read in blocks and kept as float32.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.pickles import load_pickle
from challengeflow_mabe_task1.formats.tracks import Poses

LEVELS = ("scorer", "individuals", "bodyparts", "coords")
ROWS = 20_000
"""Frames read at once."""

Column = tuple[str, str, str]
"""Individual (empty in a project with one animal), body part, and x, y or likelihood."""


def is_csv(path: Path) -> bool:
    """Whether a csv has DeepLabCut's header."""
    with open(path, newline="", errors="replace") as file:
        first = next(csv.reader(file), [""])
    return first[:1] == ["scorer"]


def read_csv(path: Path) -> Poses:
    """The tracks of a csv. Raises InputError for another header or for what is no number."""
    import pandas as pd

    header = _header(path)
    try:
        blocks = pd.read_csv(path, header=None, skiprows=len(header), index_col=0, chunksize=ROWS, dtype=np.float32)
        values = [block.to_numpy(np.float32) for block in blocks]
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} has frames that are not all numbers ({_one_line(error)}); export it again") from None
    columns = _columns(path, header)
    table = np.concatenate(values) if values else np.empty((0, len(columns)), np.float32)
    if table.shape[1] != len(columns):
        raise InputError(f"{path} has {table.shape[1]} columns below a header of {len(columns)}; export it again")
    return _arranged(path, columns, table)


def read_h5(file: Any, path: Path) -> Poses:
    """The tracks of an open h5 file. Raises InputError where it holds no table of them."""
    for group in file.values():
        if "table" in group and "values_block_0" in (group["table"].dtype.names or ()):
            table = group["table"]
            names = load_pickle(io.BytesIO(bytes(table.attrs["values_block_0_kind"])), path)
            blocks = [table[at : at + ROWS]["values_block_0"] for at in range(0, len(table), ROWS)]
        elif "block0_values" in group and "block0_items_level0" in group:
            table, names = group["block0_values"], _fixed_names(group)
            blocks = [table[at : at + ROWS] for at in range(0, len(table), ROWS)]
        else:
            continue
        columns = [_column(path, name) for name in names]
        empty = np.empty((0, len(columns)), np.float32)
        return _arranged(path, columns, np.concatenate([empty, *(block.astype(np.float32) for block in blocks)]))
    raise InputError(
        f"{path} is neither DeepLabCut's table of tracks nor SLEAP's analysis export; from SLEAP export 'Analysis HDF5'"
    )


def _header(path: Path) -> list[list[str]]:
    """The header's lines: scorer, individuals (of several animals), bodyparts, coords."""
    with open(path, newline="", errors="replace") as file:
        lines = [line for line, _ in zip(csv.reader(file), range(4), strict=False)]
    header = [line for line in lines if line and line[0] in LEVELS]
    if [line[0] for line in header] not in ([*LEVELS], [LEVELS[0], *LEVELS[2:]]):
        raise InputError(
            f"{path} does not start with DeepLabCut's lines {', '.join(LEVELS)} (the second with several animals); "
            f"it starts with {[line[0] if line else '' for line in lines]}"
        )
    return header


def _columns(path: Path, header: list[list[str]]) -> list[Column]:
    return [_column(path, names) for names in zip(*(line[1:] for line in header), strict=True)]


def _column(path: Path, names: Any) -> Column:
    names = [str(name) for name in names]
    if len(names) not in (3, 4) or names[-1] not in ("x", "y", "likelihood"):
        raise InputError(f"{path} has a column {names}; expected scorer, individual, body part, and x, y or likelihood")
    return names[1] if len(names) == 4 else "", names[-2], names[-1]


def _fixed_names(group: Any) -> list[tuple[str, ...]]:
    """Column names of a pandas frame stored in the 'fixed' format: levels and codes, without any pickle."""
    levels: list[list[str]] = []
    while f"block0_items_level{len(levels)}" in group:
        names = group[f"block0_items_level{len(levels)}"][:]
        codes = group[f"block0_items_label{len(levels)}"][:]
        levels.append([names[code].decode() for code in codes])
    return list(zip(*levels, strict=True))


def _arranged(path: Path, columns: Sequence[Column], table: np.ndarray) -> Poses:
    place = {column: number for number, column in enumerate(columns)}
    animals = list(dict.fromkeys(animal for animal, _, _ in columns))
    if len(animals) > 1:  # 'single' holds the parts of the arena, not of an animal
        animals = [animal for animal in animals if animal != "single"]
    parts = list(dict.fromkeys(part for animal, part, _ in columns if animal == animals[0]))
    for animal in animals:
        missing = [(part, axis) for part in parts for axis in "xy" if (animal, part, axis) not in place]
        if missing:
            raise InputError(
                f"{path} has no {missing[0][1]} of {missing[0][0]!r} for animal {animal!r}; export it again"
            )
    points = np.stack(
        [np.stack([table[:, [place[a, part, axis] for part in parts]] for axis in "xy"], axis=1) for a in animals],
        axis=1,
    )
    confidence = None
    if all((animal, part, "likelihood") in place for animal in animals for part in parts):
        confidence = np.stack([table[:, [place[a, part, "likelihood"] for part in parts]] for a in animals], axis=1)
    return Poses(tuple(animal or "animal" for animal in animals), tuple(parts), points, confidence)


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
