"""BORIS's event tables (csv, tsv): tabular events (START and STOP lines, old and new) and aggregated events.

Column names as exported by BORIS 7 to 9; times are seconds from the start of the media.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from challengeflow import InputError
from challengeflow_mabe_task1.formats import text
from challengeflow_mabe_task1.formats.bouts import Bout, Choice, Labels, called
from challengeflow_mabe_task1.formats.choices import one_of

if TYPE_CHECKING:
    import pandas as pd

MEDIA = ("Media file name", "Media file", "Media file path")
RATES = ("FPS", "FPS (frame/s)")
TYPES = ("Status", "Behavior type")
NOBODY = "No focal subject"
"""What BORIS calls an empty subject."""
OFFSET = "Time offset (s)"
NONE = ("", "NA", "nan", "Not found", "LIVE")
"""What BORIS writes where there is no media file or no number."""

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

    Points are left out, which a note says. Raises InputError where no observation fits, or several do, or a START has
    no STOP.
    """
    table = _observation(path, choice, text.read_table(path, header), _above(path, header, "Observation id"))
    if "Subject" in table:
        table = table.assign(Subject=table["Subject"].replace("", NOBODY))
        table = table[table["Subject"].isin(one_of(path, "subjects", table["Subject"], choice.subjects))]
    fps = rate(cell for name in RATES if name in table for cell in table[name])
    if "Start (s)" in table:
        bouts = _aggregated(path, zip(table["Behavior"], table["Start (s)"], table["Stop (s)"], strict=True))
        points = Counter(table["Behavior"]) - Counter(bout.behaviour for bout in bouts)
    else:
        kinds = table[next(name for name in TYPES if name in table)].str.upper()
        _known(path, kinds)
        blank = [""] * len(table)
        subjects, modifiers = table.get("Subject", blank), _modifiers(table)
        who = zip(subjects, table["Behavior"], modifiers, strict=True)
        bouts = paired(path, zip(who, table["Behavior"], kinds, table["Time"], strict=True))
        points = Counter(table["Behavior"][kinds == "POINT"])
    offsets = [*table.get(OFFSET, ()), _above(path, header, OFFSET)]
    return Labels(tuple(bouts), "seconds", fps=fps, notes=notes(points, offsets))


def rate(cells: Iterable[str]) -> float | None:
    """The frames a second of the media files, where all cells that state any say the same.

    Several players are separated by |, files one after the other by ;.
    """
    stated = {part.strip() for cell in cells for part in re.split(r"[|;]", str(cell))} - {*NONE, "None"}
    try:
        rates = {float(part.replace(",", ".")) for part in stated}
    except ValueError:
        return None
    return rates.pop() if len(rates) == 1 and min(rates) > 0 else None


def notes(points: Mapping[str, int], offsets: Iterable[str]) -> tuple[str, ...]:
    """Sentences on what labels leave out: events that are no states, and a time that is added."""
    found = []
    if points:
        counts = ", ".join(f"{name!r} {count}" for name, count in sorted(points.items()))
        found.append(f"events that are no states are left out: {counts}")
    if any(text.is_number(cell) and float(cell.replace(",", ".")) for cell in offsets):
        found.append("the observation has a time offset, which is not added: times are those of the video")
    return tuple(found)


def names(path: Path, header: int) -> set[str]:
    """The observations and the names of the media files in a table."""
    table = text.read_table(path, header)
    media = {_stem(file) for column in MEDIA if column in table for file in table[column]}
    ids = set(table["Observation id"]) if "Observation id" in table else {_above(path, header, "Observation id")}
    return (media | ids) - {""}


def paired(path: Path, events: Iterable[Event]) -> list[Bout]:
    """Bouts from STARTs and STOPs, which belong together by subject, behaviour and modifiers."""
    found: dict[tuple[str, ...], list[tuple[float, str, str]]] = {}
    for who, name, kind, time in events:
        if kind in ("START", "STOP"):
            moment = text.seconds(path, time, "a time; export times as seconds from BORIS")
            found.setdefault(who, []).append((moment, kind, name))
    bouts = [bout for own in found.values() for bout in _in_turn(path, sorted(own, key=lambda event: event[0]))]
    return sorted((bout for bout in bouts if bout.stop > bout.start), key=lambda bout: bout.start)


def _in_turn(path: Path, events: list[tuple[float, str, str]]) -> Iterator[Bout]:
    """Bouts from the STARTs and STOPs (time, kind, behaviour) of one kind of event, which rise in time."""
    start: float | None = None
    for at in range(len(events)):
        due = "START" if start is None else "STOP"
        if events[at][1] != due and events[at + 1 : at + 2] and events[at + 1][:2] == (events[at][0], due):
            events[at : at + 2] = events[at + 1], events[at]  # both at the same moment: that which is due is first
        moment, kind, name = events[at]
        if kind != due:
            raise InputError(
                f"{path} has a {kind} of {name!r} at {moment:g} s without its partner; mend the event in BORIS"
            )
        if start is not None:
            yield Bout(name, start, moment)
        start = moment if start is None else None
    if start is not None:
        raise InputError(
            f"{path} has a START of {events[-1][2]!r} at {start:g} s without a STOP; mend the event in BORIS"
        )


def _known(path: Path, kinds: "pd.Series") -> None:
    unknown = sorted(set(kinds) - {"START", "STOP", "POINT"})
    if unknown:
        raise InputError(f"{path} has an event that is neither START, STOP nor POINT but {unknown[0]!r}; mend it")


def observation_of(path: Path, choice: Choice, media: dict[str, list[str]]) -> str:
    """The observation of a recording; media: the media files of each, one after the other.

    Raises InputError where none has the recording's name as its id or media file, where several do, or where an
    observation goes over several videos.
    """
    if choice.observation:
        if choice.observation not in media:
            raise InputError(f"{path} has the observations {', '.join(media)}, none called {choice.observation!r}")
        return _of_one_video(path, choice.observation, media)
    names = {called(name) for name in choice.names}
    own = [name for name in media if called(name) in names] or [
        name for name, files in media.items() if {called(_stem(file)) for file in files} & names
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
        files += [each for each in [file] if each not in (*NONE, *files)]
    if not media:
        return table
    chosen = observation_of(path, choice, media)
    return table[[name == chosen for name in ids]]


def _above(path: Path, header: int, what: str) -> str:
    """What older tables say above their columns."""
    above = [cells for cells in text.rows(path, header) if len(cells) > 1 and cells[0] == what]
    return above[0][1] if above else ""


def _modifiers(table: "pd.DataFrame") -> list[str]:
    columns = [name for name in table if str(name).startswith("Modifier")]
    return ["|".join(cells) for cells in table[columns].to_numpy(str).tolist()] if columns else [""] * len(table)


def _aggregated(path: Path, rows: Iterable[tuple[str, str, str]]) -> list[Bout]:
    found = []
    for name, start, stop in rows:
        if stop.upper() in ("NA", "NAN") or stop == start:
            continue  # a point event
        first = text.seconds(path, start, f"Start of {name}; export times as seconds from BORIS")
        last = text.seconds(path, stop, f"Stop of {name}; export times as seconds from BORIS")
        if last < first:
            raise InputError(f"{path} has a bout of {name!r} from {start} to {stop} s; mend the event in BORIS")
        found.append(Bout(name, first, last))
    return found


def _stem(file: str) -> str:
    return Path(file.replace("\\", "/")).stem
