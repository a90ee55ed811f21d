"""What a person saw when: bouts of named behaviours, from the file of any program, and their way to frames."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats import bento, boris, boris_project, frame_tables, text
from challengeflow_mabe_task1.formats.bouts import BACKGROUND, Bout, Choice, Labels, key, keys, word

USUAL = 30.0
"""Frames a second where no file says so, to compare how long bouts of several files are."""

LAST_FRAME = 100_000_000
"""Three weeks at 60 frames a second."""


def read(path: Path, choice: Choice) -> Labels:
    """The labels that `path` has for a recording. Raises InputError for an unknown file, or one without any for it."""
    if not path.is_file():
        raise InputError(f"{path}, the labels of recording {choice.names[0]!r}, does not exist; mend recordings.csv")
    suffix = path.suffix.lower()
    if suffix == ".boris":
        return boris_project.read(path, choice)
    if suffix == ".annot" or (suffix == ".txt" and bento.is_caltech(path)):
        return bento.read(path, choice)
    if suffix not in text.SUFFIXES:
        raise InputError(f"{path} is no label file; expected .annot, .boris, .csv, .tsv or .txt")
    header = boris.header_line(path)
    return frame_tables.read(path, choice) if header is None else boris.read(path, choice, header)


def names_inside(path: Path) -> set[str]:
    """The recordings that a label file says it is of, where it says so: observations, media files, sequences."""
    try:
        if path.suffix.lower() == ".boris":
            found = boris_project.observations(path)
            media = [
                Path(file.replace("\\", "/")).stem for one in found.values() for file in boris_project.media_of(one)
            ]
            return {*found, *media}
        if path.suffix.lower() == ".annot":
            return bento.movies(path)
        if path.suffix.lower() not in text.SUFFIXES:
            return set()
        header = boris.header_line(path)
        return frame_tables.sequences(path) if header is None else boris.names(path, header)
    except InputError:
        return set()  # reading it will say why


def vocabulary(all_labels: Sequence[Labels], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The behaviours by class number, 'other' last: those wanted, or all that occur, the rarest first.

    Of several spellings of one behaviour (`bouts.key`) the most used one counts. Raises InputError for a wanted
    behaviour that no file has, and where there is none at all.
    """
    seconds: dict[str, float] = {}
    for labels in all_labels:
        for bout in labels.bouts:
            if key(bout.behaviour) not in BACKGROUND:
                name = bout.behaviour.strip()
                seconds[name] = seconds.get(name, 0.0) + _seconds(labels, bout)
    meant = keys([*seconds, *(wanted or ())])
    spellings = _spellings(seconds, meant)
    unknown = [name for name in wanted or () if meant[name] not in spellings and key(name) not in BACKGROUND]
    if unknown or not seconds:
        raise InputError(
            f"no label file has the behaviour {unknown[0]!r}; they have {', '.join(sorted(seconds))}: mend the "
            "download parameter 'behaviours'"
            if unknown and seconds
            else "no label file has a bout; check the files, or their names in recordings.csv"
        )
    whole = {own[0]: sum(seconds[name] for name in own) for own in spellings.values()}
    names = wanted or sorted(whole, key=lambda name: (whole[name], name))
    return (*dict.fromkeys(name.strip() for name in names if key(name) not in BACKGROUND), "other")


def _seconds(labels: Labels, bout: Bout) -> float:
    """About how long a bout is; a moment is a frame."""
    rate = labels.rate or labels.fps or USUAL
    return (bout.stop - bout.start) / (1 if labels.unit == "seconds" else rate) or 1 / rate


def merged_spellings(all_labels: Sequence[Labels]) -> list[str]:
    """Sentences on behaviours that are spelled in several ways."""
    names = {bout.behaviour.strip(): 0.0 for labels in all_labels for bout in labels.bouts}
    return [
        f"{', '.join(map(repr, own))} are taken as one behaviour"
        for own in _spellings(names, keys(names)).values()
        if len(own) > 1 and key(own[0]) not in BACKGROUND
    ]


def respelled(labels: Labels, names: Sequence[str]) -> list[str]:
    """Sentences on behaviours of a file that `names` spells otherwise; a _ for a sign is Bento's way, and not told."""
    own = sorted({bout.behaviour for bout in labels.bouts})
    meant = keys([*own, *names])
    known = {meant[name]: name for name in names}
    return [
        f"{name!r} is taken as {known[meant[name]]!r}"
        for name in own
        if meant[name] in known and word(name) != word(known[meant[name]])
    ]


def to_array(labels: Labels, names: Sequence[str]) -> np.ndarray:
    """Bouts as float64 (N, 3): class number, start, stop; those of behaviours outside `names` are left out."""
    meant = keys([*names, *(bout.behaviour for bout in labels.bouts)])
    place = {meant[name]: number for number, name in enumerate(names)}
    place |= {name: len(names) - 1 for name in BACKGROUND if name not in place}
    rows = [(place[meant[b.behaviour]], b.start, b.stop) for b in labels.bouts if meant[b.behaviour] in place]
    return np.array(rows, np.float64).reshape(-1, 3)


def known_array(labels: Labels) -> np.ndarray:
    """The stretches that were looked at as float64 (K, 2); (0, 2) too where all was: see `about`."""
    return np.array(labels.known or (), np.float64).reshape(-1, 2)


def about(labels: Labels) -> dict[str, Any]:
    """What `to_frames` needs beside the arrays."""
    return {
        "unit": labels.unit,
        "everywhere": labels.known is None,
        "rate": labels.rate,
        "from_one": labels.from_one,
    }


def to_frames(
    bouts: np.ndarray, known: np.ndarray, facts: Mapping[str, Any], fps: float, first: int, frames: int, classes: int
) -> np.ndarray:
    """The class number of each frame of a track as int16, the last class without a bout, -1 where nobody looked.

    bouts: (N, 3), known: (K, 2), facts: as of `to_array`, `known_array` and `about`. The track begins at frame `first`
    of the video. Where bouts overlap the first class wins; those before the video's start are left out. The result is
    as long as the labels, or as the track (`frames`) where the labels name no end.
    """
    bouts = bouts[(bouts[:, 1] >= 0) | (bouts[:, 2] > 0)]
    scale = _frames_in_unit(bouts, known, facts, fps, first + frames)
    starts = np.maximum(_whole(bouts[:, 1] * scale) - int(facts["from_one"]), 0)
    stops = np.maximum(_whole(bouts[:, 2] * scale), starts + 1)
    looked = np.array([[0, first + frames]]) if facts["everywhere"] else _whole(known * scale)
    if facts["unit"] == "seconds":
        looked[:, 1] = np.maximum(looked[:, 1], looked[:, 0] + 1)  # a moment is a frame
    result = np.full(max(int(looked.max(initial=0)), int(stops.max(initial=0))), -1, np.int16)
    for start, stop in looked:
        result[start:stop] = classes - 1
    for k in np.argsort(-bouts[:, 0], kind="stable"):
        result[starts[k] : stops[k]] = int(bouts[k, 0])
    return result[first:]


def _whole(values: np.ndarray) -> np.ndarray:
    """Times in frames as frame numbers; a typing error is no reason for an array of terabytes."""
    return np.rint(np.clip(values, 0, LAST_FRAME)).astype(np.int64)


def _frames_in_unit(bouts: np.ndarray, known: np.ndarray, facts: Mapping[str, Any], fps: float, end: int) -> float:
    """Frames of the track in one unit of the labels.

    Frame numbers at a rate that is not the track's are rescaled, unless they end where the track does: then they are
    the track's own, and the rate is what the annotator's program took it for.
    """
    if facts["unit"] == "seconds":
        return fps
    rate = facts["rate"]
    if not rate or rate == fps:
        return 1.0
    last = max(float(known[:, 1].max(initial=0)), float(bouts[:, 2].max(initial=0)))
    return 1.0 if abs(last - end) <= 0.01 * end else fps / rate


def _spellings(seconds: Mapping[str, float], meant: Mapping[str, str]) -> dict[str, list[str]]:
    """Key of a behaviour -> its spellings, the most used first, and Bento's last."""
    found: dict[str, list[str]] = {}
    for name in sorted(seconds, key=lambda name: ("_" in name and word(name) == name, -seconds[name], name)):
        found.setdefault(meant[name], []).append(name)
    return found
