"""What is understood of a source before anything runs: every recording, every file that is not used, and why.

Reads poses and labels as a run would; makes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import NOT_OPENED, InputError, Inspected, InspectJob, Sample
from challengeflow.outside.door import Unreadable, read_each
from challengeflow_mabe_task1.data import layouts, parts, quality, recordings
from challengeflow_mabe_task1.data.folder import Survey, survey
from challengeflow_mabe_task1.data.recordings_table import Recording
from challengeflow_mabe_task1.formats.bouts import Labels, keys


def inspect(job: InspectJob) -> list[Inspected]:
    """Every recording and every file of a source.

    Raises InputError where its recordings.csv is wrong.
    """
    path, download, preprocess = job.source, job.parameters["download"], job.parameters["preprocess"]
    if path.is_dir() and any(layouts.find(path, split) for split in layouts.NAMES):
        return list(_organisers(path, download))
    surveyed = survey(path)
    looked = _looked(job, surveyed)
    spellings: dict[str, set[str]] = {}
    meant = keys(name for each in looked for name in each.behaviours)
    for name, own in meant.items():
        spellings.setdefault(own, set()).add(name)
    used = parts.common([each.parts for each in looked if each.frames])
    looked = _ordered(surveyed.recordings, looked, download["animals"])
    rows = []
    for one, each in zip(surveyed.recordings, looked, strict=True):
        several = [sorted(spellings[meant[name]]) for name in each.behaviours if len(spellings[meant[name]]) > 1]
        notes = [f"{', '.join(map(repr, names))} are taken as one behaviour" for names in several]
        rows.append(_row(surveyed, one, replace(each, notes=(*each.notes, *notes)), used, preprocess))
    if surveyed.table:
        rows.append(Inspected(files=(surveyed.table,), understood={"says": "which files belong together"}))
    return rows + [Inspected(files=(name,), status=f"not used: {why}") for name, why in sorted(surveyed.unused.items())]


def _looked(job: InspectJob, surveyed: Survey) -> list["Look"]:
    """What is in the files of each recording, as a run would read them."""
    items = [(job.source, one, dict(job.parameters["download"])) for one in surveyed.recordings[: job.most]]
    read = read_each(look, items, workers=job.threads, memory_mb=job.memory_mb)
    found = dict(job.progress(read, "recording", len(items)))
    looked = [found.get(place, Look(NOT_OPENED)) for place in range(len(surveyed.recordings))]
    return [
        Look(each.reason.replace(f"{job.source}/", "")) if isinstance(each, Unreadable) else each for each in looked
    ]


def _ordered(found: Sequence[Recording], looked: Sequence["Look"], wanted: Sequence[str] | None) -> list["Look"]:
    """What was looked at, with the animals in the order that a run gives them."""
    pairs = zip(found, looked, strict=True)
    animals = {one.id: each.animals for one, each in pairs if wanted is None and not one.fact("resident")}
    orders = recordings.in_one_order(animals)
    return [
        replace(each, animals=order, notes=(*each.notes, recordings.other_order(order)))
        if (order := orders.get(one.id))
        else each
        for one, each in zip(found, looked, strict=True)
    ]


@dataclass(frozen=True)
class Look:
    """What a recording's files hold. status: "ok", or why its track cannot be used. labels: None without label file."""

    status: str
    frames: int = 0
    first: int = 0
    animals: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    named: bool = True
    missing: float = 1.0
    fps: float | None = None
    labels: str | None = None
    behaviours: tuple[str, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    unit: str = "frames"
    label_rate: float | None = None
    notes: tuple[str, ...] = ()


def look(folder: Path, one: Recording, download: Mapping[str, Any]) -> Look:
    """Read the track and the labels of a recording, and keep what is to be told."""
    found = Look("ok")
    try:
        poses = recordings.tracks(folder, Sample(one.id, "", "", recordings.columns_to_read(one)), download)
        found = Look(
            quality.status(poses.points),
            len(poses.points),
            poses.first,
            poses.animals,
            poses.parts or tuple(parts.unnamed(poses.points.shape[3])),
            bool(poses.parts),
            float(np.isnan(poses.points).mean()) if poses.points.size else 1.0,
            poses.fps,
            notes=poses.notes,
        )
    except (InputError, OSError) as error:
        found = Look(str(error).replace(f"{folder}/", ""))
    if not one.labels:
        return found
    try:
        own = recordings.read_labels(folder, one, download)
    except (InputError, OSError) as error:
        return replace(found, notes=(*found.notes, f"not trained on: {error}".replace(f"{folder}/", "")))
    names = tuple(sorted({bout.behaviour for bout in own.bouts}))
    notes = (*found.notes, *own.notes)
    spans = tuple((bout.start, bout.stop) for bout in own.bouts)
    found = replace(found, spans=spans, unit=own.unit, label_rate=own.rate)
    return replace(found, labels=_bouts(own), behaviours=names, fps=own.fps or found.fps, notes=notes)


def _row(surveyed: Survey, one: Recording, found: Look, used: list[str], preprocess: Mapping[str, Any]) -> Inspected:
    video = surveyed.videos.get(one.id)
    files = tuple(dict.fromkeys(name for name in (*one.poses, one.labels, video or "") if name))
    understood = {"written by": " + ".join(dict.fromkeys(surveyed.programs.get(name, "?") for name in files))}
    notes = [*one.notes, *found.notes]
    if found.labels is not None:
        understood["labels"] = found.labels
    if not found.frames:
        return Inspected(sample=one.id, files=files, status=found.status, understood=understood, notes=tuple(notes))
    rate = one.fact("fps") or found.fps
    understood |= _track(found, [parts.plain(name) for name in preprocess["parts"] or used])
    understood["frames a second"] = (
        f"{float(rate):g}" if rate else f"{preprocess['fps']:g} (preprocess.fps: no file says)"
    )
    if found.fps and not one.fact("fps") and found.fps != preprocess["fps"]:
        notes.append(
            f"its files say {found.fps:g} frames a second, the config {preprocess['fps']:g}; they are believed"
        )
    if found.label_rate and found.label_rate != float(rate or preprocess["fps"]):
        notes.append(f"its labels were made at {found.label_rate:g} frames a second")
    notes += _outside(found, float(rate or preprocess["fps"]))
    status = found.status
    try:
        parts.chosen(found.parts if found.named else None, len(found.parts), used, preprocess["parts"])
    except InputError as error:
        status = str(error) if status == "ok" else status
    return Inspected(sample=one.id, files=files, status=status, understood=understood, notes=tuple(notes))


def _outside(found: Look, fps: float) -> list[str]:
    """Sentences on labels of which some, or all, lie outside the track."""
    rates = [fps] if found.unit == "seconds" else [1.0, *([fps / found.label_rate] if found.label_rate else [])]
    spans = [np.array(found.spans).reshape(-1, 2) * rate for rate in rates]
    first, end = found.first, found.first + found.frames
    if not len(spans[0]):
        return []
    inside = max(int(((one[:, 0] < end) & (one[:, 1] >= first)).sum()) for one in spans)
    if inside == len(spans[0]) and min(one.max() for one in spans) <= 1.01 * end + fps:
        return []
    return [
        f"of its {len(spans[0])} bouts {inside or 'none'} lie within its track, whose last frame is {end - 1}, and the "
        f"last bout ends at {spans[0].max():.0f}: check that both are of one video, and its frames a second"
    ]


def _track(found: Look, wanted: list[str]) -> dict[str, str]:
    extra = [name for name in found.parts if name not in wanted] if found.named else []
    return {
        "frames": f"{found.first} to {found.first + found.frames - 1}",
        "animals": " and ".join(found.animals),
        "parts": ", ".join(name for name in wanted if name in found.parts)
        or ("none of those used" if found.named else f"{len(found.parts)} without names"),
        "missing": f"{found.missing:.0%}",
    } | ({"parts not used": ", ".join(extra)} if extra else {})


def _bouts(own: Labels) -> str:
    counts = Counter(bout.behaviour for bout in own.bouts)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "no bout"


def _organisers(folder: Path, download: Mapping[str, Any]) -> Iterator[Inspected]:
    """The sequences of the organisers' files."""
    behaviour = (download["behaviours"] or [None])[0]
    known = {path for split in layouts.NAMES if (path := layouts.find(folder, split)) is not None}
    for path in sorted(known):
        for item in layouts.read(path, behaviour=behaviour):
            understood = {"labels": "yes" if item.annotations is not None else "none"}
            try:
                points = layouts.keypoints(item)
            except InputError as error:
                yield Inspected(sample=item.id, files=(path.name,), status=str(error), understood=understood)
                continue
            understood |= {"frames": str(len(points)), "parts": str(points.shape[3])}
            yield Inspected(sample=item.id, files=(path.name,), understood=understood)
    sample = layouts.sample_submission(folder)
    for path in sorted(folder.iterdir()):
        if path == sample:
            yield Inspected(files=(path.name,), understood={"is": "the form of a submission, which answers must have"})
        elif path not in known and path.is_file():
            yield Inspected(files=(path.name,), status="not used: the organisers' files beside it are")
