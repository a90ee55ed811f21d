"""Whether a crate agrees with itself, and what is another here than where it was made."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.contract.errors import InputError
from challengeflow.crates import relative
from challengeflow.crates.crate import CONFIG, MODELS, Crate
from challengeflow.planning.fingerprint import job_fingerprint
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.settings import as_json
from challengeflow.reporting.differences import NOT_THERE, differences
from challengeflow.running.check_outputs import check_model
from challengeflow.running.provenance import content_hash, machine, versions_behind


def behind(jobs: Jobs, crate: Crate) -> list[PlannedJob]:
    """The job of the submission and all that it needs, in the order of the workflow."""
    makers = {jobs.layout.target(output): job for job in jobs for output in job.outputs}
    found, waiting = set(), [jobs.get("package", crate.kind, crate.name)]
    while waiting:
        if (job := waiting.pop()) not in found:
            found.add(job)
            paths = map(jobs.layout.target, job.inputs)
            waiting += [makers[path] for path in paths if path in makers]
    return [job for job in jobs if job in found]


def below(job: PlannedJob, path: str) -> str:
    """A path of the job below its results folder."""
    return path.removeprefix(f"{job.part.results}/")


def contradictions(crate: Crate, jobs: list[PlannedJob], places: Mapping[str, str]) -> Iterator[str]:
    """What the crate says in one place and otherwise in another, a sentence each.

    places: absolute path here -> what the crate calls it. Raises InputError for a note that is none.
    """
    told: dict[str, None] = {}
    read = {str(place) for job in jobs for path in job.inputs for place in (path, *Path(path).parents)}
    for job in jobs:
        for output in job.outputs:
            path = below(job, output)
            note = crate.note(path)
            if note is None:
                told |= {f"there is no note of {path}": None} if output in read or job.stage == "package" else {}
                continue
            changes = [change for change in _changes(job, note, places) if not _of_one_side(change)]
            told |= {f"{CONFIG} is not what it was made with: {change}": None for change in changes}
            told |= dict.fromkeys(_of_inputs(crate, job, path, note))
            told |= dict.fromkeys(_of_content(crate, path, note))
    yield from told


def _changes(job: PlannedJob, note: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[str]:
    """What the settings of a job say otherwise than its note."""
    part = {key: value for key, value in as_json(job.part).items() if key != "results"}
    yield from differences(note["config"], json.loads(json.dumps(relative.moved(part, places))))


def _of_one_side(change: str) -> bool:
    """Whether it is of a setting that another version of challengeflow has, or has not."""
    return f": {NOT_THERE} -> " in change or change.endswith(f" -> {NOT_THERE}")


def _of_inputs(crate: Crate, job: PlannedJob, path: str, note: Mapping[str, Any]) -> Iterator[str]:
    same = note["versions"].get("challengeflow") == __version__  # another one may read other files
    if same and note["inputs"].keys() != {below(job, each) for each in job.inputs}:
        yield f"{path} was made from other inputs than its config says"
        return
    for source, digest in note["inputs"].items():
        before = crate.note(source)
        if before is not None and before["sha256"] != digest:
            yield f"{path} was made from another {source} than the one that the crate tells of"


def _of_content(crate: Crate, path: str, note: Mapping[str, Any]) -> Iterator[str]:
    """Of scores a copy is held, which may say other places than they did; the rest is what was written."""
    held = crate.held(path)
    if held is None or path.endswith("/scores.json"):
        return
    if content_hash(held) != note["sha256"]:
        yield f"{path} is not what its note tells of"
    if held.is_relative_to(crate.folder / MODELS):
        try:
            check_model(held, f"{path}: the crate")
        except InputError as error:
            yield str(error).partition(";")[0]


def elsewhere(crate: Crate, jobs: Jobs, chosen: list[PlannedJob], places: Mapping[str, str]) -> Iterator[str]:
    """What may give other bytes here, a line each: versions, code, settings and processor that are not those of the
    notes."""
    told: dict[str, None] = {}
    distributions = jobs.registry.distribution.values()
    here = {name: version for name, _, version in (text.rpartition(" ") for text in distributions)}
    for job in chosen:
        note = crate.note(below(job, job.outputs[0]))
        if note is None:
            continue
        name, _, version = note["plugin"].rpartition(" ")
        versions = {**note["versions"], name: version} if name else note["versions"]
        installed = {**versions_behind(name or "challengeflow"), **here}
        for each, there in sorted(versions.items()):
            if installed.get(each) != there:
                told[f"{each} {there} made it, here is {installed.get(each, 'none')}"] = None
        if note.get("code") != (code := job_fingerprint(jobs.registry, job)) and code is not None:
            told[f"the code of {job.hook} is another here"] = None
        told |= dict.fromkeys(change for change in _changes(job, note, places) if _of_one_side(change))
        there = note.get("machine", {}).get("processor") if isinstance(note.get("machine"), dict) else None
        if there not in (None, machine()["processor"]):
            told[f"{there} made it, here is {machine()['processor']}"] = None
    yield from told


def texts(value: Any) -> Iterator[str]:
    """Every text of a config."""
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value
