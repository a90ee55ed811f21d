"""BORIS's event tables (csv, tsv): tabular events (START and STOP lines, old and new) and aggregated events.

Column names as exported by BORIS 7 to 9; times are seconds from the start of the media.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from challengeflow import InputError
from challengeflow_mabe_task1.formats import text
from challengeflow_mabe_task1.formats.bouts import Bout, Choice, Labels
from challengeflow_mabe_task1.formats.choices import one_of

if TYPE_CHECKING:
    import pandas as pd

MEDIA = ("Media file name", "Media file", "Media file path")
RATES = ("FPS", "FPS (frame/s)")
TYPES = ("Status", "Behavior type")

Event = tuple[tuple[str, ...], str, str, str]
"""Who did what (subject, behaviour, modifiers), the behaviour, START or STOP, the time."""


def header_line(path: Path) -> int | None:
    """Number of the line with the column names, or None where the file is not one of BORIS."""
    for number, cells in enumerate(text.rows(path, 100)):
        if "Behavior" in cells and ("Start (s)" in cells or ("Time" in cells and {*TYPES} & {*cells})):
            return number
    return None


def read(path: Path, choice: Choice, header: int) -> Labels:
    """The bouts of one observation, in seconds: that whose id or media file has the recording's name.

    Point events are left out. Raises InputError where no observation fits, or several do, or a START has no STOP.
    """
    table = _observation(path, choice, text.read_table(path, header), _id_above(path, header))
    if "Subject" in table:
        table = table[table["Subject"].isin(one_of(path, "subjects", table["Subject"], choice.subjects))]
    rates = {cell for name in RATES if name in table for cell in table[name] if cell}
    fps = text.number(path, next(iter(rates)), "FPS") if len(rates) == 1 else None
    if "Start (s)" in table:
        bouts = _aggregated(path, zip(table["Behavior"], table["Start (s)"], table["Stop (s)"], strict=True))
    else:
        kind = next(name for name in TYPES if name in table)
        blank = [""] * len(table)
        subjects, modifiers = table.get("Subject", blank), _modifiers(table)
        who = zip(subjects, table["Behavior"], modifiers, strict=True)
        bouts = paired(path, zip(who, table["Behavior"], table[kind], table["Time"], strict=True))
    return Labels(tuple(bouts), "seconds", fps=fps or None)


def names(path: Path, header: int) -> set[str]:
    """The observations and the names of the media files in a table."""
    table = text.read_table(path, header)
    media = {_stem(file) for column in MEDIA if column in table for file in table[column]}
    ids = set(table["Observation id"]) if "Observation id" in table else {_id_above(path, header)}
    return (media | ids) - {""}


def paired(path: Path, events: Iterable[Event]) -> list[Bout]:
    """Bouts from STARTs and STOPs, which belong together by subject, behaviour and modifiers."""
    bouts: list[Bout] = []
    open_since: dict[tuple[str, ...], float] = {}
    for who, name, kind, time in events:
        if kind == "START" and who not in open_since:
            open_since[who] = text.number(path, time, "a time; export times as seconds from BORIS")
        elif kind == "STOP" and who in open_since:
            bouts.append(Bout(name, open_since.pop(who), text.number(path, time, "a time; export times as seconds")))
        elif kind in ("START", "STOP"):
            raise InputError(
                f"{path} has a {kind} of {name!r} at {time} s without its partner; mend the event in BORIS"
            )
    if open_since:
        who, start = next(iter(open_since.items()))
        raise InputError(f"{path} has a START of {who[1]!r} at {start:g} s without a STOP; mend the event in BORIS")
    return sorted((bout for bout in bouts if bout.stop > bout.start), key=lambda bout: bout.start)


def observation_of(path: Path, choice: Choice, media: dict[str, list[str]]) -> str:
    """The observation of a recording; media: the media files of each, one after the other.

    Raises InputError where none has the recording's name as its id or media file, where several do, or where an
    observation goes over several videos.
    """
    if choice.observation:
        if choice.observation not in media:
            raise InputError(f"{path} has the observations {', '.join(media)}, none called {choice.observation!r}")
        return _of_one_video(path, choice.observation, media)
    names = {name.casefold() for name in choice.names}
    own = [name for name in media if name.casefold() in names] or [
        name for name, files in media.items() if {_stem(file).casefold() for file in files} & names
    ]
    if not own and len(media) == 1 and not next(iter(media.values())):
        own = list(media)  # nothing says that it is of another video
    if not own:
        files = sorted({_stem(file) for own_files in media.values() for file in own_files})
        raise InputError(
            f"{path} has the observations {', '.join(media)} of {', '.join(files) or 'no named video'}; none has the "
            f"id or the media file {choice.names[0]!r}: name one in the column 'observation' of recordings.csv"
        )
    if len(own) > 1:
        raise InputError(
            f"{path} has the observations {', '.join(own)} of recording {choice.names[0]!r}; choose one in the column "
            "'observation' of recordings.csv"
        )
    return _of_one_video(path, own[0], media)


def _of_one_video(path: Path, observation: str, media: dict[str, list[str]]) -> str:
    if len({_stem(file) for file in media[observation]}) > 1:
        raise InputError(
            f"{path} has in the observation {observation!r} several videos one after the other "
            f"({', '.join(media[observation])}); observe each on its own"
        )
    return observation


def _observation(path: Path, choice: Choice, table: "pd.DataFrame", above: str) -> "pd.DataFrame":
    ids = table["Observation id"] if "Observation id" in table else [above] * len(table)
    column = next((name for name in MEDIA if name in table), None)
    media: dict[str, list[str]] = {}
    for name, file in zip(ids, table[column] if column else [""] * len(table), strict=True):
        files = media.setdefault(name, [])
        files += [each for each in [file] if each and each not in files]
    if not media:
        return table
    chosen = observation_of(path, choice, media)
    return table[[name == chosen for name in ids]]


def _id_above(path: Path, header: int) -> str:
    """The observation's id, which older tables have above their columns."""
    above = [cells for cells in text.rows(path, header) if len(cells) > 1 and cells[0] == "Observation id"]
    return above[0][1] if above else ""


def _modifiers(table: "pd.DataFrame") -> list[str]:
    columns = [name for name in table if str(name).startswith("Modifier")]
    return ["|".join(cells) for cells in table[columns].to_numpy(str).tolist()] if columns else [""] * len(table)


def _aggregated(path: Path, rows: Iterable[tuple[str, str, str]]) -> list[Bout]:
    found = []
    for name, start, stop in rows:
        if stop.upper() in ("NA", "NAN") or stop == start:
            continue  # a point event
        first = text.number(path, start, f"Start of {name}; export times as seconds from BORIS")
        last = text.number(path, stop, f"Stop of {name}; export times as seconds from BORIS")
        if last < first:
            raise InputError(f"{path} has a bout of {name!r} from {start} to {stop} s; mend the event in BORIS")
        found.append(Bout(name, first, last))
    return found


def _stem(file: str) -> str:
    return Path(file.replace("\\", "/")).stem
