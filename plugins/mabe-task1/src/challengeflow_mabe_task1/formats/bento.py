"""Label files of Bento (.annot) and of its forerunner, the Caltech Behavior Annotator (.txt).

Both count frames from 1 and name the last frame of a bout. Newer .annot files give seconds: frame numbers divided by
the frame rate they state. Formats as written by bentoMAT (saveAnnot.m) and MARS (dump_labels_bento).
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from challengeflow import InputError
from challengeflow_mabe_task1.formats import text
from challengeflow_mabe_task1.formats.bouts import BACKGROUND, Bout, Choice, Labels, key, word
from challengeflow_mabe_task1.formats.choices import one_of

CALTECH = "caltech behavior annotator"
MOVIES = "Movie file(s):"
BENTO = "bento annotation file"


def is_caltech(path: Path) -> bool:
    """Whether a text file is one of the Caltech Behavior Annotator."""
    return next(iter(text.rows(path, 1)), [""])[0].lower().startswith(CALTECH)


def movies(path: Path) -> set[str]:
    """The recordings that a .annot file says it is of, by the names of its videos, of which there may be several."""
    said = next((line.split(":", 1)[1] for line in text.read_text(path).splitlines() if line.startswith(MOVIES)), "")
    files = [said, *re.findall(r"\S.*?\.\w{2,4}(?=\s|$)", said)]
    return {name for file in files for name in (file.strip(), Path(file.strip().replace("\\", "/")).stem)} - {""}


def read(path: Path, choice: Choice) -> Labels:
    """The bouts of the channel that is meant, in frames from 0 or in seconds.

    Raises InputError for another file, a damaged line, or several channels of which none is chosen.
    """
    lines = text.read_text(path).splitlines()
    title = lines[0].strip().lower() if lines else ""
    if title.startswith(CALTECH):
        streams = _caltech_streams(path, lines)
        said = {
            name: own for name, own in streams.items() if any(key(bout.behaviour) not in BACKGROUND for bout in own)
        }
        chosen = one_of(path, "channels", said or streams, choice.channels)
        bouts = tuple(bout for name in chosen for bout in streams[name])
        return Labels(bouts, "frames", ((0, max((bout.stop for bout in bouts), default=0)),))
    if not title.startswith(BENTO):
        raise InputError(f"{path} starts with {title[:60]!r}; expected 'Bento annotation file' or '{CALTECH.title()}'")
    facts = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith(">"))
    rows = list(_bento_rows(path, lines))
    channels = one_of(path, "channels", [row[0] for row in rows], choice.channels)
    rows = [row for row in rows if row[0] in channels]
    in_seconds = any("." in cell for _, _, *cells in rows for cell in cells)
    stated = facts.get("Annotation framerate", "").strip()
    rate = text.number(path, stated, "the annotation framerate") if stated or in_seconds else None
    bouts = tuple(_bout(path, *row[1:], shift=0 if in_seconds else 1) for row in rows)
    unit = "seconds" if in_seconds else "frames"
    return Labels(bouts, unit, _span(path, facts, rate if in_seconds else None), rate, from_one=in_seconds)


def write(
    path: Path, bouts: Sequence[Bout], frames: int, fps: float, video: str, behaviours: Sequence[str] = ()
) -> None:
    """Write bouts (in frames from 0) as a .annot file that Bento opens.

    behaviours: those to choose from, of which some may have no bout.
    """
    names = list(dict.fromkeys([*behaviours, *(bout.behaviour for bout in bouts)]))
    head = [
        "Bento annotation file",
        f"{MOVIES} {video}",
        "",
        "Stimulus name: ",
        "Annotation start frame: 1",
        f"Annotation stop frame: {frames}",
        f"Annotation framerate: {fps:f}",
        "",
    ]
    lists = ["List of channels:", "Ch1", "", "List of annotations:", *(word(name) for name in names), ""]
    body = ["Ch1----------"]
    for name in names:
        own = [bout for bout in bouts if bout.behaviour == name]
        rows = [f"{b.start + 1:.0f}\t{b.stop:.0f}\t{b.stop - b.start:.0f}" for b in own]
        body += [f">{word(name)}", "Start\tStop\tDuration", *rows, ""]
    path.write_text("\n".join([*head, *lists, *body]) + "\n")


def _caltech_streams(path: Path, lines: Sequence[str]) -> dict[str, list[Bout]]:
    """Stream (S1, S2, ...) -> its bouts; two people, or two animals, have a stream each."""
    streams: dict[str, list[Bout]] = {}
    stream, inside = "", False
    for line in lines:
        fields = line.split()
        if line.startswith("---"):
            inside = True
        elif not fields:
            inside = False
        elif re.fullmatch(r"S\d+:", fields[0]):
            stream, inside = fields[0][:-1], False
        elif inside:
            if len(fields) != 3:
                raise InputError(f"{path} has the line {line.strip()!r}; expected: start end type")
            streams.setdefault(stream, []).append(_bout(path, fields[2], fields[0], fields[1], shift=1))
    return streams


def _bento_rows(path: Path, lines: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """(channel, behaviour, start, stop) of every bout, as text."""
    channel, name = "", None
    for line in lines:
        if line.startswith(">"):
            name = line[1:].strip()
        elif line.rstrip().endswith("----------"):
            channel, name = line.rstrip().rstrip("-"), None
        elif not line.strip():
            name = None
        elif name is not None and not line.lower().startswith("start"):
            fields = line.split()
            if len(fields) < 2:
                raise InputError(f"{path} has the line {line.strip()!r} under {name}; expected start, stop, duration")
            yield channel, name, fields[0], fields[1]


def _bout(path: Path, name: str, start: str, stop: str, shift: int) -> Bout:
    first, last = text.number(path, start, f"the start of {name}"), text.number(path, stop, f"the stop of {name}")
    if last < first:
        raise InputError(f"{path} has a bout of {name!r} from {start} to {stop}; mend it in Bento")
    return Bout(name, first - shift, last)


def _span(path: Path, facts: dict[str, str], rate: float | None) -> tuple[tuple[float, float], ...] | None:
    """What was looked at, in frames or (where there is a rate) seconds; None where the file does not say."""
    if "Annotation stop time" in facts and rate:
        first = text.number(path, facts.get("Annotation start time", "0"), "the start time")
        return ((first, text.number(path, facts["Annotation stop time"], "the stop time")),)
    if "Annotation stop frame" not in facts:
        return None
    first = text.number(path, facts.get("Annotation start frame", "1"), "the start frame") - 1
    return ((first / (rate or 1), text.number(path, facts["Annotation stop frame"], "the stop frame") / (rate or 1)),)
