"""Running a script again in other ways: on what its answers depend, and on what they must not.

A case's answer is the case's own: the same under another user, whatever the scan is called, whatever else lies beside
it and in which order, and the same each time.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from challengeflow_mood.answers.maps import map_name
from challengeflow_mood.data.images import load_map

Run = Callable[[Path, Path, int, int], str]
"""Inputs, outputs, user, cases -> why the script failed; empty where it did not."""


@dataclass(frozen=True)
class Way:
    """One way to run a script: what is other than at first, the user, and the scans by the names that they get."""

    other: str
    user: int
    names: Mapping[str, Path]


def dependence(task: str, scans: Sequence[Path], answers: Path, work: Path, user: int, run: Run) -> Iterator[str]:
    """A sentence for what the `answers` of the first run depend on; `work` is a new folder for the further runs.

    One run changes all at once; where its answer is the same, nothing more is run. It has the last scan alone: nothing
    comes before it, and nothing is there to compare it with.
    """
    at_once = Way("alone, under another name and as another user", 0, {"case.nii.gz": scans[-1]})
    as_before = {path.name: path for path in scans}
    ways = [
        Way("once more", user, as_before),
        Way("as another user", 0, as_before),
        Way("under other names", user, {f"{at:02d}-case.nii.gz": path for at, path in enumerate(scans)}),
        Way("without the other scans beside it", user, {scans[-1].name: scans[-1]}),
    ]
    work.mkdir()
    if not _differs(task, answers, work / "at-once", at_once, run):
        return
    for number, way in enumerate(ways):
        what = _differs(task, answers, work / str(number), way, run)
        if what:
            seeds = "; fix the seeds" if way.other == "once more" else ""
            yield f"run {way.other}, {what}{seeds}"
            return
    yield f"run {at_once.other}, {_differs(task, answers, work / 'again', at_once, run)}"


def _differs(task: str, answers: Path, work: Path, way: Way, run: Run) -> str:
    """What is other than in the `answers` before, in words; empty where nothing is."""
    inputs, outputs = work / "in", work / "out"
    for folder in (inputs, outputs):
        folder.mkdir(parents=True)
    for name, path in way.names.items():
        shutil.copyfile(path, inputs / name)
    failure = run(inputs, outputs, way.user, len(way.names))
    if failure:
        return f"it fails: {failure}"
    for name, path in way.names.items():
        before, after = answers / answer_name(task, path.name), outputs / answer_name(task, name)
        if not after.is_file():
            return f"it gives no answer for {path.name}"
        if not _same(task, before, after):
            return f"it answers {path.name} otherwise"
    return ""


def answer_name(task: str, scan: str) -> str:
    """The name of the answer to a scan."""
    return f"{scan}.txt" if task == "sample" else map_name(scan)


def _same(task: str, before: Path, after: Path) -> bool:
    if task == "sample":
        return before.read_text(errors="replace").split() == after.read_text(errors="replace").split()
    first, second = (np.asarray(load_map(path).dataobj) for path in (before, after))
    return np.array_equal(first, second, equal_nan=True)
