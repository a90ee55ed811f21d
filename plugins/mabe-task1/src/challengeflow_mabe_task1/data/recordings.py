"""A folder of one's own recordings: which files belong together, and what `recordings.csv` beside them says.

Without `recordings.csv` the names decide: NAME.csv or NAMEDLC_....h5 are the poses of recording NAME, NAME.annot or
NAME_labels.csv its labels. A recording with labels is in train, one without in test.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from challengeflow import DownloadJob, InputError, Sample
from challengeflow.arrays import Writer
from challengeflow_mabe_task1.data import layouts, sequences
from challengeflow_mabe_task1.formats import labels, poses
from challengeflow_mabe_task1.formats.bouts import Labels
from challengeflow_mabe_task1.formats.tracks import Poses

TABLE = "recordings.csv"
COLUMNS = (
    "recording",
    "poses",
    "labels",
    "split",
    "group",
    "fps",
    "pixels_per_cm",
    "resident",
    "intruder",
    "annotator",
)
"""Of recordings.csv; only the first two are needed. Several pose files of one recording are separated by |."""

_TRACKER = re.compile(r"(DLC_|DLC[A-Z]|\.analysis).*$")
_LABEL = re.compile(r"[._-](annot(ation)?s?|labels?|boris|bouts)$", re.IGNORECASE)


@dataclass(frozen=True)
class Recording:
    """One recording and its files, paths relative to the folder; the other fields as in recordings.csv."""

    id: str
    poses: tuple[str, ...]
    labels: str = ""
    split: str = ""
    facts: Mapping[str, str] | None = None

    def fact(self, name: str) -> str:
        return (self.facts or {}).get(name) or ""


def index(job: DownloadJob, folder: Path) -> list[Sample]:
    """The recordings as samples; their labels go as bouts into `job.gold`. Raises InputError where files do not fit."""
    found = [each for each in survey(folder) if each.split in job.splits or job.splits == ("test",)]
    if not found:
        raise InputError(
            f"{folder} holds no recording; put pose files in it (DeepLabCut .csv or .h5, SLEAP .h5, .npy, .npz), or a "
            f"{TABLE} that names them"
        )
    splits = {each.id: each.split if each.split in job.splits else "test" for each in found}
    for each in found:
        if splits[each.id] == "train" and not each.labels:
            raise InputError(
                f"recording {each.id!r} is in train without labels; name its label file in {folder / TABLE}"
            )
    gold = {
        each.id: labels.read(folder / each.labels, each.id)
        for each in found
        if splits[each.id] in job.gold_splits and each.labels
    }
    vocabulary = _vocabulary(gold, job.parameters["behaviours"])
    with Writer(job.gold / "labels") as out:
        for name, own in gold.items():
            attributes = {"unit": own.unit, "span": own.span}
            out.add(name, attributes, bouts=labels.to_array(own, vocabulary))
    sizes = {each.id: _size(folder, each, job) for each in job.progress(found, "recording")}
    parts = Counter(parts for _, parts in sizes.values() if parts).most_common(1)
    return [
        Sample(each.id, splits[each.id], each.fact("group") or each.id, columns)
        for place, each in enumerate(found)
        for columns in [_columns(each, place, sizes[each.id][0], parts[0][0] if parts else 0, vocabulary)]
    ]


def shard(job: DownloadJob, folder: Path) -> None:
    """Write the two animals of each recording; one that cannot be read is written with the reason why."""
    with Writer(job.output) as out:
        for sample in job.progress(job.samples, "recording"):
            try:
                found = tracks(folder, sample, job.parameters["animals"])
            except (InputError, OSError) as error:
                # the reason goes into tables that should not depend on where the folder lies
                out.add(sample.id, {"status": str(error).replace(f"{folder}/", "")})
            else:
                sequences.write_track(out, sample.id, found.points, found.parts or None, found.confidence)


def survey(folder: Path) -> list[Recording]:
    """The recordings of a folder in order of their names, or of recordings.csv. Reads no poses and no labels."""
    if folder.is_file():
        return [Recording(name, (folder.name,), split="test") for name in _names(folder)]
    if (folder / TABLE).is_file():
        return list(_from_table(folder))
    files = sorted(path for path in folder.iterdir() if path.is_file())
    # DeepLabCut writes its tracks twice when asked for csv: the h5 beside it is the same
    files = [path for path in files if path.suffix != ".h5" or path.with_suffix(".csv") not in files]
    label_files: dict[str, list[str]] = {}
    for path in files:
        if labels.is_labels(path):
            label_files.setdefault(_LABEL.sub("", path.stem), []).append(path.name)
    found: dict[str, Recording] = {}
    for path in files:
        for name in _names(path):
            if name in found:
                raise InputError(
                    f"{found[name].poses[0]} and {path.name} are both poses of recording {name!r}; keep one"
                )
            own = label_files.get(name, [])
            if len(own) > 1:
                raise InputError(
                    f"recording {name!r} has the labels {' and '.join(own)}; choose one in {folder / TABLE}"
                )
            found[name] = Recording(name, (path.name,), own[0] if own else "", "train" if own else "test")
    return list(found.values())


def tracks(folder: Path, sample: Sample, animals: Sequence[str] | None) -> Poses:
    """The two animals of a recording. Raises InputError where its files cannot be read or the animals are not clear."""
    folder = folder.parent if folder.is_file() else folder
    paths = [folder / name for name in sample.columns["file"].split("|")]
    if paths[0].suffix in (".npy", ".npz"):
        item = next(layouts.read(paths[0], {sample.id} if paths[0].suffix == ".npz" else None))
        points = layouts.keypoints(item)
        return Poses(("0", "1"), (), points)  # arrays name no parts
    resident, intruder = sample.columns["resident"], sample.columns["intruder"]
    if animals is not None and not (resident and intruder):
        resident, intruder = animals
    return poses.pair(poses.read(paths), resident, intruder, sample.columns["file"])


def _vocabulary(gold: Mapping[str, Labels], behaviours: Sequence[str] | None) -> tuple[str, ...]:
    """The behaviours by class number; of recordings without labels those asked for, if any are."""
    if gold:
        return labels.vocabulary(list(gold.values()), behaviours)
    return (*(name for name in behaviours if name != "other"), "other") if behaviours else ()


def _names(path: Path) -> list[str]:
    """Ids of the recordings in a pose file: one, but for an .npz with an array each; none for another file."""
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as arrays:
                names = [name for name in arrays.files if arrays[name].dtype.kind == "f"]
        except Exception:  # zip and numpy raise many kinds for a damaged file; reading it will say so
            return [path.stem]
        return [path.stem] if names in ([], ["keypoints"]) else [f"{path.stem}/{name}" for name in names]
    if path.suffix == ".npy":
        return [path.stem]
    return [_TRACKER.sub("", path.stem) or path.stem] if poses.is_poses(path) else []


def _from_table(folder: Path) -> Iterator[Recording]:
    with open(folder / TABLE, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
        if unknown or not {"recording", "poses"} <= set(reader.fieldnames or ()):
            raise InputError(
                f"{folder / TABLE} has the columns {', '.join(reader.fieldnames or ())}; expected recording and poses, "
                f"and of {', '.join(COLUMNS[2:])} what is known"
            )
        for number, row in enumerate(reader, 2):
            row = {name: (value or "").strip() for name, value in row.items()}
            _check_row(folder, number, row)
            split = row.get("split") or ("train" if row.get("labels") else "test")
            yield Recording(row["recording"], tuple(row["poses"].split("|")), row.get("labels", ""), split, row)


def _check_row(folder: Path, number: int, row: Mapping[str, str]) -> None:
    where = f"line {number} of {folder / TABLE}"
    if not row["recording"] or not row["poses"]:
        raise InputError(f"{where} lacks the {'poses' if row['recording'] else 'recording'}; give both")
    for name in ("fps", "pixels_per_cm", "annotator"):
        try:
            sound = not row.get(name) or (float(row[name]) >= 0 if name == "annotator" else float(row[name]) > 0)
        except ValueError:
            sound = False
        if not sound:
            raise InputError(f"{where} has the {name} {row[name]!r}; expected a number above 0")
    if bool(row.get("resident")) != bool(row.get("intruder")):
        raise InputError(f"{where} names one animal; name both resident and intruder, or neither")


def _size(folder: Path, recording: Recording, job: DownloadJob) -> tuple[int, int]:
    """Frames and body parts; 0 where the recording cannot be read, which its shard will report."""
    sample = Sample(recording.id, "", "", _columns(recording, 0, 0, 0, ()))
    try:
        points = tracks(folder, sample, job.parameters["animals"]).points
    except (InputError, OSError):
        return 0, 0
    return points.shape[0], points.shape[3]


def _columns(recording: Recording, place: int, frames: int, parts: int, vocabulary: Sequence[str]) -> dict[str, str]:
    return sequences.columns(
        file="|".join(recording.poses),
        position=place,
        frames=frames,
        parts=parts,
        vocabulary="|".join(vocabulary),
        **{name: recording.fact(name) for name in ("annotator", "fps", "pixels_per_cm", "resident", "intruder")},
    )
