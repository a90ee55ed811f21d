"""`challengeflow status`: how far a run is, from what is on disk; whether the workflow is running does not matter.

A job is done where its output is and was made by this config and this code, stale where it was made by others, running
where a living process holds its lock, stopped where it left a log and no output.
"""

import os
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from challengeflow.contract.progress import is_done
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.planned_job import JOB_STAGES, PlannedJob
from challengeflow.reporting.stale import note_of, stale
from challengeflow.running.atomic import lock_of
from challengeflow.running.disk import is_full
from challengeflow.running.provenance import SUFFIX, versions_behind

LAST_LINES = 4
RECENTLY = 600.0
"""Seconds: jobs that ended since then tell how long the rest will take."""

WIDTH = 24
MOST_REASONS = 8


@dataclass
class Standing:
    """The jobs of a run by what has become of them. running: with who is at it; stale: with why."""

    done: list[PlannedJob] = field(default_factory=list)
    stale: dict[PlannedJob, str] = field(default_factory=dict)
    running: dict[PlannedJob, str] = field(default_factory=dict)
    stopped: list[PlannedJob] = field(default_factory=list)
    waiting: list[PlannedJob] = field(default_factory=list)

    @property
    def left(self) -> int:
        return len(self.running) + len(self.stopped) + len(self.waiting) + len(self.stale)


def standing(jobs: Mapping[str, Jobs]) -> Standing:
    """Look at the outputs, lock and log of every job of the list; jobs: challenge -> its list."""
    found = Standing()
    for listed in jobs.values():
        old = stale(listed)
        for job in listed:
            if holder := _holder(job):
                found.running[job] = holder
            elif job in old:
                found.stale[job] = old[job]
            elif any(Path(sign).exists() for sign in job.signs):
                found.done.append(job)
            elif _stopped(Path(job.log)):
                found.stopped.append(job)
            else:
                found.waiting.append(job)
    return found


def _holder(job: PlannedJob) -> str | None:
    """Who makes a job's outputs, as the lock says (see `atomic.claimed`).

    None where nobody does, or the process is gone.
    """
    try:
        holder = lock_of(job.layout, job.outputs[0]).read_text().strip()
    except OSError:
        return None
    process = re.match(r"process (\d+) on (\S+)", holder)
    gone = process is not None and process[2] == socket.gethostname() and not _alive(int(process[1]))
    return None if gone else holder


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _stopped(log: Path) -> bool:
    """Whether a log ends otherwise than that of a job that was done (whose output has since been removed)."""
    lines = last_lines(log, 3)
    return bool(lines) and not any(map(is_done, lines))


def last_lines(log: Path, count: int = LAST_LINES) -> list[str]:
    """The last lines of a log that are not empty; none where there is no log."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if line.strip()][-count:]


# -- in words -------------------------------------------------------------------------------------------------------


def describe(found: Standing, bars: bool = False) -> str:
    """A table of challenges and stages, then what runs and what has stopped with the last lines of its log."""
    return "\n".join(
        [
            *_table(found, bars),
            *_running(found),
            *failures(found),
            *_full_disks(found),
            *_stale(found),
            *_of_other_versions(found),
            *_rest(found),
        ]
    )


def _table(found: Standing, bars: bool) -> Iterator[str]:
    total = Counter((job.challenge, job.doing) for job in _all(found))
    done = Counter((job.challenge, job.doing) for job in found.done)
    running = Counter((job.challenge, job.doing) for job in found.running)
    width = max((len(challenge) for challenge, _ in total), default=0)
    for (challenge, stage), count in total.items():
        ready = done[challenge, stage]
        bar = f"  {'█' * (WIDTH * ready // count):░<{WIDTH}}" if bars else ""
        now = f"  {running[challenge, stage]} running" if running[challenge, stage] else ""
        yield f"{challenge:<{width}}  {stage:<10}{bar}  {ready:>5} of {count}{now}"


def _running(found: Standing) -> Iterator[str]:
    for job, holder in found.running.items():
        said = last_lines(Path(job.log), 1)
        yield f"running: {job.stage} {job.name} by {holder}" + (f": {said[0]}" if said else "")


def failures(found: Standing) -> Iterator[str]:
    """What has stopped without its output, with the last lines of its log."""
    for job in found.stopped:
        yield f"stopped: {job.stage} {job.name}; its log {job.log} ends with"
        yield from (f"    {line}" for line in last_lines(Path(job.log)))


def _stale(found: Standing) -> Iterator[str]:
    """Results of another config, source or code; first those that are stale for a reason of their own."""
    own = {job: why for job, why in found.stale.items() if not why.startswith("made from ")}
    for job, why in list(own.items())[:MOST_REASONS]:
        yield f"stale: {job.stage} {job.name}: {why}"
    if len(found.stale) > min(len(own), MOST_REASONS):
        yield f"stale: {len(found.stale)} results in all, which the next run makes again; nothing shows them until then"


def _of_other_versions(found: Standing) -> Iterator[str]:
    """Results that were made with other versions of libraries than are installed now: they stand, until they are
    removed."""
    made: dict[str, list[PlannedJob]] = {}
    for job in found.done:
        noted = note_of(job.outputs[0]) or {}
        now = versions_behind(noted.get("plugin", "").partition(" ")[0]) if noted else {}
        for library, version in noted.get("versions", {}).items():
            if now.get(library, version) != version:
                made.setdefault(f"{library} {version}, now {now[library]}", []).append(job)
    for versions, jobs in made.items():
        more = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
        yield (
            f"made by another version ({versions}): {jobs[0].stage} {jobs[0].name}{more}; "
            "remove what is to be made again"
        )


def _full_disks(found: Standing) -> Iterator[str]:
    """Where there is no room left: the logs may not have had any to say so."""
    for results in sorted({job.part.results for job in (*found.stopped, *found.waiting)}):
        if is_full(Path(results)):
            yield f"the disk of {results} is full; make room, then run again to go on"


def _rest(found: Standing) -> Iterator[str]:
    jobs = len(list(_all(found)))
    if not found.left:
        yield f"all {jobs} jobs are done"
        return
    seconds = _seconds_left(found)
    about = f", about {_duration(seconds)} at the pace of the last {RECENTLY / 60:.0f} minutes" if seconds else ""
    yield f"{len(found.done)} of {jobs} jobs are done, {len(found.running)} run, {found.left} are left{about}"


def _seconds_left(found: Standing) -> float | None:
    """From the jobs that ended recently; None where none did."""
    now, ended = time.time(), []
    for job in found.done:
        note = Path(f"{job.outputs[0]}{SUFFIX}")
        if note.exists() and now - note.stat().st_mtime < RECENTLY:
            ended.append(note.stat().st_mtime)
    return found.left * (now - min(ended)) / len(ended) if len(ended) > 1 else None


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 100
        else f"{seconds / 60:.0f} min"
        if seconds < 6000
        else f"{seconds / 3600:.1f} h"
    )


def _all(found: Standing) -> Iterator[PlannedJob]:
    """In the order of the stages, as far as it can be told from what became of the jobs."""
    jobs: Sequence[PlannedJob] = [*found.done, *found.running, *found.stale, *found.stopped, *found.waiting]
    return iter(sorted(jobs, key=lambda job: (job.challenge, JOB_STAGES.index(job.stage))))


def watch(jobs: Mapping[str, Jobs], seconds: float = 2.0) -> None:
    """Show it again and again until all is done: bars in a terminal, a line now and then elsewhere."""
    terminal = sys.stdout.isatty()
    while True:
        found = standing(jobs)
        if terminal:
            print("\x1b[H\x1b[2J" + describe(found, bars=True), flush=True)
        else:
            print(*_rest(found), flush=True)
        if not found.left:
            return
        time.sleep(seconds if terminal else 15 * seconds)
