"""`challengeflow inspect`: what a challenge's plugin understands of a folder, with every file of it accounted for."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from challengeflow.contract.declare import Resources
from challengeflow.contract.errors import InputError, PluginError
from challengeflow.contract.inspection import NOT_OPENED, Inspected, InspectJob
from challengeflow.contract.names import PARAMETER_STAGES
from challengeflow.contract.progress import Progress
from challengeflow.outside.names import spelled
from challengeflow.planning.check_config import with_defaults
from challengeflow.planning.plugins import Registry
from challengeflow.planning.resolve_dataset import absent
from challengeflow.planning.settings import DatasetSettings
from challengeflow.running.memory import allowed_mb

UNSAID = "not used: the challenge does not say why"
WIDEST = 26
"""Characters of what is shown as a column; what is longer has a line of its own."""

LONGEST = 90
MOST_ROWS = 1000
MOST_FILES = 4


def inspect_source(
    registry: Registry,
    challenge: str,
    source: Path,
    dataset: tuple[str, DatasetSettings] | None = None,
    most: int | None = None,
) -> list[Inspected]:
    """What the challenge's plugin says of a source, and a row for every file that it does not name.

    dataset: the one of a config that reads it, with its name; most: how many samples to look into. Raises InputError
    where there is no such source, or no hook.
    """
    declared = registry.challenge(challenge)
    if not source.exists():
        raise InputError(f"there is no {absent(str(source))}; name a folder, or a file, that exists")
    if not registry.inspects(challenge):
        raise InputError(f"the plugin of {challenge} cannot inspect data: it has no hook 'inspect'")
    name, entry = dataset or (None, None)
    parameters = {
        stage: entry.parameters.get(stage, {}) if entry else with_defaults({}, declared.schema.get(stage, {}))
        for stage in PARAMETER_STAGES
    }
    job = InspectJob(
        challenge=challenge,
        source=source,
        dataset=name,
        splits=tuple(entry.splits) if entry else (),
        parameters=parameters,
        most=most,
        threads=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        memory_mb=allowed_mb(declared.resources.get("preprocess", Resources()).mem_mb),
        progress=Progress(f"inspect {challenge}"),
    )
    try:
        rows = list(registry.call("inspect", job) or ())
    except InputError:
        raise
    except Exception as error:
        if os.environ.get("CHALLENGEFLOW_TRACEBACK"):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        owner = registry.owner_of("inspect", challenge)
        raise PluginError(f"plugin {owner!r} failed in its hook 'inspect': {reason}") from error
    return rows + [Inspected(files=(file,), status=UNSAID) for file in unnamed(source, rows)]


def unnamed(source: Path, rows: Sequence[Inspected]) -> list[str]:
    """The files of a source that no row names, neither themselves nor by a folder around them."""
    named = {name for row in rows for name in row.files}
    folders = {name for name in named if name.endswith("/")}

    def is_named(name: str) -> bool:
        around = (name[: at + 1] for at, char in enumerate(name) if char == "/")
        return name in named or not folders.isdisjoint(around)

    return [name for name in files_of(source) if not is_named(name)]


def files_of(source: Path) -> list[str]:
    """Every file below a source, by its path there; of a file itself, its name."""
    if source.is_file():
        return [source.name]
    found = []
    for folder, _, names in os.walk(source):
        found += [(Path(folder) / name).relative_to(source).as_posix() for name in names]
    return sorted(found)


def as_json(challenge: str, source: Path, rows: Sequence[Inspected]) -> str:
    """For programs."""
    found = {"challenge": challenge, "source": str(source.absolute()), "rows": [asdict(row) for row in rows]}
    return json.dumps(found, indent=2, ensure_ascii=True)


def summary(rows: Sequence[Inspected]) -> list[str]:
    """How much of a source can be used, in a sentence, and what it lacks as a whole."""
    samples = [row for row in rows if row.sample]
    broken = [row for row in samples if row.status not in ("ok", NOT_OPENED)]
    closed = sum(row.status == NOT_OPENED for row in samples)
    unused = sum(len(row.files) for row in rows if not row.sample and row.status != "ok")
    parts = [f"{len(samples):,} samples, of which {len(samples) - len(broken) - closed:,} can be used"]
    parts += [f"{len(broken):,} cannot ({_name(broken[0])}: {_brief(broken[0].status)})"] if broken else []
    parts += [f"{closed:,} were not looked into"] if closed else []
    noted = sum(bool(row.notes) for row in samples)
    parts += [f"{noted:,} have remarks"] if noted else []
    parts += [f"{unused:,} files are not used"] if unused else []
    return [", ".join(parts), *wanting(rows)]


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def wanting(rows: Sequence[Inspected]) -> list[str]:
    """What the source as a whole lacks; and that no sample of it can be used, where that is so."""
    found = [row.status for row in rows if not row.sample and not row.files and row.status != "ok"]
    samples = [row for row in rows if row.sample]
    if not any(row.status in ("ok", NOT_OPENED) for row in samples):
        why = Counter(row.status for row in samples).most_common(1)
        if why:
            found.append(f"none of its {len(samples):,} samples can be used: {why[0][0]}")
        elif not found:
            found.append("it has no samples")
    return found


def table(rows: Sequence[Inspected]) -> Iterator[str]:
    """Lines for people: a table of the samples, what is long or odd of each below it; then all other files."""
    samples = [row for row in rows if row.sample]
    names = list(dict.fromkeys(name for row in samples for name in row.understood))
    short = [name for name in names if all(len(row.understood.get(name, "")) <= WIDEST for row in samples)]
    header = ("sample", *short, "files")
    cells = [(_name(row), *(row.understood.get(name, "") for name in short), _files(row)) for row in samples]
    widths = [max(len(line[at]) for line in (header, *cells)) for at in range(len(header))]
    if samples:
        yield _line(header, widths)
    for row, line in list(zip(samples, cells, strict=True))[:MOST_ROWS]:
        yield _line(line, widths)
        yield from _below(row, [name for name in names if name not in short])
    if len(samples) > MOST_ROWS:
        yield f"... and {len(samples) - MOST_ROWS:,} samples more, which --json lists"
    others = [row for row in rows if not row.sample and row.files]
    if others:
        yield "\nother files"
        width = max(len(_files(row)) for row in others)
        for row in others:
            said = row.status if row.status != "ok" else "used for all samples"
            about = "; ".join(f"{name}: {value}" for name, value in row.understood.items())
            yield f"  {_files(row):<{width}}  {said}{f' ({about})' if about else ''}"
            yield from (f"      ! {note}" for note in row.notes)
    yield ""


def _below(row: Inspected, long: Sequence[str]) -> Iterator[str]:
    if row.status != "ok":
        yield f"    cannot be used: {row.status}" if row.status != NOT_OPENED else f"    {NOT_OPENED}"
    yield from (f"    {name}: {row.understood[name]}" for name in long if name in row.understood)
    yield from (f"    ! {note}" for note in row.notes)


def _name(row: Inspected) -> str:
    """The id as every table has it: ids of files are spelled already, and not to be spelled twice."""
    return row.sample if row.sample.isprintable() else spelled(row.sample)


def _files(row: Inspected) -> str:
    names = [spelled(name) for name in row.files]
    return ", ".join(names) if len(names) <= MOST_FILES else f"{names[0]} ... {names[-1]} ({len(names)} files)"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
