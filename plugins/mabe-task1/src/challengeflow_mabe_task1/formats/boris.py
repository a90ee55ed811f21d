"""BORIS's event tables (csv): tabular events (START and STOP lines, old and new) and aggregated events.

Column names as exported by BORIS 7 and 8; times are seconds from the start of the media.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from challengeflow import InputError
from challengeflow_mabe_task1.formats.bouts import Bout, Labels

if TYPE_CHECKING:
    import pandas as pd

EXPORT_COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Media file",
    "Total length",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Modifiers",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Comment start",
    "Comment stop",
)
MEDIA = ("Media file name", "Media file", "Media file path")


def header_line(path: Path) -> int | None:
    """Number of the line with the column names, or None where the file is not one of BORIS."""
    with open(path, newline="", errors="replace") as file:
        for number, line in zip(range(100), csv.reader(file), strict=False):
            if "Behavior" in line and ("Start (s)" in line or "Time" in line):
                return number
    return None


def read(path: Path, recording: str, header: int) -> Labels:
    """The bouts of one observation, in seconds: the only one, or that whose id or media file has the recording's name.

    Point events are left out. Raises InputError where no observation fits or a START has no STOP.
    """
    import pandas as pd

    table = pd.read_csv(path, skiprows=header, dtype=str, keep_default_na=False)
    table = _observation(path, recording, table)
    if "Start (s)" in table:
        rows = zip(table["Behavior"], table["Start (s)"], table["Stop (s)"], strict=True)
        bouts = [Bout(name, _seconds(path, start), _seconds(path, stop)) for name, start, stop in rows]
        return Labels(tuple(bout for bout in bouts if bout.stop > bout.start), "seconds")
    kind = "Status" if "Status" in table else "Behavior type"
    return Labels(tuple(_paired(path, zip(table["Behavior"], table[kind], table["Time"], strict=True))), "seconds")


def write(path: Path, recording: str, bouts: Sequence[Bout], frames: int, fps: float) -> None:
    """Write bouts (in frames) as BORIS's aggregated events."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(EXPORT_COLUMNS)
        for bout in bouts:
            start, stop = bout.start / fps, bout.stop / fps
            facts = [recording, "", "", recording, f"{frames / fps:.3f}", f"{fps:g}", "No focal subject"]
            times = [f"{start:.3f}", f"{stop:.3f}", f"{stop - start:.3f}"]
            writer.writerow([*facts, bout.behaviour, "", "", "STATE", *times, "", ""])


def _observation(path: Path, recording: str, table: "pd.DataFrame") -> "pd.DataFrame":
    ids = table["Observation id"].unique() if "Observation id" in table else []
    if len(ids) <= 1:
        return table
    own = table["Observation id"] == recording
    for column in MEDIA:
        if column in table:
            own |= table[column].map(lambda name: Path(name.replace("\\", "/")).stem == recording)
    if not own.any():
        raise InputError(
            f"{path} has the observations {', '.join(ids)}; none has the id or the media file {recording!r}: rename "
            "the recording in recordings.csv"
        )
    return table[own]


def _paired(path: Path, events: Iterable[tuple[str, str, str]]) -> list[Bout]:
    bouts: list[Bout] = []
    open_since: dict[str, float] = {}
    for name, kind, time in events:
        if kind == "START" and name not in open_since:
            open_since[name] = _seconds(path, time)
        elif kind == "STOP" and name in open_since:
            bouts.append(Bout(name, open_since.pop(name), _seconds(path, time)))
        elif kind in ("START", "STOP"):
            raise InputError(
                f"{path} has a {kind} of {name!r} at {time} s without its partner; mend the event in BORIS"
            )
    if open_since:
        name, start = next(iter(open_since.items()))
        raise InputError(f"{path} has a START of {name!r} at {start:g} s without a STOP; mend the event in BORIS")
    return sorted(bouts, key=lambda bout: bout.start)


def _seconds(path: Path, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path} has the time {text!r}; export times as seconds from BORIS") from None
