"""The organisers' files (AIcrowd, CalMS21) as samples, their labels apart, and the tracks of each shard."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from challengeflow import DownloadJob, InputError, Sample
from challengeflow.arrays import Writer
from challengeflow.outside.door import reason_of
from challengeflow_mabe_task1.data import layouts, parts, sequences

TEST_LABELS = "test_labels.npy"
"""The demo's test labels lie in a file of their own, as the organisers keep theirs."""


def index(job: DownloadJob, folder: Path) -> list[Sample]:
    """The sequences as samples; their labels go into `job.gold`, one entry of int16 class numbers a sequence."""
    files = split_files(job, folder)
    behaviour = _behaviour(job)
    rows, vocabulary = [], None
    with Writer(job.gold / "labels") as gold:
        for split, path in files.items():
            known_labels = _test_labels(job, folder) if job.source == "demo" and split == "test" else {}
            for item in layouts.read(path, behaviour=behaviour):
                vocabulary = _same(vocabulary, item.vocabulary, path)
                rows.append((split, item.id, str(path.relative_to(folder)), item.annotator, *_size(item.keypoints)))
                if split in job.gold_splits:
                    gold.add(item.id, {}, annotations=_labels(item, known_labels, vocabulary, path))
    if not rows:
        raise InputError(f"{folder} holds no sequence; give a folder with the organisers' .npy or .json files")
    _check_sample_submission(job, folder, {row[1]: row[4] for row in rows if row[0] == "test"})
    counts = Counter(row[5] for row in rows if row[5]).most_common(1)
    common = {"parts": parts.unnamed(counts[0][0]) if counts else [], "vocabulary": list(vocabulary or ())}
    return [
        Sample(
            name,
            split,
            f"annotator-{annotator}" if job.parameters["group_by"] == "annotator" and split == "train" else name,
            sequences.columns(file=[file], position=place, frames=frames, annotator=annotator, **common),
        )
        for place, (split, name, file, annotator, frames, _) in enumerate(rows)
    ]


def shard(job: DownloadJob, folder: Path) -> None:
    """Write the tracks of the shard's sequences as arrays; one in another shape is written with the reason why not."""
    by_file = defaultdict(set)
    for sample in job.samples:
        by_file[sequences.listed(sample.columns["file"])[0]].add(sample.id)
    with Writer(job.output) as out:
        for name, wanted in by_file.items():
            for item in layouts.read(folder / name, wanted, behaviour=_behaviour(job)):
                try:
                    sequences.write_track(out, item.id, layouts.keypoints(item), None, layouts.confidence(item))
                except Exception as error:  # what a file holds may be of any form
                    out.add(item.id, {"status": reason_of(error)})


def split_files(job: DownloadJob, folder: Path) -> dict[str, Path]:
    """The file of each split, train first: it names the behaviours. Raises InputError that names the one missing."""
    found = {}
    for split in sorted(job.splits, key=lambda split: split != "train"):
        path = layouts.find(folder, split)
        if path is None:
            raise InputError(f"{folder} has no {split} file; expected one of {', '.join(layouts.NAMES[split])}")
        found[split] = path
    return found


def _behaviour(job: DownloadJob) -> str | None:
    """The behaviour to take of a file of task 3, which has its own sequences for each."""
    return (job.parameters["behaviours"] or [None])[0]


def _size(points: object) -> tuple[int, int]:
    """Frames and body parts of raw keypoints, 0 where they cannot be told."""
    shape = np.shape(points) if isinstance(points, np.ndarray | list) else ()
    return (shape[0] if shape else 0), (shape[3] if len(shape) == 4 else 0)


def _same(known: tuple[str, ...] | None, found: tuple[str, ...] | None, path: Path) -> tuple[str, ...] | None:
    if known and found and known != found:
        raise InputError(f"{path} lists the behaviours {list(found)} where others list {list(known)}; they must agree")
    return known or found


def _labels(
    item: layouts.Item, known: Mapping[str, list[int]], vocabulary: Sequence[str] | None, path: Path
) -> np.ndarray:
    if item.annotations is None and item.id in known:
        item = layouts.Item(item.id, None, known[item.id])
    if item.annotations is None:
        raise InputError(f"{path} has no annotations for sequence {item.id}; every train sequence needs them")
    if vocabulary is None:
        raise InputError(f"{path} lists no vocabulary; expected a list of behaviours beside 'sequences'")
    return layouts.annotations(item, len(vocabulary))


def _test_labels(job: DownloadJob, folder: Path) -> Mapping[str, list[int]]:
    return layouts.read_submission(folder / TEST_LABELS, _behaviour(job))


def _check_sample_submission(job: DownloadJob, folder: Path, found: Mapping[str, int]) -> None:
    path = layouts.sample_submission(folder)
    if path is None or "train" not in job.splits:
        return
    expected = {name: len(labels) for name, labels in layouts.read_submission(path, _behaviour(job)).items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                f"{path} has {expected.get(name, 'no')} frames for sequence {name}, the test file "
                f"{found.get(name, 'none')}; they are not of the same release: download both again"
            )
