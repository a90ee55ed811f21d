"""What is understood of a folder before anything runs: its tables, each video with its outline, every other file.

The videos are those that a run would list, for the same code lists them. Each is prepared as in a run, and not kept.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from challengeflow import NOT_OPENED, DownloadJob, InputError, Inspected, InspectJob, Sample, read_samples
from challengeflow.outside.door import Unreadable, read_each
from challengeflow.outside.names import meant
from challengeflow_clog_loss.data import index, preprocess, tables
from challengeflow_clog_loss.video import region_remarks

TABLES = {
    "train_metadata.csv": "the competition's table of training videos",
    "train_labels.csv": "their labels",
    "test_metadata.csv": "the competition's table of test videos",
    "submission_format.csv": "the order of a submission",
    "test_labels.csv": "labels of test videos",
    "labels.csv": "a lab's own labels",
}
LABELS = {"0": "flowing", "1": "stalled"}


def inspect(job: InspectJob) -> list[Inspected]:
    """Every video of a folder (or the one file), then the tables and all files that are not used."""
    with TemporaryDirectory() as kept:
        lacking, samples, labels = _listed(job, Path(kept))
    found = [index.find(job.source, sample) for sample in samples]
    looked = _looked(job, samples, found)
    rows = [Inspected(status=sentence) for sentence in lacking]
    for sample, path, one in zip(samples, found, looked, strict=True):
        files = (_below(path, job.source),) if path else _no_file(job.source, sample)
        understood = {"split": sample.split} | one.pop("understood", {})
        understood |= {"label": LABELS.get(labels[sample.id], "")} if sample.id in labels else {}
        rows.append(Inspected(sample=sample.id, files=files, understood=understood, **one))
    return rows + list(_others(job.source, {name for row in rows for name in row.files}, bool(samples)))


def _listed(job: InspectJob, folder: Path) -> tuple[list[str], tuple[Sample, ...], dict[str, str]]:
    """What the source lacks, the videos that a run would list, and their labels."""
    lacking: list[str] = []
    for splits in dict.fromkeys((job.splits or ("train", "test"), ("test",))):
        try:
            index.of_folder(_listing(job, folder, splits), job.source)
        except InputError as reason:
            bare = job.dataset is None and not any(job.source.glob("*_metadata.csv*"))
            if not lacking and (not bare or splits == ("test",)):  # a folder without labels may be one to answer
                lacking.append(str(reason))
            continue
        table = folder / "gold" / "labels.csv"
        columns = ("sample", "stalled", "crowd_score", "tier1")
        labels = {row[0]: row[1] for _, row in tables.read_rows(table, columns)} if table.exists() else {}
        return lacking, read_samples(folder / "samples.csv"), labels
    return lacking, (), {}


def _listing(job: InspectJob, folder: Path, splits: tuple[str, ...]) -> DownloadJob:
    (folder / "gold").mkdir(exist_ok=True)
    return DownloadJob(
        challenge=job.challenge,
        dataset=job.dataset or "full",
        parameters=job.parameters["download"],
        seed=0,
        threads=job.threads,
        device="cpu",
        work=folder,
        progress=job.progress,
        part="index",
        source=str(job.source),
        splits=splits,
        gold_splits=tuple(split for split in splits if split == "train"),
        archives={},
        gold=folder / "gold",
        output=folder,
    )


def _looked(job: InspectJob, samples: tuple[Sample, ...], found: list[Path | None]) -> list[dict[str, Any]]:
    """Of each video its status, what was understood and the remarks."""
    looked: list[dict[str, Any]] = [{"status": NOT_OPENED if path else "file missing"} for path in found]
    places = [place for place, path in enumerate(found) if path][: job.most]
    options = job.parameters["preprocess"]
    items = [(found[at], samples[at].columns["num_frames"], options["margin"], options["no_region"]) for at in places]
    read = read_each(look, items, workers=job.threads, seconds=preprocess.SECONDS_A_VIDEO, memory_mb=job.memory_mb)
    for at, result in job.progress(read, "video", len(items)):
        looked[places[at]] = {"status": result.reason} if isinstance(result, Unreadable) else result
    return looked


def look(path: Path, frames: str, margin: int, no_region: str) -> dict[str, Any]:
    """Prepare a video and say what was seen; of one that cannot be used, why."""
    from challengeflow_clog_loss.video import decode, region

    try:
        facts, _ = preprocess.prepared(path, int(frames) if frames else None, margin, no_region)
    except decode.VideoError as reason:
        mend = "to use it whole, set preprocess: no_region to full-frame"
        return {"status": str(reason), "notes": (mend,) if str(reason).startswith(region.NO_OUTLINE) else ()}
    rows, columns = facts["size"]
    understood = {
        "frames": str(facts["frames"]),
        "frames a second": decode.rate(path),
        "size": f"{columns} x {rows}",
        "outline by": facts["found_by"],
        "area": f"{facts['region']['area']} pixels",
    }
    return {"status": "ok", "understood": understood, "notes": tuple(region_remarks.remarks(facts))}


def _others(source: Path, used: set[str], listed: bool) -> Iterator[Inspected]:
    """The tables, and why each other file is not used."""
    if source.is_file():
        return
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        name = _below(path, source)
        known = TABLES.get(path.name.removesuffix(".gz"))
        if name in used:
            continue
        if known and path.parent == source and listed:
            yield Inspected(files=(name,), understood={"is": known})
        else:
            yield Inspected(files=(name,), status=f"not used: {_why(path, source, known)}")


def _why(path: Path, source: Path, known: str | None) -> str:
    if path.name.startswith("."):
        return "a hidden file"
    if known:
        return f"{known}; tables are read from the folder itself, or from the one that download: metadata names"
    if path.suffix.lower() in (*index.VIDEOS, *index.STACKS):
        if path.parent == source or path.parent.name in index.FOLDERS:
            return "a video that the tables do not name"
        return "a video in a folder of its own; put it into the folder itself, into train or into test"
    if path.suffix.lower() == ".csv":
        return "a table of another name; labels are read from labels.csv"
    return "no video by its name"


def _no_file(source: Path, sample: Sample) -> tuple[str, ...]:
    """What bears the name of a video and is no file: a link to nowhere, a pipe."""
    name = meant(sample.columns["filename"])
    return (name,) if os.path.lexists(source / name) else ()


def _below(path: Path, source: Path) -> str:
    return path.name if path == source else path.relative_to(source).as_posix()
