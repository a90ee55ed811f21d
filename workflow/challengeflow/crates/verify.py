"""`challengeflow verify CRATE`: the submission made again elsewhere, and which of its files are identical.

A crate that is damaged, or that contradicts itself, is told of and not run.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.crates import again, compare
from challengeflow.crates.agree import behind, contradictions, elsewhere, texts
from challengeflow.crates.compare import DIFFERS, IDENTICAL, NOT_MADE, Compared
from challengeflow.crates.crate import CONFIG, Crate, plain
from challengeflow.planning.config import resolve
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import Plan
from challengeflow.planning.plugins import Registry

MARK = "verified.txt"
"""In the folder of a verification: of which archive, and how, so that no other one goes on in it."""


def verify(
    archive: Path, found: Registry, *, from_data: bool, data: Path | None, to: Path | None, words: Sequence[str]
) -> bool:
    """Make the submission of a crate again and say what came of it; whether all is as it was.

    from_data: everything again, also where the crate holds the models. data: the folder with what the config of the
    crate calls `data`. to: where it is made; a folder named after the archive without it. words: options of Snakemake.
    Raises InputError for a crate that is damaged or contradicts itself, one sentence for each fault, and where the run
    stops.
    """
    folder, crate, models = _begun(archive, to, from_data)
    print(f"{archive}: whole, every file is as its checksum says")
    again.lay_out(crate, folder, data)
    jobs = _jobs(crate, folder, data, found)
    chosen = behind(jobs, crate)
    places = {str((folder / text).resolve()): text for text in texts(crate.config) if text.startswith("data/")}
    if faults := [plain(fault) for fault in contradictions(crate, chosen, places)]:
        raise InputError("\n".join([*faults, f"{archive} contradicts itself, and nothing was made again"]))
    others = [plain(line) for line in elsewhere(crate, jobs, chosen, places)]
    for line in others:
        print(f"another    {line}")
    given = again.lay_models(crate, chosen) if models else set()
    made = Path(jobs.layout.submission(crate.kind, crate.name))
    again.make(folder, os.path.relpath(made, folder), again.MADE if models else (), words)
    submitted = list(compare.of_submission(crate, made))
    results = list(compare.of_results(crate, chosen, given))
    for line in _told(submitted, results):
        print(line)
    return _ended(submitted, results, others, "its models" if models else "its data", folder)


def _begun(archive: Path, to: Path | None, from_data: bool) -> tuple[Path, Crate, bool]:
    """The folder of the verification, the crate unpacked in it, and whether it goes on from the crate's models."""
    if not archive.is_file():
        raise InputError(f"there is no file {archive}; give the archive that `challengeflow export` wrote")
    with open(archive, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    way = "data" if from_data else "crate"
    stem = archive.name.removesuffix(".zip").removesuffix(".crate")
    folder = (to or Path(f"{stem}-from-{way}")).resolve()
    mark, line = folder / MARK, f"{digest} from {way}\n"
    taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if taken and (not mark.is_file() or mark.read_text() != line):
        raise InputError(f"{folder} holds something else; remove it, or choose another folder with --to")
    shutil.rmtree(folder / "crate", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(line)
    crate = Crate.of(archive, folder / "crate")
    return folder, crate, crate.holds_models and not from_data


def _jobs(crate: Crate, folder: Path, data: Path | None, found: Registry) -> Jobs:
    """The jobs of the crate's config in a folder. Raises InputError where it cannot be run, or leads out of there."""
    if "results" in crate.config:
        raise InputError(f"{CONFIG} of the crate says where results go, which no crate does")
    for text in texts(crate.config):
        if text.startswith(("/", "~")) or ".." in Path(text).parts:
            raise InputError(f"{CONFIG} of the crate names {plain(text)!r}, which does not lie in `data`")
        if text.startswith("data/") and not (folder / text).exists():
            there = f"{data} has no {plain(text.removeprefix('data/'))}" if data else "no crate holds that"
            raise InputError(f"{CONFIG} reads {plain(text)}, and {there}; give the folder that has it with --data")
    with contextlib.chdir(folder):
        try:
            settings = resolve(crate.config, found)
        except InputError as error:
            note = crate.note(crate.target)
            made = f"; {plain(note['plugin'])} made it" if note else ""
            raise InputError(f"{CONFIG} of the crate cannot be run here: {error}{made}") from None
    plan = Plan(crate.challenge, settings.challenges[crate.challenge]).at(str(folder / "results"))
    return Jobs(plan, found)


def _told(submitted: Iterable[Compared], results: Sequence[Compared]) -> Iterator[str]:
    """A line for each file of the submission, and for each stage behind it; of what differs, each by name."""
    for one in submitted:
        yield f"{one.state:<15} {one.name}"
    for one in results:
        if one.state == DIFFERS:
            yield f"{DIFFERS:<15} {one.name}"
    for stage in dict.fromkeys(one.stage for one in results):
        for state in (IDENTICAL, NOT_MADE):
            if count := sum(one.stage == stage and one.state == state for one in results):
                yield f"{state:<15} {stage}: {count} result{'s' if count > 1 else ''}"


def _ended(
    submitted: Sequence[Compared], results: Sequence[Compared], others: Sequence[str], way: str, folder: Path
) -> bool:
    wrong = [one for one in submitted if one.state != IDENTICAL]
    also = [one for one in results if one.state == DIFFERS]
    where = f"made again from {way} in {os.path.relpath(folder)}"
    if not wrong and not also:
        print(f"the submission is identical: {len(submitted)} of {len(submitted)} files, {where}")
        return True
    count = (
        f"{len(wrong)} of {len(submitted)} files" if wrong else f"its files do not, {len(also)} results behind it do"
    )
    print(f"the submission differs: {count}, {where}")
    if others:
        print(f"it may be for what is another here: {'; '.join(others)}")
    return False
