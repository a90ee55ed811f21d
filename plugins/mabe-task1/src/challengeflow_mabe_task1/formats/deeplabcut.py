"""DeepLabCut's tracks, of one animal or of several, as csv or h5.

The h5 is a pandas table, whose column names are a pickle: pandas.read_hdf would run whatever its author put there. Here
h5py reads the numbers and the restricted reader the names. Both files are read in blocks and kept as float32.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.pickles import load_pickle
from challengeflow_mabe_task1.formats import text
from challengeflow_mabe_task1.formats.tracks import Poses, on_end

LEVELS = ("scorer", "individuals", "bodyparts", "coords")
ROWS = 20_000
"""Frames read at once."""

HAND_LABELLED = "DeepLabCut's hand-labelled training frames, which are no track; give the file of an analysed video"

Column = tuple[str, str, str]
"""Individual (empty in a project with one animal), body part, and x, y or likelihood."""


def read_csv(path: Path) -> Poses:
    """The tracks of a csv. Raises InputError for another header or for what is no number."""
    import pandas as pd

    found, header = text.style(path), _header(path)
    columns = [_column(path, names) for names in zip(*(line[1:] for line in header), strict=True)]
    blocks = []
    try:
        for block in pd.read_csv(
            path,
            header=None,
            skiprows=len(header),
            chunksize=ROWS,
            dtype=np.float64,
            sep=found.separator,
            decimal=found.decimal,
            encoding=found.encoding,
            encoding_errors="replace",
        ):
            values = block.to_numpy(np.float64)
            if values.shape[1] <= len(columns) or not np.isnan(values[:, len(columns) + 1 :]).all():
                raise InputError(
                    f"{path} has {block.shape[1] - 1} columns below a header of {len(columns)}; export it again"
                )
            blocks.append((values[:, 0], _float32(values[:, 1 : len(columns) + 1])))
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        if isinstance(error, pd.errors.EmptyDataError):
            raise InputError(f"{path} has a header and no frame; export it again") from None
        raise InputError(f"{path} has frames that are not all numbers ({_one_line(error)}); export it again") from None
    frames, table = np.concatenate([one for one, _ in blocks]), np.concatenate([one for _, one in blocks])
    filled = np.isfinite(frames) | np.isfinite(table).any(axis=1)
    end = int(np.flatnonzero(filled).max(initial=-1)) + 1  # spreadsheets leave empty lines
    return _arranged(path, columns, frames[:end], table[:end])


def read_h5(file: Any, path: Path) -> Poses:
    """The tracks of an open h5 file. Raises InputError where it holds no table of them."""
    for group in file.values():
        if not hasattr(group, "keys"):
            continue
        if "table" in group and "values_block_0" in (group["table"].dtype.names or ()):
            table = group["table"]
            fields = [name for name in table.dtype.names if name.startswith("values_block_")]
            kept = [load_pickle(io.BytesIO(bytes(table.attrs[f"{name}_kind"])), path) for name in fields]
            names = [name for own in kept for name in own]
            parts = [[table[at : at + ROWS][name] for name in fields] for at in range(0, len(table), ROWS)]
            frames = table["index"] if "index" in table.dtype.names else np.arange(len(table))
        elif "block0_values" in group and "block0_items_level0" in group:
            numbers = [number for number in range(len(group)) if f"block{number}_values" in group]
            names = [name for number in numbers for name in _fixed_names(group, number)]
            tables = [group[f"block{number}_values"] for number in numbers]
            parts = [[table[at : at + ROWS] for table in tables] for at in range(0, len(tables[0]), ROWS)]
            frames = group["axis1"][:] if "axis1" in group else np.arange(len(tables[0]))
        else:
            continue
        if frames.dtype.kind not in "iuf":
            raise InputError(f"{path} holds {HAND_LABELLED}")
        columns = [_column(path, name) for name in names]
        empty = np.empty((0, len(columns)), np.float32)
        blocks = [np.concatenate([_float32(own) for own in part], axis=1) for part in parts]
        return _arranged(path, columns, frames, np.concatenate([empty, *blocks]))
    raise InputError(
        f"{path} is neither DeepLabCut's table of tracks nor SLEAP's analysis export; from SLEAP export 'Analysis HDF5'"
    )


def _float32(values: np.ndarray) -> np.ndarray:
    """Numbers as float32, NaN where they are not finite there."""
    with np.errstate(over="ignore"):
        small = values.astype(np.float32)
    return np.where(np.isfinite(small), small, np.float32(np.nan))


def _header(path: Path) -> list[list[str]]:
    """The header's lines: scorer, individuals (of several animals), bodyparts, coords."""
    lines = list(text.rows(path, 5))
    header = [line for line in lines[:4] if line and line[0].lower() in LEVELS]
    if [line[0].lower() for line in header] not in ([*LEVELS], [LEVELS[0], *LEVELS[2:]]):
        raise InputError(
            f"{path} does not start with DeepLabCut's lines {', '.join(LEVELS)} (the second with several animals); "
            f"it starts with {[line[0] if line else '' for line in lines[:4]]}"
        )
    width = max(place for line in header for place, cell in enumerate(line) if cell) + 1
    header = [line[:width] for line in header]
    if len({len(line) for line in header}) > 1:
        raise InputError(f"{path} has header lines of {[len(line) for line in header]} cells; export it again")
    if len(lines) > len(header) and "labeled-data" in lines[len(header)][0]:
        raise InputError(f"{path} holds {HAND_LABELLED}")
    return header


def _column(path: Path, names: Any) -> Column:
    names = [str(name) for name in names]
    names[-1:] = [name.lower() for name in names[-1:]]
    if len(names) not in (3, 4) or names[-1] not in ("x", "y", "likelihood"):
        raise InputError(f"{path} has a column {names}; expected scorer, individual, body part, and x, y or likelihood")
    return names[1] if len(names) == 4 else "", names[-2], names[-1]


def _fixed_names(group: Any, block: int) -> list[tuple[str, ...]]:
    """Column names of a block of a pandas frame in the 'fixed' format: levels and codes, without any pickle."""
    levels: list[list[str]] = []
    while f"block{block}_items_level{len(levels)}" in group:
        names = group[f"block{block}_items_level{len(levels)}"][:]
        codes = group[f"block{block}_items_label{len(levels)}"][:]
        levels.append([names[code].decode() for code in codes])
    return list(zip(*levels, strict=True))


def _arranged(path: Path, columns: Sequence[Column], frames: np.ndarray, table: np.ndarray) -> Poses:
    first, (table,) = on_end(path, frames, [table])
    if not columns:
        raise InputError(f"{path} has no column of a body part; export it again")
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
        nowhere = (points == 0).all(axis=2) & (confidence == 0)  # how some tools fill what was not found
        points[np.repeat(nowhere[:, :, None], 2, axis=2)] = np.nan
    return Poses(tuple(animal or "animal" for animal in animals), tuple(parts), points, confidence, first)


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
