"""Getting the data: the archives, the table of sequences with labels apart, and the tracks of each shard."""

from pathlib import Path

import numpy as np

from challengeflow import DownloadJob, InputError, Sample, write_samples
from challengeflow.arrays import Arrays
from challengeflow.outside.archives import opened
from challengeflow.outside.door import read_one
from challengeflow_mabe_task1.data import challenge_files, layouts, recordings, sequences

OFFICIAL_URL = "https://data.caltech.edu/records/s0vdx-0k302/files/task1_classic_classification.zip?download=1"
OFFICIAL_MD5 = "8a02654fddae28614ee24a6a082261b8"
OFFICIAL_MEMBERS = ("calms21_task1_train.json", "calms21_task1_test.json")
SECONDS = 1200
"""To read the organisers' files in a process of its own, which one of them may hang or end; half a minute does."""
LICENCE = (
    "CalMS21 (doi 10.22002/D1.1991) is CC BY-NC-SA 4.0 by its paper and CC BY 4.0 by its repository: use it for "
    "non-commercial research alone, cite Sun et al. 2021, and share what you derive alike"
)


def download(job: DownloadJob) -> None:
    """Do the part of the download that `job` names."""
    {"archive": archive, "index": index, "shard": shard}[job.part](job)


def archive(job: DownloadJob) -> None:
    """Simulate the demo's files, or download the official archive and unpack its two tables of poses and labels."""
    if job.source == "demo":
        from challengeflow_mabe_task1.demo import official_files

        official_files.write(job.output, job.dataset, job.seed, job.parameters["behaviours"])
        return
    from challengeflow.fetch import fetch

    if not job.parameters["accept_licence"]:
        raise InputError(f"{LICENCE}. If you accept that, set the download parameter 'accept_licence' to true")
    job.progress.message(f"licence accepted in the config: {LICENCE}")
    packed = job.work / str(job.archive)
    fetch(OFFICIAL_URL, packed, work=job.work, md5=OFFICIAL_MD5, progress=job.progress)
    with opened(packed) as parts:
        for part in parts:
            if part.path.name in OFFICIAL_MEMBERS:
                part.copy(job.output / part.path.name)
    packed.unlink()


def index(job: DownloadJob) -> None:
    """Write the table of sequences, with their labels in `job.gold` and the strata of the folds."""
    folder = _folder(job)
    made_from = None  # the organisers' files hold all sequences: one changes with all
    if _is_organisers(folder):
        samples = read_one(challenge_files.index, job, folder, seconds=SECONDS, memory_mb=job.memory_mb)
    else:
        samples = recordings.index(job, folder)
        if job.source not in ("demo", "official"):
            made_from = {each.id: recordings.made_from(folder, each, job.gold) for each in samples}
    write_samples(job.output, samples, _strata(job, samples), made_from)


def shard(job: DownloadJob) -> None:
    """Write the tracks of the shard's sequences as arrays; one that cannot be read is written with the reason why."""
    folder = _folder(job)
    if _is_organisers(folder):
        read_one(challenge_files.shard, job, folder, seconds=SECONDS, memory_mb=job.memory_mb)
    else:
        recordings.shard(job, folder)


def _folder(job: DownloadJob) -> Path:
    folder = next(iter(job.archives.values())) if job.source in ("demo", "official") else Path(job.source)
    if not folder.exists():
        raise InputError(f"{folder} does not exist; set the source to 'demo', 'official' or a folder with keypoints")
    return folder


def _is_organisers(folder: Path) -> bool:
    """Whether a folder holds the challenge's files, and not recordings of one's own."""
    return folder.is_dir() and any(layouts.find(folder, split) for split in layouts.NAMES)


def _strata(job: DownloadJob, samples: list[Sample]) -> dict[str, str] | None:
    train = {sample.id: sample for sample in samples if sample.split == "train"}
    if not train or "train" not in job.gold_splits:
        return None
    labels = Arrays(job.gold / "labels")
    vocabulary = sequences.listed(samples[0].columns["vocabulary"])
    counts = {name: _count(labels[name], len(vocabulary)) for name in train}
    annotators = {name: sample.columns["annotator"] for name, sample in train.items()}
    return sequences.strata(counts, vocabulary, annotators)


def _count(entry: dict[str, np.ndarray], classes: int) -> np.ndarray:
    """How much of each class a sequence has: frames, or the bouts' length."""
    if "annotations" in entry:
        labels = entry["annotations"]
        return np.bincount(labels[labels >= 0], minlength=classes)
    bouts = entry["bouts"]
    return np.bincount(bouts[:, 0].astype(int), bouts[:, 2] - bouts[:, 1], minlength=classes)
