"""`challengeflow export FOLDER`: a submission with everything needed to make it again, as an RO-Crate in a zip archive.

The crate (https://www.researchobject.org/ro-crate/) holds the submission, the config that makes it, the note of
every stage behind it (config, seed, code fingerprint, versions, checksums of all inputs), the scores and decisions of
the models that answer, what to cite, and a checksum of each file.
"""

import hashlib
import importlib.metadata
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.contract.errors import InputError
from challengeflow.planning.plan import Plan
from challengeflow.planning.plugins import Registry
from challengeflow.planning.reproduce import config_of
from challengeflow.planning.settings import challenge_settings
from challengeflow.reporting import relative
from challengeflow.reporting.cite import bibtex, references
from challengeflow.running.provenance import SUFFIX

README = """\
# {kind}/{name} of {challenge}

`submission/` is what challengeflow {version} made and checked. To make it again, with the versions that `provenance/`
notes (`environment.txt` lists all packages of the environment that wrote this archive):

    snakemake results/{challenge}/submissions/{kind}/{name} --configfile config.yaml

What `config.yaml` names in `data/` is not in this archive: put it there; `provenance/` has its checksums.
"""


def export(folder: Path, to: Path | None, found: Registry, stale: Mapping[Path, str] | None = None) -> Path:
    """Write the archive of the submission in `folder` (results/CHALLENGE/submissions/KIND/NAME) to `to`, and return its
    path.

    Without `to` it is CHALLENGE-KIND-NAME.crate.zip in the working directory. stale:
    absolute path of a result -> why it
    is no result of the config that is run; such a submission is refused.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise InputError(
            "export needs the package rocrate, which is not installed; pip install 'challengeflow[export]'"
        ) from None
    folder = folder.resolve()
    if len(folder.parents) < 5 or folder.parents[1].name != "submissions" or not Path(f"{folder}{SUFFIX}").is_file():
        raise InputError(
            f"{folder} is no submission of a run; expected is a folder results/CHALLENGE/submissions/KIND/NAME"
        )
    if why := (stale or {}).get(folder):
        raise InputError(f"{folder.name} is stale: {why}; run the workflow again, then export")
    to = to or Path(f"{folder.parents[2].name}-{folder.parent.name}-{folder.name}.crate.zip")
    notes = behind(folder)
    for path, note in notes.items():
        if note["stage"] == "score" and not (folder.parents[3] / path).is_file():
            raise InputError(f"{path}, which {folder.name} was made from, is gone; run the workflow again, then export")
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as written:
        _write_about(Path(made), folder, notes, found)
        crate = ROCrate()
        _describe(crate, folder, notes, found)
        for file in _files(folder):
            crate.add_file(file, f"submission/{file.relative_to(folder).as_posix()}")
        for file in _files(Path(made)):
            crate.add_file(file, file.relative_to(made).as_posix())
        crate.write(written)
        _sum(Path(written))
        crate.add_file(Path(written, "checksums.sha256"), "checksums.sha256")
        to.parent.mkdir(parents=True, exist_ok=True)
        crate.write_zip(to)
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
            # What enters by one shard's table belongs to the index as a whole.
            waiting += [path.partition("/index/")[0] + "/index" for path in notes[path]["inputs"] if "/index/" in path]
    return notes


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
            scores = (folder.parents[3] / path).read_text()
            (made / "provenance" / path).write_text(relative.moved_text(scores, places))


def _describe(crate: Any, folder: Path, notes: Mapping[str, Any], found: Registry) -> None:
    """What the crate says of itself: data, licence, software with versions, and the action that made it."""
    from rocrate.model.contextentity import ContextEntity

    def entity(identifier: str, **properties: Any) -> Any:
        return crate.add(ContextEntity(crate, identifier, properties=properties))

    challenge = found.challenge(folder.parents[2].name)
    note = notes[str(folder.relative_to(folder.parents[3]))]
    crate.name = f"{challenge.title}: submission {folder.parent.name}/{folder.name}"
    crate.description = "A submission with the config, notes, checksums and citations needed to make it again"
    licence = entity(
        "#licence", **{"@type": "CreativeWork", "name": "Licence of the data", "description": challenge.licence}
    )
    crate.license = licence
    data = {"@type": "CreativeWork", "name": challenge.title, "creditText": challenge.citation, "license": licence}
    crate.root_dataset["isBasedOn"] = entity(challenge.url, **data)
    versions = {name: version for each in notes.values() for name, version in each["versions"].items()}
    plugins = {each["plugin"] for each in notes.values() if "plugin" in each}
    versions |= {name: version for name, _, version in (plugin.rpartition(" ") for plugin in plugins)}
    software = [
        entity(f"#{name}", **{"@type": "SoftwareApplication", "name": name, "softwareVersion": version})
        for name, version in sorted(versions.items())
    ]
    fingerprints = sorted({f"{each['stage']} {each['code']}" for each in notes.values() if each["code"]})
    action = {"@type": "CreateAction", "name": "challengeflow package", "instrument": software}
    action |= {"description": f"Fingerprints of the plugin's code by stage: {', '.join(fingerprints)}"}
    action |= {"endTime": note["ended"]} if "ended" in note else {}
    crate.root_dataset["mentions"] = entity("#made", **action, result={"@id": "./"})


def _files(folder: Path) -> list[Path]:
    """All but what Snakemake leaves in a folder."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")


def _sum(folder: Path) -> None:
    """Write checksums.sha256 of a written crate, but of its metadata, which names that very file."""
    files = [path for path in _files(folder) if path.name != "ro-crate-metadata.json"]
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in files]
    (folder / "checksums.sha256").write_text("".join(lines))
