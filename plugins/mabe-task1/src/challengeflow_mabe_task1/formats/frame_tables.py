"""Plain tables of labels: a line a bout, a line a frame with the behaviour's name, or a 0/1 column for each behaviour.

The first is what this plugin writes as bouts.csv, so that corrected answers can be learnt from; the last is how
DeepEthogram, BANOS and SimBA keep labels. Frames are those of the column `frame` (or of an index without a name) where
there is one; frames without a line carry no label, nor do those with -1.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats import simba, text
from challengeflow_mabe_task1.formats.bouts import BACKGROUND, Bout, Choice, Labels, frame_runs, key
from challengeflow_mabe_task1.formats.choices import one_of

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("behaviour", "behavior", "label", "annotation")
FRAMES = ("frame", "frames", "frame idx", "frame number", "frame id")
SEQUENCES = ("sequence", "recording", "video")
SUBJECTS = ("subject", "animal")
OBSERVERS = ("observer", "annotator", "rater", "scorer")
TIMES = (
    ("frames", ("start frame", "stop frame")),
    ("seconds", ("start s", "stop s")),
    ("frames", ("start frame", "end frame")),
    ("seconds", ("start s", "end s")),
)
FLAGS = {"0": 0, "0.0": 0, "false": 0, "1": 1, "1.0": 1, "true": 1, "-1": -1, "-1.0": -1, "": -1, "nan": -1}
"""Cells of a 0/1 column; -1: not looked at."""


def looks_like(columns: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a table with these columns and this first row has one of the three forms."""
    names = [key(name) for name in columns]
    if any(name in names for name in NAMES):
        return True
    flags = [c.lower() for name, c in zip(names, row, strict=False) if name and name not in _ABOUT]
    return any(flags) and all(flag in FLAGS for flag in flags)


def read(path: Path, choice: Choice) -> Labels:
    """The labels of a recording. Raises InputError that lists the three forms where the columns fit none."""
    table = _of_recording(path, text.read_table(path), choice)
    name = _column(table, NAMES)
    for unit, (start, stop) in TIMES:
        first, last = _column(table, (start,)), _column(table, (stop,))
        if name is not None and first is not None and last is not None:
            return Labels(_bouts(path, table, name, first, last), unit)
    frames = _frames(path, table)
    if name is not None and {key(column) for column in table} <= {key(name), *_ABOUT}:
        return _by_name(path, frames, table[name].to_numpy(str))
    behaviours = [column for column in simba.behaviours(table) if key(column) not in _ABOUT]
    if behaviours and all(table[column].str.lower().isin(FLAGS).all() for column in behaviours):
        return _by_flag(frames, {column: table[column].str.lower().map(FLAGS).to_numpy(int) for column in behaviours})
    raise InputError(
        f"{path} has the columns {', '.join(map(str, table))}; expected behaviour with start_frame and stop_frame (or "
        "start_s and stop_s), behaviour in a line for each frame, or a column of 0 and 1 for each behaviour"
    )


def sequences(path: Path) -> set[str]:
    """The recordings that the lines of a table name; empty where they name none."""
    table = text.read_table(path)
    column = _column(table, SEQUENCES)
    return set() if column is None else set(table[column])


_ABOUT = {*FRAMES, *SEQUENCES, *SUBJECTS, *OBSERVERS, "", "time", "time s", "timestamp", "unnamed: 0", "index"}
"""Columns that are about a line and no behaviour (by `key`)."""


def _column(table: "pd.DataFrame", names: Sequence[str]) -> str | None:
    """The first column that has one of the names."""
    return next((column for name in names for column in table if key(column) == name), None)


def _of_recording(path: Path, table: "pd.DataFrame", choice: Choice) -> "pd.DataFrame":
    """The lines of the recording, of the subject and of the person that are meant."""
    sequence = _column(table, SEQUENCES)
    if sequence is not None:
        own = table[table[sequence].isin(choice.names)]
        if not len(own) and len(table):
            raise InputError(
                f"{path} has lines of {', '.join(sorted(set(table[sequence]))[:5])}, none of {choice.names[0]!r}; name "
                "the recording as its labels do, in recordings.csv"
            )
        table = own
    choices = ((SUBJECTS, choice.subjects, "subjects"), (OBSERVERS, choice.observers, "observers"))
    for columns, wanted, parameter in choices:
        column = _column(table, columns)
        if column is not None:
            table = table[table[column].isin(one_of(path, parameter, table[column], wanted))]
    return table


def _bouts(path: Path, table: "pd.DataFrame", name: str, start: str, stop: str) -> tuple[Bout, ...]:
    found = []
    for behaviour, a, b in zip(table[name], table[start], table[stop], strict=True):
        first, last = text.number(path, a, f"{start} of {behaviour}"), text.number(path, b, f"{stop} of {behaviour}")
        if last <= first:
            raise InputError(
                f"{path} has a bout of {behaviour!r} from {a} to {b}; {stop} is the first moment after it: mend that"
            )
        found.append(Bout(behaviour, first, last))
    return tuple(found)


def _frames(path: Path, table: "pd.DataFrame") -> np.ndarray:
    """The frame (N,) of each line: of its column, of an index without a name, else by counting."""
    column = _column(table, FRAMES)
    index = table.columns[0] if len(table.columns) and key(table.columns[0]) in ("", "unnamed: 0", "index") else None
    if column is None and index is not None and table[index].str.fullmatch(r"\d+(\.0)?").all():
        column = index
    if column is None:
        return np.arange(len(table))
    frames = np.array([text.number(path, cell, column) for cell in table[column]], np.float64)
    if (frames != np.round(frames)).any() or (frames < 0).any() or (np.diff(frames) <= 0).any():
        raise InputError(f"{path} has in {column!r} numbers that are no frames in rising order; mend them")
    return frames.astype(np.int64)


def _by_name(path: Path, frames: np.ndarray, names: np.ndarray) -> Labels:
    """A line a frame; an empty name means that nothing was seen, -1 that nobody looked."""
    looked = ~np.isin(names, ("-1", "-1.0"))
    found = frame_runs(frames[looked], names[looked])
    return Labels(tuple(Bout(str(name), a, b) for name, a, b in found if name), "frames", _known(frames, looked))


def _by_flag(frames: np.ndarray, columns: dict[str, np.ndarray]) -> Labels:
    """A column a behaviour. Bouts of several may overlap; what that means is not decided here."""
    behaviours = {name: flags for name, flags in columns.items() if key(name) not in BACKGROUND}
    together = np.stack(list(columns.values()))
    looked = np.all(together >= 0, axis=0) | np.any(together > 0, axis=0)
    bouts = [
        Bout(name, start, stop)
        for name, flags in behaviours.items()
        for value, start, stop in frame_runs(frames, flags)
        if value == 1
    ]
    return Labels(tuple(bouts), "frames", _known(frames, looked))


def _known(frames: np.ndarray, looked: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple((start, stop) for value, start, stop in frame_runs(frames, looked) if value)
