"""Label files of Bento (.annot) and of its forerunner, the Caltech Behavior Annotator (.txt).

Both count frames from 1 and name the last frame of a bout. Newer .annot files give seconds: frame numbers divided by
the frame rate they state. Formats as written by bentoMAT (saveAnnot.m) and MARS (dump_labels_bento).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from challengeflow import InputError
from challengeflow_mabe_task1.formats.bouts import Bout, Labels

CALTECH = "caltech behavior annotator"
BENTO = "bento annotation file"


def is_caltech(path: Path) -> bool:
    """Whether a text file is one of the Caltech Behavior Annotator."""
    with open(path, errors="replace") as file:
        return file.readline().lower().startswith(CALTECH)


def read(path: Path) -> Labels:
    """The bouts of all channels, in frames from 0. Raises InputError for another file or a damaged line."""
    lines = path.read_text(errors="replace").splitlines()
    title = lines[0].strip().lower() if lines else ""
    if title.startswith(CALTECH):
        bouts = tuple(_caltech_bouts(path, lines))
        return Labels(bouts, "frames", (0, max((bout.stop for bout in bouts), default=0)))
    if not title.startswith(BENTO):
        raise InputError(f"{path} starts with {title[:60]!r}; expected 'Bento annotation file' or '{CALTECH.title()}'")
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    rows = list(_bento_rows(path, lines))
    rate = 1.0
    if any("." in number for _, *numbers in rows for number in numbers):
        rate = _number(path, facts.get("Annotation framerate", ""), "the annotation framerate")
    bouts = tuple(
        Bout(name, round(_number(path, start, name) * rate) - 1, round(_number(path, stop, name) * rate))
        for name, start, stop in rows
    )
    if "Annotation stop frame" not in facts:
        return Labels(bouts, "frames")
    first = _number(path, facts.get("Annotation start frame", "1"), "the start frame")
    return Labels(bouts, "frames", (first - 1, _number(path, facts["Annotation stop frame"], "the stop frame")))


def write(path: Path, bouts: Sequence[Bout], frames: int, fps: float, video: str) -> None:
    """Write bouts (in frames from 0) as a .annot file that Bento opens."""
    names = list(dict.fromkeys(bout.behaviour for bout in bouts))
    head = [
        "Bento annotation file",
        f"Movie file(s): {video}",
        "",
        "Stimulus name: ",
        "Annotation start frame: 1",
        f"Annotation stop frame: {frames}",
        f"Annotation framerate: {fps:f}",
        "",
    ]
    lists = ["List of channels:", "Ch1", "", "List of annotations:", *(_word(name) for name in names), ""]
    body = ["Ch1----------"]
    for name in names:
        own = [bout for bout in bouts if bout.behaviour == name]
        rows = [f"{b.start + 1:.0f}\t{b.stop:.0f}\t{b.stop - b.start:.0f}" for b in own]
        body += [f">{_word(name)}", "Start\tStop\tDuration", *rows, ""]
    path.write_text("\n".join([*head, *lists, *body]) + "\n")


def _word(name: str) -> str:
    """Bento's names are Matlab's field names: no blanks, no signs."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _caltech_bouts(path: Path, lines: Sequence[str]) -> Iterator[Bout]:
    inside = False
    for line in lines:
        fields = line.split()
        if line.startswith("---"):
            inside = True
        elif not fields:
            inside = False
        elif inside:
            if len(fields) != 3:
                raise InputError(f"{path} has the line {line.strip()!r}; expected: start end type")
            yield Bout(fields[2], _number(path, fields[0], line) - 1, _number(path, fields[1], line))


def _bento_rows(path: Path, lines: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(behaviour, start, stop) of every bout, as text."""
    name = None
    for line in lines:
        if line.startswith(">"):
            name = line[1:].strip()
        elif line.rstrip().endswith("----------") or not line.strip():
            name = None
        elif name is not None and not line.lower().startswith("start"):
            fields = line.split()
            if len(fields) < 2:
                raise InputError(f"{path} has the line {line.strip()!r} under {name}; expected start, stop, duration")
            yield name, fields[0], fields[1]


def _number(path: Path, text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path} has {text.strip()!r} where a number is expected ({what.strip()})") from None
