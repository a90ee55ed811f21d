"""What stages say they need beside what their jobs took: too high a statement holds slots of a cluster for nothing."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from challengeflow.planning.growth import stated
from challengeflow.planning.planned_job import JOB_STAGES, PlannedJob
from challengeflow.running.provenance import SUFFIX


@dataclass(frozen=True)
class Need:
    """The most of all jobs of a stage (of a model, for train and predict): MiB and minutes, stated and measured."""

    jobs: int
    stated_mb: int
    peak_mb: float
    stated_minutes: int
    minutes: float


def needs(done: Iterable[PlannedJob]) -> dict[tuple[str, str, str], Need]:
    """(challenge, stage, model) -> what its finished jobs stated and took, as noted beside their outputs."""
    found: dict[tuple[str, str, str], Need] = {}
    for job in done:
        note = Path(f"{job.outputs[0]}{SUFFIX}")
        if job.built_in or not note.is_file():
            continue
        taken, key = json.loads(note.read_text()), (job.challenge, job.hook, job.model or "")
        said, before = stated(job), found.get(key, Need(0, 0, 0, 0, 0))
        found[key] = Need(
            before.jobs + 1,
            max(before.stated_mb, said.mem_mb),
            max(before.peak_mb, taken.get("peak_memory_mb", 0)),
            max(before.stated_minutes, said.runtime),
            max(before.minutes, taken.get("seconds", 0) / 60),
        )
    return found


def lines(done: Iterable[PlannedJob]) -> Iterator[str]:
    """The same in words, in the order of the stages."""
    found = needs(done)
    names = {key: " ".join(filter(None, key)) for key in found}
    width = max(map(len, names.values()), default=0)
    for key in sorted(found, key=lambda key: (key[0], JOB_STAGES.index(key[1]), key[2])):
        need = found[key]
        yield (
            f"{names[key]:<{width}}  took up to {need.peak_mb:>6.0f} of {need.stated_mb:>6} MiB "
            f"and {need.minutes:>6.1f} of {need.stated_minutes:>5} min stated"
        )
