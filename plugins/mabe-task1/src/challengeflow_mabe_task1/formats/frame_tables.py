"""Plain tables of labels: a line a bout, a line a frame with the behaviour's name, or a 0/1 column for each behaviour.

The first is what this plugin writes as bouts.csv, so that corrected answers can be learnt from; the last is how
DeepEthogram, BANOS and SimBA keep labels, and BORIS its binary tables. Frames are those of the column `frame` (or of an
index without a name) where there is one, or the moments of a column `time`; frames without a line carry no label, nor
do those with -1.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats import simba, text
from challengeflow_mabe_task1.formats.bouts import BACKGROUND, Bout, Choice, Labels, called, frame_runs, key
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
MOMENTS = ("time s", "time", "seconds", "timestamp")
"""Columns of moments in seconds."""


def looks_like(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bool:
    """Whether a table with these columns and rows has one of the three forms; it is told by the first row with cells
    about behaviours.
    """
    names = [key(name) for name in columns]
    if any(name in names for name in NAMES):
        return True
    for row in rows:
        cells = [cell for name, cell in zip(names, row, strict=False) if name and name not in _ABOUT]
        if any(cells):
            import pandas as pd

            return text.flags(pd.Series(cells)) is not None
    return False


def read(path: Path, choice: Choice) -> Labels:
    """The labels of a recording. Raises InputError that lists the three forms where the columns fit none."""
    whole = text.read_table(path)
    table = _of_recording(path, whole, choice)
    name = _column(table, NAMES)
    for unit, (start, stop) in TIMES:
        first, last = _column(table, (start,)), _column(table, (stop,))
        if name is not None and first is not None and last is not None:
            return Labels(_bouts(path, table, unit, name, first, last), unit)
    unit, places, column = _places(path, table, whole)
    if name is not None and (column or {key(column) for column in table} <= {key(name), *_ABOUT}):
        return _by_name(unit, places, table[name].to_numpy(str))
    behaviours = [column for column in simba.behaviours(table) if key(column) not in _ABOUT]
    flags = {column: text.flags(table[column]) for column in behaviours}
    sound = {column: own for column, own in flags.items() if own is not None}
    if not sound or len(sound) < len(flags):
        raise InputError(
            f"{path} has the columns {', '.join(map(str, table))}; expected behaviour with start_frame and stop_frame "
            "(or start_s and stop_s), behaviour in a line for each frame, or a column of 0 and 1 for each behaviour"
        )
    header = next(iter(text.rows(path, 1)))
    twice = [column for column in behaviours if header.count(column) > 1]
    if twice:
        raise InputError(f"{path} has two columns {twice[0]!r}; give each behaviour one")
    return _by_flag(unit, places, sound)


def sequences(path: Path) -> set[str]:
    """The recordings that the lines of a table name; empty where they name none."""
    table = text.read_table(path)
    column = _column(table, SEQUENCES)
    return set() if column is None else set(table[column])


_ABOUT = {*FRAMES, *MOMENTS, *SEQUENCES, *SUBJECTS, *OBSERVERS, "", "unnamed: 0", "index"}
"""Columns that are about a line and no behaviour (by `key`)."""


def _column(table: "pd.DataFrame", names: Sequence[str]) -> str | None:
    """The first column that has one of the names."""
    return next((column for name in names for column in table if key(column) == name), None)


def _of_recording(path: Path, table: "pd.DataFrame", choice: Choice) -> "pd.DataFrame":
    """The lines of the recording, of the subject and of the person that are meant."""
    sequence = _column(table, SEQUENCES)
    if sequence is not None:
        own = table[table[sequence].map(called).isin({called(name) for name in choice.names})]
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


def _bouts(path: Path, table: "pd.DataFrame", unit: str, name: str, start: str, stop: str) -> tuple[Bout, ...]:
    number = text.seconds if unit == "seconds" else _frame
    found = []
    for behaviour, a, b in zip(table[name], table[start], table[stop], strict=True):
        if not (behaviour or a or b):
            continue
        if not behaviour:
            raise InputError(f"{path} has a bout from {a} to {b} of no behaviour; name it in {name!r}")
        first, last = number(path, a, f"{start} of {behaviour}"), number(path, b, f"{stop} of {behaviour}")
        if last <= first:
            raise InputError(
                f"{path} has a bout of {behaviour!r} from {a} to {b}; {stop} is the first moment after it: mend that"
            )
        found.append(Bout(behaviour, first, last))
    return tuple(found)


def _frame(path: Path, cell: str, what: str) -> float:
    """A frame number, in which a comma can only part thousands."""
    if "," in cell and not cell.endswith(",0"):
        raise InputError(f"{path} has {cell!r} where a frame number is expected ({what}); write it without a comma")
    return text.number(path, cell, what)


def _places(path: Path, table: "pd.DataFrame", whole: "pd.DataFrame") -> tuple[str, np.ndarray, str | None]:
    """Unit and place (N,) of each line: frames or seconds of its column, frames of an index without a name, else
    counted; and the column they are from.

    whole: the table with the lines of other recordings, over which an index may count on.
    """
    column = _column(table, FRAMES)
    moment = _column(table, MOMENTS) if column is None else None
    if moment is not None:
        times = np.array([text.seconds(path, cell, moment) for cell in table[moment]], np.float64)
        return "seconds", _rising(path, moment, times), moment
    if column is None and len(table.columns) and key(table.columns[0]) in ("", "unnamed: 0", "index"):
        column = _index(path, table, whole)
    if column is None:
        return "frames", np.arange(len(table)), None
    frames = np.array([_frame(path, cell, column) for cell in table[column]], np.float64)
    if (frames != np.round(frames)).any() or (frames < 0).any():
        raise InputError(f"{path} has in {column!r} numbers that are no frames; mend them")
    return "frames", _rising(path, column, frames).astype(np.int64), column


def _rising(path: Path, column: str, places: np.ndarray) -> np.ndarray:
    if (np.diff(places) <= 0).any():
        raise InputError(f"{path} has in {column!r} numbers that do not rise from line to line; mend or sort them")
    return places


def _index(path: Path, table: "pd.DataFrame", whole: "pd.DataFrame") -> str | None:
    """The first column, which has no name, where it holds frames; None where it only counts the lines of all
    recordings, or holds no numbers.
    """
    name = str(table.columns[0])
    cells = whole[name]
    if cells.str.fullmatch(r"\d+(\.0+)?").all():
        counted = np.array_equal(cells.astype(float), np.arange(len(whole)))
        return None if counted and len(table) < len(whole) else name
    if cells.str.fullmatch(r"-?\d*[.,]?\d+").all():
        raise InputError(f"{path} has numbers in its first column that are no frames; name it frame or time_s")
    return None


def _by_name(unit: str, places: np.ndarray, names: np.ndarray) -> Labels:
    """A line a frame or moment; an empty name means that nothing was seen, -1 that nobody looked."""
    looked = ~np.isin(names, ("-1", "-1.0"))
    found = _runs(unit, places[looked], names[looked])
    bouts = tuple(Bout(str(name), a, b) for name, a, b in found if name)
    return Labels(bouts, unit, _known(unit, places, looked))


def _by_flag(unit: str, places: np.ndarray, columns: dict[str, np.ndarray]) -> Labels:
    """A column a behaviour. Bouts of several may overlap; what that means is not decided here.

    An empty cell is not looked at, but in a table without any 0: there people left out what is not 1.
    """
    together = np.stack(list(columns.values()))
    blank = -1.0 if (together == 0).any() else 0.0
    together = np.where(np.isnan(together), blank, together)
    looked = np.all(together >= 0, axis=0) | np.any(together > 0, axis=0)
    bouts = [
        Bout(name, start, stop)
        for name, flags in zip(columns, together, strict=True)
        if key(name) not in BACKGROUND
        for value, start, stop in _runs(unit, places, flags)
        if value == 1
    ]
    return Labels(tuple(bouts), unit, _known(unit, places, looked))


def _known(unit: str, places: np.ndarray, looked: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple((start, stop) for value, start, stop in _runs(unit, places, looked) if value)


def _runs(unit: str, places: np.ndarray, values: np.ndarray) -> list[tuple[Any, float, float]]:
    """Runs of one value over frames; of moments each for itself, since how many frames lie between is not known."""
    if unit == "frames":
        return list(frame_runs(places, values))
    return [(value, float(place), float(place)) for value, place in zip(values, places, strict=True)]
