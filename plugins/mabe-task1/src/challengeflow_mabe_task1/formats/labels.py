"""What a person saw when: bouts of named behaviours, from the file of any program, and their way to frames."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats import bento, boris, deeplabcut, frame_tables
from challengeflow_mabe_task1.formats.bouts import Labels


def is_labels(path: Path) -> bool:
    """Whether a file looks like labels: .annot, the Caltech annotator's .txt, or a .csv without DeepLabCut's header."""
    if path.suffix == ".csv":
        return not deeplabcut.is_csv(path)
    return path.suffix == ".annot" or (path.suffix == ".txt" and bento.is_caltech(path))


def read(path: Path, recording: str) -> Labels:
    """The labels that `path` has for a recording. Raises InputError for an unknown file, or one without any for it."""
    if not path.is_file():
        raise InputError(f"{path}, the labels of recording {recording!r}, does not exist; mend recordings.csv")
    if path.suffix != ".csv":
        return bento.read(path)
    header = boris.header_line(path)
    return frame_tables.read(path, recording) if header is None else boris.read(path, recording, header)


def vocabulary(all_labels: Sequence[Labels], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The behaviours by class number, 'other' last: those wanted, or all that occur, the rarest first.

    Raises InputError for a wanted behaviour that no file has, and where there is none at all.
    """
    seconds: dict[str, float] = {}
    for labels in all_labels:
        for bout in labels.bouts:
            seconds[bout.behaviour] = seconds.get(bout.behaviour, 0.0) + bout.stop - bout.start
    unknown = [name for name in wanted or () if name not in seconds and name != "other"]
    if unknown or not seconds:
        raise InputError(
            f"no label file has the behaviour {unknown[0]!r}; they have {', '.join(sorted(seconds))}: mend the "
            "download parameter 'behaviours'"
            if unknown
            else "no label file has a bout; check the files, or their names in recordings.csv"
        )
    names = wanted or sorted(seconds, key=lambda name: (seconds[name], name))
    return (*(name for name in names if name != "other"), "other")


def to_array(labels: Labels, names: Sequence[str]) -> np.ndarray:
    """Bouts as float64 (N, 3): class number, start, stop; those of behaviours outside `names` are left out."""
    rows = [(names.index(b.behaviour), b.start, b.stop) for b in labels.bouts if b.behaviour in names]
    return np.array(rows, np.float64).reshape(-1, 3)


def to_frames(bouts: np.ndarray, rate: float, span: Sequence[float] | None, frames: int, classes: int) -> np.ndarray:
    """The class number of each frame as int16, the last class where there is no bout, -1 outside the span.

    bouts: (N, 3) as of `to_array`; rate: frames in one of their units. Where bouts overlap the first class wins. The
    result is as long as the labels, or as the track (`frames`) where the labels name no end.
    """
    starts = np.rint(bouts[:, 1] * rate).astype(int)
    stops = np.maximum(np.rint(bouts[:, 2] * rate).astype(int), starts + 1)
    first, last = (0, frames) if span is None else (round(span[0] * rate), round(span[1] * rate))
    result = np.full(max(last, int(stops.max(initial=0))), classes - 1, np.int16)
    for k in np.argsort(-bouts[:, 0], kind="stable"):
        result[max(starts[k], 0) : max(stops[k], 0)] = int(bouts[k, 0])
    result[: max(first, 0)] = -1
    return result
