"""`challengeflow export FOLDER`: a submission with everything needed to make it again, as an RO-Crate in a zip archive.

The crate (https://www.researchobject.org/ro-crate/, profile Workflow Run Crate) holds the submission, the config and
the workflow that make it, the note of every stage behind it (config, seed, code fingerprint, versions, checksums of
all inputs), the scores and decisions of the models that answer, these models where they are asked for, what to cite,
and a checksum of each file. `challengeflow verify` checks it.
"""

import hashlib
import importlib.metadata
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.contract.errors import InputError
from challengeflow.crates import relative
from challengeflow.crates.describe import METADATA, described
from challengeflow.planning.plan import Plan
from challengeflow.planning.plugins import Registry
from challengeflow.planning.reproduce import config_of
from challengeflow.planning.settings import challenge_settings
from challengeflow.reporting.cite import bibtex, references
from challengeflow.running.provenance import IGNORED, SUFFIX

CHECKSUMS = "checksums.sha256"
README = """\
# {kind}/{name} of {challenge}

`submission/` is what challengeflow {version} made and checked. To make it again elsewhere, and to be told which of its
files are identical, give the archive to

    challengeflow verify ARCHIVE

with the versions that `provenance/` notes (`environment.txt` lists all packages of the environment that wrote it). Or
unpack it and run it as any config: `challengeflow run --config config.yaml`.

What `config.yaml` names in `data/` is not in this archive: put it there; `provenance/` has its checksums.
"""
SNAKEFILE = f"""\
# The workflow of challengeflow {__version__}, which has to be installed: snakemake --cores all
from challengeflow.planning.shipped import shipped


configfile: "config.yaml"


include: str(shipped() / "Snakefile")


workflow.default_target = "all"  # Snakemake forgets that of a file that it includes
"""


def export(
    folder: Path, to: Path | None, found: Registry, stale: Mapping[Path, str] | None = None, models: bool = False
) -> Path:
    """Write the archive of the submission in `folder` (results/CHALLENGE/submissions/KIND/NAME) to `to`, and return its
    path.

    Without `to` it is CHALLENGE-KIND-NAME.crate.zip in the working directory. stale: absolute path of a result -> why
    it is no result of the config that is run; such a submission is refused. models: whether it holds the models that
    answer. Raises InputError for what is no submission of a run, or has lost what it was made from.
    """
    folder = folder.resolve()
    if len(folder.parents) < 5 or folder.parents[1].name != "submissions" or not Path(f"{folder}{SUFFIX}").is_file():
        raise InputError(
            f"{folder} is no submission of a run; expected is a folder results/CHALLENGE/submissions/KIND/NAME"
        )
    if why := (stale or {}).get(folder):
        raise InputError(f"{folder.name} is stale: {why}; run the workflow again, then export")
    to = to or Path(f"{folder.parents[2].name}-{folder.parent.name}-{folder.name}.crate.zip")
    notes = behind(folder)
    with tempfile.TemporaryDirectory() as made:
        _write_about(Path(made), folder, notes, found)
        files = dict(_files(Path(made), ""))
        files |= _files(folder, "submission/")
        for path in answering(folder, notes) if models else ():
            files |= _files(_there(folder, path), f"models/{path}/")
        metadata = described([*files, CHECKSUMS], folder, notes, found)
        _write(to, files, {METADATA: metadata})
    return to


def behind(folder: Path) -> dict[str, dict[str, Any]]:
    """The notes of a submission and of everything it was made from, by path below the results folder."""
    results = folder.parents[3]
    notes: dict[str, dict[str, Any]] = {}
    waiting = [str(folder.relative_to(results))]
    while waiting:
        path = waiting.pop()
        note = Path(f"{results / path}{SUFFIX}")
        if path not in notes and note.is_file():
            notes[path] = json.loads(note.read_text())
            waiting += notes[path]["inputs"]
            # Scores are made with the decision; what enters by one shard's table belongs to the index as a whole.
            waiting += [path.replace("/decision.json", "/scores.json")]
            waiting += [path.partition("/index/")[0] + "/index" for path in notes[path]["inputs"] if "/index/" in path]
    return notes


def answering(folder: Path, notes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The models that a submission was made from, as paths below the results folder."""
    inputs = notes[str(folder.relative_to(folder.parents[3]))]["inputs"]
    return [path for path in inputs if notes.get(path, {}).get("stage") == "train"]


def config_behind(folder: Path, notes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The config that makes a submission again, put together from what each stage behind it was given."""
    challenge, kind, name = folder.parents[2].name, folder.parent.name, folder.name
    merged: dict[str, Any] = {"results": str(folder.parents[3])}
    for note in notes.values():
        _merge(merged, note["config"])
    plan = Plan(challenge, challenge_settings(merged))
    chosen = plan.submissions[kind][name]
    # A stage that was run by hand was given the whole config: of that, what the submission needs.
    datasets = [link for on in chosen for start in (plan.home_of_models(on), on) for link in plan.chain(start)[::-1]]
    variants = [one for variant in chosen.values() for one in (*plan.members(variant), variant)]
    config = config_of(challenge, plan.settings, dict.fromkeys(datasets), dict.fromkeys(variants))
    config["challenges"][challenge]["submissions"] = {kind: {name: dict(chosen)}}
    return config


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = json.loads(json.dumps(value))


def _write_about(made: Path, folder: Path, notes: Mapping[str, Any], found: Registry) -> None:
    import yaml

    challenge, kind, name = folder.parents[2].name, folder.parent.name, folder.name
    config = config_behind(folder, notes)
    places = relative.places([config, *notes.values()], folder.parents[3])
    config = relative.moved(config, places)
    (made / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (made / "Snakefile").write_text(SNAKEFILE)
    (made / "README.md").write_text(README.format(challenge=challenge, kind=kind, name=name, version=__version__))
    packages = sorted({f"{each.name}=={each.version}" for each in importlib.metadata.distributions()}, key=str.lower)
    (made / "environment.txt").write_text("\n".join(packages) + "\n")
    used = {entry["model"] for entry in config["challenges"][challenge]["models"].values() if "model" in entry}
    cited = references(found, [challenge], [(challenge, model) for model in sorted(used)])
    (made / "citations.bib").write_text(bibtex(cited))
    for path, note in notes.items():
        copy = made / "provenance" / f"{path}.json"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(json.dumps(relative.moved(note, places), indent=2, sort_keys=True) + "\n")
        if note["stage"] == "score":
            scores = _there(folder, path).read_text()
            (made / "provenance" / path).write_text(relative.moved_text(scores, places))


def _there(folder: Path, path: str) -> Path:
    """Where a result is that a submission was made from. Raises InputError where it is gone."""
    found = folder.parents[3] / path
    if not found.exists():
        raise InputError(f"{path}, which {folder.name} was made from, is gone; run the workflow again, then export")
    return found


def _files(folder: Path, below: str) -> Iterator[tuple[str, Path]]:
    """(name in the crate, file) of all in a folder but what Snakemake leaves there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in IGNORED:
            yield below + path.relative_to(folder).as_posix(), path


def _write(to: Path, files: Mapping[str, Path], texts: Mapping[str, str]) -> None:
    """Write the archive: files, texts, and a checksum of each. It appears whole."""
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    for name, path in files.items():
        with open(path, "rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    to.parent.mkdir(parents=True, exist_ok=True)
    half = to.with_name(f"{to.name}.part")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**texts, CHECKSUMS: sums}.items():
            archive.writestr(name, text)
        for name, path in files.items():
            archive.write(path, name)
    os.replace(half, to)
