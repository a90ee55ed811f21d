"""Which results were made by another config, source or code than the list of jobs has now.

Nothing may show them as this run's. Each is judged by the note beside it. It is stale where the note differs from
what the list says of its job, where what it was made from has been made anew since, and where that is stale itself.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from challengeflow.planning.fingerprint import job_fingerprint
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.own_data import listing
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.settings import as_json
from challengeflow.reporting.differences import differences
from challengeflow.running.provenance import SUFFIX, content_hash

Stale = dict[PlannedJob, str]
"""Job -> why its result is stale."""


def stale(jobs: Jobs) -> Stale:
    """The jobs whose results are there and are not this run's, with the reason; what is not there is not stale."""
    found: Stale = {}
    producers = {jobs.layout.target(output): job for job in jobs for output in job.outputs}
    for job in jobs:
        if Path(jobs.layout.target(job.outputs[0])).exists():
            reason = _reason(jobs, job, producers, found)
            if reason:
                found[job] = reason
    return found


def _reason(jobs: Jobs, job: PlannedJob, producers: Mapping[str, PlannedJob], known: Stale) -> str:
    note = note_of(job.outputs[0])
    if note is None:
        return "there is no note of what made it"
    paths = dict.fromkeys(job.layout.target(path) for path in job.inputs)
    before = [producers[path] for path in paths if path in producers]
    return next(_own_reasons(jobs, job, note), "") or next(_reasons_before(job, note, before, known), "")


def _own_reasons(jobs: Jobs, job: PlannedJob, note: Mapping[str, Any]) -> Iterator[str]:
    """What the note says otherwise than the list."""
    part = {key: value for key, value in as_json(job.part).items() if key != "results"}
    yield from (f"made with {change}" for change in differences(_comparable(note["config"]), _comparable(part)))
    code = job_fingerprint(jobs.registry, job)
    if code is not None and note["code"] != code:
        yield "made by other code"
    below = f"{job.part.results}/"
    if set(note["inputs"]) != {path.removeprefix(below) for path in job.inputs}:
        yield "made from other inputs"
    if source := _changed(job, note):
        yield f"files of {source} have changed since"
    for path in job.inputs:
        noted = note["inputs"].get(path.removeprefix(below))
        if job.layout.is_stamp(path) and Path(path).exists() and noted != content_hash(Path(path)):
            yield "made from other files of its samples"
    for path in job.files:
        if note.get("files", {}).get(path) != (content_hash(Path(path)) if Path(path).exists() else None):
            yield f"made with another {path}"


def changed_sources(jobs: Iterable[PlannedJob]) -> list[str]:
    """The folders of own data of which files have changed since their tables were made."""
    noted = ((job, note) for job in jobs if job.stage == "index" and (note := note_of(job.outputs[0])))
    return list(dict.fromkeys(source for job, note in noted if (source := _changed(job, note))))


def _changed(job: PlannedJob, note: Mapping[str, Any]) -> str:
    """The source of an index of own data, where its files are not those that were noted; else nothing."""
    entry = job.part.datasets[job.dataset]
    if job.stage != "index" or not entry.is_own:
        return ""
    return entry.source if note.get("listing") != listing(entry.source, job.part.results) else ""


def _comparable(part: Mapping[str, Any]) -> Any:
    """As JSON has it: a list is a list, whatever it was before."""
    return json.loads(json.dumps(part))


def _reasons_before(job: PlannedJob, note: Mapping[str, Any], before: list[PlannedJob], known: Stale) -> Iterator[str]:
    """What has become of that which it was made from."""
    below = f"{job.part.results}/"
    for one in before:
        if one in known:
            yield f"made from {one.stage} {one.name}, which is stale"
        for output in one.outputs:
            noted, now = note["inputs"].get(output.removeprefix(below)), note_of(output)
            if noted is not None and now is not None and noted != now["sha256"]:
                yield f"{one.stage} {one.name} has been made anew since"


@lru_cache(maxsize=4096)
def _read(path: str, changed: int) -> dict[str, Any] | None:
    try:
        found = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def note_of(output: str) -> dict[str, Any] | None:
    """The note beside an output; None where there is none that can be read."""
    path = Path(f"{output}{SUFFIX}")
    try:
        return _read(str(path), path.stat().st_mtime_ns)
    except OSError:
        return None
