"""What was made again, beside what the crate holds and tells of: identical, different, or not made again."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from challengeflow.crates.agree import below
from challengeflow.crates.crate import SUBMISSION, Crate, digests
from challengeflow.outside.names import spelled
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.running.provenance import IGNORED, SUFFIX, content_hash

IDENTICAL, DIFFERS, NOT_MADE = "identical", "differs", "not made again"


@dataclass(frozen=True)
class Compared:
    """A file of the submission, or a result behind it, and what came of it. stage: that makes it."""

    name: str
    stage: str
    state: str


def of_submission(crate: Crate, made: Path) -> Iterator[Compared]:
    """Every file of the submission, in the crate and as made again in the folder `made`."""
    before = digests(crate.folder / SUBMISSION)
    after = {name: digest for name, digest in digests(made).items() if Path(name).name not in IGNORED}
    for name in sorted(before.keys() | after.keys()):
        shown = f"{SUBMISSION}/{spelled(name)}"
        if name not in after:
            yield Compared(f"{shown} (it is not made any more)", "package", DIFFERS)
        elif name not in before:
            yield Compared(f"{shown} (it is new)", "package", DIFFERS)
        else:
            yield Compared(shown, "package", IDENTICAL if before[name] == after[name] else DIFFERS)


def of_results(crate: Crate, jobs: Iterable[PlannedJob], given: set[str]) -> Iterator[Compared]:
    """Every result behind the submission that the crate has a note of, by its content. given: what it brought along."""
    for job in (each for each in jobs if each.stage != "package"):
        for path in (below(job, output) for output in job.outputs):
            if (note := crate.note(path)) is not None:
                digest = None if path in given else _digest(f"{job.part.results}/{path}")
                state = NOT_MADE if digest is None else IDENTICAL if digest == note["sha256"] else DIFFERS
                yield Compared(path, job.stage, state)


def _digest(output: str) -> str | None:
    """The content's hash; of raw files, which are removed when they have been prepared, what was noted of them."""
    if Path(output).exists():
        return content_hash(Path(output))
    note = Path(f"{output}{SUFFIX}")
    return str(json.loads(note.read_text())["sha256"]) if note.is_file() else None
