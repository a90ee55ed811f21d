"""Bouts of named behaviours: what every label file is read as and written from."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

BACKGROUND = ("other", "background", "none", "nothing", "no behavior", "no behaviour")
"""What programs call frames without any behaviour (by `key`)."""


class Bout(NamedTuple):
    """A behaviour from `start` to before `stop`, in the unit of its `Labels`; the first frame is 0."""

    behaviour: str
    start: float
    stop: float


@dataclass(frozen=True)
class Labels:
    """The bouts of one recording, and what its file says beside.

    unit: frames or seconds. known: stretches (start, stop) that were looked at; None: all of the recording.
    rate: of frame numbers, how many there are a second, where the file says so. fps: frames a second of the video.
    from_one: seconds are frame numbers divided by the rate, counted from 1, and a bout's stop is its last frame.
    """

    bouts: tuple[Bout, ...]
    unit: str
    known: tuple[tuple[float, float], ...] | None = None
    rate: float | None = None
    fps: float | None = None
    from_one: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What is meant of a label file that holds more than one thing. None: the only one there is.

    names: what the recording may be called in the file: its id, and the names of its pose files.
    """

    names: tuple[str, ...]
    observation: str = ""
    subjects: Sequence[str] | None = None
    observers: Sequence[str] | None = None
    channels: Sequence[str] | None = None


def key(name: str) -> str:
    """What spellings of one behaviour have in common: `Anogenital_sniff` and `anogenital sniff ` are the same."""
    name = "".join(sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign) != "Cf")
    return re.sub(r"[\s_./()-]+", " ", name).strip().casefold() or name.strip()


def word(name: str) -> str:
    """A name as Bento writes it, in Matlab's field names: no blanks, no signs."""
    return "".join(letter if letter.isalnum() else "_" for letter in unicodedata.normalize("NFC", name))


def keys(names: Iterable[str]) -> dict[str, str]:
    """The key of each behaviour among others: a name as Bento writes it is that of the only one it may stand for."""
    found = {name: key(name) for name in names}
    words: dict[str, set[str]] = {}
    for name, own in found.items():
        if word(name) != name:
            words.setdefault(word(name).casefold(), set()).add(own)
    meant = {name: words.get(name.casefold(), set()) for name in found if word(name) == name}
    return found | {name: next(iter(own)) for name, own in meant.items() if len(own) == 1}


def called(name: str) -> str:
    """What a recording's name is compared by: the same in capitals, and as macOS writes accents."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def runs(values: np.ndarray) -> list[tuple[Any, int, int]]:
    """Runs of one value as (value, first frame, frame after the last)."""
    if not len(values):
        return []
    starts = np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)
    stops = np.append(starts[1:], len(values))
    return [(values[start], int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]


def frame_runs(frames: np.ndarray, values: np.ndarray) -> list[tuple[Any, int, int]]:
    """Runs of one value over frames (N,) that increase; where frames are missing a run ends."""
    if not len(frames):
        return []
    ends = np.flatnonzero((values[1:] != values[:-1]) | (np.diff(frames) != 1))
    starts, lasts = np.append(0, ends + 1), np.append(ends, len(frames) - 1)
    return [
        (values[first], int(frames[first]), int(frames[last]) + 1) for first, last in zip(starts, lasts, strict=True)
    ]
