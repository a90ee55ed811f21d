"""What is understood of a source before anything runs: every recording, every file that is not used, and why.

Reads poses and labels as a run would; makes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError, Sample
from challengeflow_mabe_task1.data import layouts, parts, quality, recordings
from challengeflow_mabe_task1.data.folder import Survey, survey
from challengeflow_mabe_task1.data.recordings_table import Recording
from challengeflow_mabe_task1.formats.bouts import Labels
from challengeflow_mabe_task1.formats.tracks import Poses


@dataclass(frozen=True)
class Entry:
    """A recording with the files that belong to it, or (without a name) a file that is not used.

    status: "ok", or why it cannot be used. understood: what was read of it, as text by name. notes: what to look at,
    and what to set in the config.
    """

    sample: str
    files: tuple[str, ...]
    status: str
    understood: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def inspect(path: Path, download: Mapping[str, Any], preprocess: Mapping[str, Any]) -> list[Entry]:
    """Every recording and every file of a source; the parameters are those of the stages of these names.

    Raises InputError where there is no such source, or where its recordings.csv is wrong.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; name a folder with poses, or one pose file")
    if path.is_dir() and any(layouts.find(path, split) for split in layouts.NAMES):
        return list(_organisers(path, download))
    surveyed = survey(path)
    read = {one.id: _read(path, one, download) for one in surveyed.recordings}
    used = parts.common([found[0].parts for found in read.values() if isinstance(found[0], Poses)])
    entries = [_entry(surveyed, one, *read[one.id], used, preprocess) for one in surveyed.recordings]
    return entries + [Entry("", (name,), f"not used: {why}") for name, why in sorted(surveyed.unused.items())]


def _read(
    folder: Path, one: Recording, download: Mapping[str, Any]
) -> tuple[Poses | InputError, Labels | InputError | None]:
    """The track and the labels of a recording, or why they cannot be read."""
    sample = Sample(one.id, "", "", recordings.columns_to_read(one))
    poses: Poses | InputError
    own: Labels | InputError | None = None
    try:
        poses = recordings.tracks(folder, sample, download)
    except (InputError, OSError) as error:
        poses = InputError(str(error).replace(f"{folder}/", ""))
    if one.labels:
        try:
            own = recordings.read_labels(folder, one, download)
        except (InputError, OSError) as error:
            own = InputError(str(error).replace(f"{folder}/", ""))
    return poses, own


def _entry(
    surveyed: Survey,
    one: Recording,
    poses: Poses | InputError,
    own: Labels | InputError | None,
    used: list[str],
    preprocess: Mapping[str, Any],
) -> Entry:
    video = surveyed.videos.get(one.id)
    files = tuple(dict.fromkeys(name for name in (*one.poses, one.labels, video or "") if name))
    programs = " + ".join(dict.fromkeys(surveyed.programs.get(name, "?") for name in files))
    understood, notes = {"written by": programs}, list(one.notes)
    if isinstance(own, InputError):
        notes.append(f"not trained on: {own}")
    elif own is not None:
        understood["labels"] = _bouts(own)
        notes += own.notes
    if isinstance(poses, InputError):
        return Entry(one.id, files, str(poses), understood, tuple(notes))
    understood |= _track(poses, [parts.plain(name) for name in preprocess["parts"] or used])
    stated = (own.fps if isinstance(own, Labels) else None) or poses.fps
    rate = one.fact("fps") or stated
    understood["frames a second"] = (
        f"{float(rate):g}" if rate else f"{preprocess['fps']:g} (preprocess.fps: no file says)"
    )
    if stated and not one.fact("fps") and stated != preprocess["fps"]:
        notes.append(
            f"its files say {stated:g} frames a second, the config {preprocess['fps']:g}; the files are believed"
        )
    status = quality.status(poses.points)
    try:
        parts.chosen(poses.parts or None, poses.points.shape[3], used, preprocess["parts"])
    except InputError as error:
        status = str(error) if status == "ok" else status
    return Entry(one.id, files, status, understood, (*notes, *poses.notes))


def _track(poses: Poses, wanted: list[str]) -> dict[str, str]:
    frames = len(poses.points)
    extra = [name for name in poses.parts if name not in wanted]
    return {
        "frames": f"{poses.first} to {poses.first + frames - 1}" if frames else "none",
        "animals": " and ".join(poses.animals),
        "parts": ", ".join(name for name in wanted if name in poses.parts) or f"{poses.points.shape[3]} without names",
        "missing": f"{np.isnan(poses.points).mean() if poses.points.size else 1:.0%}",
    } | ({"parts not used": ", ".join(extra)} if extra else {})


def _bouts(own: Labels) -> str:
    counts = Counter(bout.behaviour for bout in own.bouts)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "no bout"


def _organisers(folder: Path, download: Mapping[str, Any]) -> Iterator[Entry]:
    """The sequences of the organisers' files."""
    behaviour = (download["behaviours"] or [None])[0]
    known = {path for split in layouts.NAMES if (path := layouts.find(folder, split)) is not None}
    for path in sorted(known):
        for item in layouts.read(path, behaviour=behaviour):
            understood = {"labels": "yes" if item.annotations is not None else "none"}
            try:
                points = layouts.keypoints(item)
            except InputError as error:
                yield Entry(item.id, (path.name,), str(error), understood)
                continue
            understood |= {"frames": str(len(points)), "parts": str(points.shape[3])}
            yield Entry(item.id, (path.name,), "ok", understood)
    sample = layouts.sample_submission(folder)
    for path in sorted(folder.iterdir()):
        if path == sample:
            yield Entry("", (path.name,), "the sample submission, which answers are compared with")
        elif path not in known and path.is_file():
            yield Entry("", (path.name,), "not used: the organisers' files beside it are")
