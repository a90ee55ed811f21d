"""Videos of a package: answers drawn over whole recordings, and the moments to label next as clips."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from challengeflow import InputError, PackageJob
from challengeflow.outside.door import read_one
from challengeflow_mabe_task1.answers.answered import Answered, file_names
from challengeflow_mabe_task1.answers.label_next import Moment
from challengeflow_mabe_task1.data.folder import survey
from challengeflow_mabe_task1.pictures import overlay

AROUND = 1.0
"""Seconds shown before and after a moment."""


def beside(source: str) -> dict[str, Path]:
    """The video of each recording that has one of its name beside its poses."""
    folder = Path(source)
    if source in ("demo", "official") or not folder.is_dir():
        return {}
    return {name: folder / file for name, file in survey(folder).videos.items()}


def write(
    job: PackageJob,
    folder: Path,
    found: Mapping[str, Path],
    sequences: Sequence[Answered],
    moments: Sequence[Moment],
) -> None:
    """Write videos/NAME.mp4 and label_next/RANK-NAME.mp4 of the videos `found`, as many as the parameters ask for.

    One that cannot be read is told in a message.
    """
    filmed = {one.id: one for one in sequences if one.id in found and one.attributes["status"] == "ok"}
    names = file_names(one.id for one in sequences)
    for one in list(filmed.values())[: job.parameters["videos"]]:
        _draw(job, found[one.id], folder / "videos" / f"{names[one.id]}.mp4", one, None)
    for moment in [moment for moment in moments if moment.sequence in filmed][: job.parameters["clips"]]:
        one = filmed[moment.sequence]
        around = round(AROUND * one.fps)
        frames = max(moment.start - around, one.first), min(moment.stop + around, one.first + one.frames)
        target = folder / "label_next" / f"{moment.rank:02d}-{names[one.id]}.mp4"
        _draw(job, found[one.id], target, one, frames)


def _draw(job: PackageJob, video: Path, target: Path, one: Answered, frames: tuple[int, int] | None) -> None:
    target.parent.mkdir(exist_ok=True)
    part = job.work / "video.mp4"
    try:
        arguments = (video, part, one.shard.prepared, one.shard.predictions, one.id, one.labels, frames)
        missing = read_one(overlay.write, *arguments, seconds=3600, memory_mb=job.memory_mb)
    except InputError as error:
        job.progress.message(f"no video of {one.id}: {error}")
        return
    if missing:
        job.progress.message(f"{video.name} has {missing} frames less than {one.id} is tracked; is it its video?")
    target.write_bytes(part.read_bytes())
    part.unlink()
