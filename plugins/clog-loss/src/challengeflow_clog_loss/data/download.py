"""Tables and raw videos of a dataset: made for the demo, linked for local data, fetched for the official source."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from challengeflow import DownloadJob, InputError
from challengeflow_clog_loss.data import index

SECONDS_A_VIDEO = 600  # to make one; takes a second
SECONDS_AN_INDEX = 1200  # of all 573,048 videos; takes half a minute


def download(job: DownloadJob) -> None:
    """The index, or the videos of one shard as ID.mp4 in `job.output`."""
    if job.part == "index":
        _index(job)
    elif job.source == "demo":
        _make(job)
    elif job.source != "official":
        _link(job, Path(job.source))
    elif job.parameters["url"].startswith("file://"):
        _link(job, _mirror(job.parameters["url"]))
    else:
        from challengeflow_clog_loss.data import fetch

        fetch.fetch_videos(job)


def _index(job: DownloadJob) -> None:
    if job.source == "demo":
        from challengeflow_clog_loss.demo import metadata as demo

        demo.write_tables(job.gold, job.seed, job.parameters["demo_videos"])
        index.from_tables(job, job.gold)
    elif job.source == "official":
        metadata = job.parameters["metadata"]
        if not metadata:
            raise InputError(
                "the CSV files of clog-loss sit behind a login: download them from the competition's data page "
                "and name their folder in the config as download: metadata"
            )
        _behind_the_door(index.from_tables, job, Path(metadata))
    else:
        folder = Path(job.source)
        if not folder.exists():
            raise InputError(f"{folder} does not exist; name a folder of videos in the config")
        _behind_the_door(index.of_folder, job, folder)


def _behind_the_door(make: Callable[[DownloadJob, Path], None], job: DownloadJob, folder: Path) -> None:
    """Make the index in a process of its own: a table that hangs its reader or fills the memory ends in a sentence."""
    from challengeflow.outside.door import read_one

    read_one(make, job, folder, seconds=SECONDS_AN_INDEX, memory_mb=job.memory_mb)


def _make(job: DownloadJob) -> None:
    from challengeflow.outside.door import Unreadable, read_each
    from challengeflow_clog_loss.data import tables
    from challengeflow_clog_loss.demo import metadata as demo

    rows = tables.read_rows(job.gold / "labels.csv", ("sample", "stalled", "crowd_score", "tier1"))
    stalled = {row[0]: row[1] == "1" for _, row in rows}
    missing = [sample for sample in job.samples if not (job.work / f"{sample.id}.mp4").exists()]
    items = [
        (
            job.work,
            job.seed,
            s.id,
            demo.project_of(job.seed, s.id, s.group),
            stalled[s.id],
            int(s.columns["num_frames"]),
        )
        for s in missing
    ]
    made = read_each(make_video, items, workers=job.threads, seconds=SECONDS_A_VIDEO)
    for place, result in job.progress(made, "video", len(items)):
        if isinstance(result, Unreadable):
            raise RuntimeError(f"demo video {items[place][2]} could not be made: {result.reason}")
    for sample in job.samples:
        os.replace(job.work / f"{sample.id}.mp4", job.output / f"{sample.id}.mp4")


def make_video(folder: Path, seed: int, sample: str, project: str, stalled: bool, frames: int) -> None:
    """Make one demo video in `folder`, whole or not at all."""
    from challengeflow_clog_loss.demo import metadata as demo

    temporary = folder / f"{sample}.part"
    demo.write_video(temporary, seed, sample, project, stalled, frames)
    os.replace(temporary, folder / f"{sample}.mp4")


def _mirror(url: str) -> Path:
    folder = Path(url2pathname(urlsplit(url).path))
    if not folder.is_dir():
        raise InputError(f"{url} is not a folder; name a copy of the videos, with train/ and test/, as download: url")
    return folder


def _link(job: DownloadJob, root: Path) -> None:
    for sample in job.samples:
        path = index.find(root, sample)
        if path is not None:
            (job.output / f"{sample.id}.mp4").symlink_to(path.resolve())
