"""Which jobs a run would do, as far as the list of jobs tells: those behind its targets whose outputs are not there."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from challengeflow.planning.job_list import Jobs
from challengeflow.planning.planned_job import PlannedJob


def jobs_left(jobs: Mapping[str, Jobs], wanted: Sequence[str] = ()) -> list[PlannedJob]:
    """Jobs without their outputs; wanted: challenges and files, everything without any, and with one that is neither.

    What is there but out of date is Snakemake's to know.
    """
    listed = [job for found in jobs.values() for job in found]
    chosen = _behind(listed, wanted, jobs) if wanted else listed
    return [job for job in chosen if not any(Path(sign).exists() for sign in job.signs)]


def _behind(listed: list[PlannedJob], wanted: Sequence[str], challenges: Iterable[str]) -> list[PlannedJob]:
    """The jobs of the challenges, those that make the files, and all that they need."""
    makers = {output: job for job in listed for output in job.outputs}
    found: dict[PlannedJob, None] = {}
    waiting: list[PlannedJob] = []
    for target in wanted:
        made = [job for job in listed if job.challenge == target] if target in challenges else _makers(makers, target)
        if not made:
            return listed
        waiting += made
    while waiting:
        job = waiting.pop()
        if job not in found:
            found[job] = None
            waiting += [maker for path in (*job.inputs, *job.after) for maker in _makers(makers, path)]
    return list(found)


def _makers(makers: Mapping[str, PlannedJob], path: str) -> list[PlannedJob]:
    """Who makes a path, or the folder it lies in."""
    places = [path, *map(str, Path(path).parents)]
    return [makers[place] for place in places if place in makers][:1]
