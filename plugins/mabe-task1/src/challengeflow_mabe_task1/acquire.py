"""Getting the data: the archives, the table of sequences with labels apart, and the tracks of each shard."""

import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from challengeflow import DownloadJob, InputError, Sample, write_samples
from challengeflow.arrays import Writer
from challengeflow_mabe_task1 import layouts

OFFICIAL_URL = "https://data.caltech.edu/records/s0vdx-0k302/files/task1_classic_classification.zip?download=1"
OFFICIAL_MD5 = "8a02654fddae28614ee24a6a082261b8"
OFFICIAL_MEMBERS = ("calms21_task1_train.json", "calms21_task1_test.json")
DEMO_LABELS = "test_labels.npy"


def run(job: DownloadJob) -> None:
    """Do the part of the download that `job` names."""
    {"archive": archive, "index": index, "shard": shard}[job.part](job)


def archive(job: DownloadJob) -> None:
    """Simulate the demo's files, or download the official archive and unpack its two tables of poses and labels."""
    if job.source == "demo":
        from challengeflow_mabe_task1 import demo_files

        demo_files.write(job.output, job.seed)
        return
    from challengeflow.fetch import fetch

    packed = job.work / job.archive
    fetch(OFFICIAL_URL, packed, work=job.work, md5=OFFICIAL_MD5, progress=job.progress)
    with zipfile.ZipFile(packed) as files:
        for member in files.namelist():
            if Path(member).name in OFFICIAL_MEMBERS:
                with files.open(member) as source, open(job.output / Path(member).name, "wb") as target:
                    while block := source.read(1 << 20):
                        target.write(block)
    packed.unlink()


def index(job: DownloadJob) -> None:
    """Write the table of sequences, and their labels into `job.gold`, one entry of int16 class numbers a sequence."""
    files = split_files(job)
    rows, vocabulary = [], None
    with Writer(job.gold / "labels") as gold:
        counts: dict[str, np.ndarray] = {}
        for split, paths in files.items():
            known_labels = _demo_labels(job, split)
            for item in _items(paths):
                vocabulary = _same(vocabulary, item.vocabulary, paths[0])
                rows.append((split, item.id, item.file, *_size(item.keypoints)))
                if split in job.gold_splits:
                    labels = _labels(item, known_labels, vocabulary, paths[0])
                    gold.add(item.id, {}, annotations=labels)
                    if split == "train":
                        counts[item.id] = np.bincount(labels[labels >= 0], minlength=len(vocabulary))
    if not rows:
        raise InputError(f"{job.source} holds no sequence; give a folder with .npy, .npz or .json files of keypoints")
    parts = Counter(row[4] for row in rows if row[4]).most_common(1)
    columns = {"parts": str(parts[0][0]) if parts else "0", "vocabulary": "|".join(vocabulary or ())}
    _check_sample_submission(job, rows)
    samples = [
        Sample(name, split, name, {"file": file, "position": str(place), "frames": str(frames), **columns})
        for place, (split, name, file, frames, _) in enumerate(rows)
    ]
    write_samples(job.output, samples, strata(counts, vocabulary) if counts else None)


def shard(job: DownloadJob) -> None:
    """Write the tracks of the shard's sequences as arrays; one that cannot be read is written with the reason why."""
    by_file = defaultdict(set)
    for sample in job.samples:
        by_file[sample.columns["file"]].add(sample.id)
    folder = _folder(job)
    with Writer(job.output) as out:
        for name, wanted in by_file.items():
            path = folder if folder.is_file() else folder / name
            try:
                for item in layouts.read(path, wanted):
                    _write_track(out, item)
            except InputError as error:
                if job.source in ("demo", "official") or len(wanted) > 1:
                    raise
                out.add(next(iter(wanted)), {"status": str(error)})


def split_files(job: DownloadJob) -> dict[str, list[Path]]:
    """The files of each split of the source. Raises InputError that names the file that is missing."""
    folder = _folder(job)
    if not folder.exists():
        raise InputError(f"{folder} does not exist; set the source to 'demo', 'official' or a folder with keypoints")
    if folder.is_file():
        return {"test": [folder]}
    found = {
        "train": layouts.find(folder, layouts.TRAIN_NAMES),
        "test": layouts.find(folder, layouts.TEST_NAMES),
    }
    if tuple(job.splits) == ("test",) and found["test"] is None:
        return {"test": sorted(path for path in folder.iterdir() if path.suffix in (".npy", ".npz"))}
    for split in job.splits:
        if found[split] is None:
            names = layouts.TRAIN_NAMES if split == "train" else layouts.TEST_NAMES
            raise InputError(f"{folder} has no {split} file; expected one of {', '.join(names)}")
    return {split: [found[split]] for split in job.splits}


def strata(counts: Mapping[str, np.ndarray], vocabulary: tuple[str, ...]) -> dict[str, str]:
    """Sequence id -> tercile of the share of the rarest behaviour that occurs at all ('other' aside)."""
    total = sum(counts.values())
    behaviours = [k for k in range(len(vocabulary)) if k != layouts.background(vocabulary) and total[k] > 0]
    if not behaviours:
        return dict.fromkeys(counts, "none")
    rarest = min(behaviours, key=lambda k: total[k])
    shares = {name: count[rarest] / max(count.sum(), 1) for name, count in counts.items()}
    ranked = sorted(shares, key=lambda name: (shares[name], name))
    return {name: ("low", "middle", "high")[3 * place // len(ranked)] for place, name in enumerate(ranked)}


def _folder(job: DownloadJob) -> Path:
    return next(iter(job.archives.values())) if job.source in ("demo", "official") else Path(job.source)


class _Found(layouts.Item):
    """An item and the name of its file."""

    file: str = ""


def _items(paths: list[Path]) -> Iterator[_Found]:
    for path in paths:
        name = path.parent.name + "/" + path.name if path.parent.name == "task1_classic_classification" else path.name
        try:
            for item in layouts.read(path):
                yield _named(item, name)
        except InputError:
            if len(paths) == 1:
                raise
            yield _named(layouts.Item(path.stem, None), name)


def _named(item: layouts.Item, file: str) -> _Found:
    found = _Found(**vars(item))
    object.__setattr__(found, "file", file)
    return found


def _size(points: object) -> tuple[int, int]:
    """Frames and body parts of raw keypoints, 0 where they cannot be told."""
    shape = np.shape(points) if isinstance(points, np.ndarray | list) else ()
    return (shape[0] if shape else 0), (shape[3] if len(shape) == 4 else 0)


def _same(known: tuple[str, ...] | None, found: tuple[str, ...] | None, path: Path) -> tuple[str, ...] | None:
    if known and found and known != found:
        raise InputError(f"{path} lists the behaviours {list(found)} where others list {list(known)}; they must agree")
    return known or found


def _labels(item: layouts.Item, known: Mapping[str, list[int]], vocabulary, path: Path) -> np.ndarray:
    if item.annotations is None and item.id in known:
        item = layouts.Item(item.id, None, known[item.id])
    if item.annotations is None:
        raise InputError(f"{path} has no annotations for sequence {item.id}; every train sequence needs them")
    if vocabulary is None:
        raise InputError(f"{path} lists no vocabulary; expected a list of behaviours beside 'sequences'")
    return layouts.annotations(item, len(vocabulary))


def _demo_labels(job: DownloadJob, split: str) -> Mapping[str, list[int]]:
    """The demo's test labels lie in a file of their own, as the organisers keep theirs."""
    if job.source != "demo" or split != "test":
        return {}
    from challengeflow.pickles import load_npy

    return load_npy(_folder(job) / DEMO_LABELS)


def _check_sample_submission(job: DownloadJob, rows: list[tuple]) -> None:
    folder = _folder(job)
    path = layouts.find(folder, layouts.SAMPLE_SUBMISSION_NAMES) if folder.is_dir() else None
    if path is None or "train" not in job.splits:
        return
    from challengeflow.pickles import load_npy

    expected = {str(name): len(labels) for name, labels in load_npy(path).items()}
    found = {name: frames for split, name, _, frames, _ in rows if split == "test"}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                f"{path} has {expected.get(name, 'no')} frames for sequence {name}, the test file "
                f"{found.get(name, 'none')}; they are not of the same release: download both again"
            )


def _write_track(out: Writer, item: layouts.Item) -> None:
    try:
        points = layouts.keypoints(item)
    except InputError as error:
        out.add(item.id, {"status": str(error)})
    else:
        out.add(item.id, {"status": "ok"}, keypoints=points)
