"""Which results were made by another config, source or code than the list of jobs has now.

Nothing may show them as this run's. Each is judged by the note beside it. It is stale where the note differs from
what the list says of its job, where what it was made from has been made anew since, and where that is stale itself.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from challengeflow.planning.fingerprint import job_fingerprint
from challengeflow.planning.job_list import Jobs
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
    before = [producers[target] for target in job.targets if target in producers]
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
    for path in job.files:
        if note.get("files", {}).get(path) != (content_hash(Path(path)) if Path(path).exists() else None):
            yield f"made with another {path}"


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
