"""What a crate says of itself, for machines: `ro-crate-metadata.json`, a Workflow Run Crate."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.contract.errors import InputError
from challengeflow.planning.plugins import Registry

METADATA = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
FORMATS = {
    ".bib": "application/x-bibtex",
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".sha256": "text/plain",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
}


def described(files: Iterable[str], folder: Path, notes: Mapping[str, Any], found: Registry) -> str:
    """The metadata of the crate of a submission: its files, licence, data, software with versions, and the run that
    made it.

    files: names in the crate; notes: as `export.behind` gives them.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise InputError(
            "export needs the package rocrate, which is not installed; pip install 'challengeflow[export]'"
        ) from None
    challenge = found.challenge(folder.parents[2].name)
    note = notes[str(folder.relative_to(folder.parents[3]))]
    crate = ROCrate(version="1.1")  # what the profiles of workflow runs are built on
    crate.name = f"{challenge.title}: submission {folder.parent.name}/{folder.name}"
    crate.description = "A submission with the config, notes, checksums and citations needed to make it again"
    for profile, (name, version) in PROFILES.items():
        about = {"@type": "CreativeWork", "name": name, "version": version}
        crate.root_dataset.append_to("conformsTo", _entity(crate, profile, **about))
    named = [name for name in files if name != "Snakefile"]
    added = {name: crate.add_file(dest_path=name, properties=_format(name)) for name in named}
    added["README.md"]["about"] = crate.root_dataset
    workflow = {"name": "the workflow of challengeflow", "version": __version__, "encodingFormat": "text/plain"}
    workflow |= {"conformsTo": _entity(crate, WORKFLOW, **{"@type": "CreativeWork", "name": "ComputationalWorkflow"})}
    crate.add_workflow(dest_path="Snakefile", main=True, lang="snakemake", properties=workflow)
    crate.license = _entity(
        crate, "#licence", **{"@type": "CreativeWork", "name": "Licence of the data", "description": challenge.licence}
    )
    data = {"@type": "CreativeWork", "name": challenge.title, "citation": challenge.citation}
    crate.root_dataset["isBasedOn"] = _entity(crate, challenge.url, **data, license=crate.license)
    fingerprints = sorted({f"{each['stage']} {each['code']}" for each in notes.values() if each["code"]})
    action: dict[str, Any] = {"@type": "CreateAction", "name": "challengeflow package"}
    action |= {"description": f"Fingerprints of the plugin's code by stage: {', '.join(fingerprints)}"}
    action |= {"endTime": note["ended"]} if "ended" in note else {}
    action |= {"instrument": [crate.mainEntity, *_software(crate, notes)], "object": added["config.yaml"]}
    answers = [each for name, each in added.items() if name.startswith("submission/")]
    crate.root_dataset["mentions"] = _entity(
        crate, "#made", **action, result=answers if len(answers) > 1 else answers[0]
    )
    return json.dumps(crate.metadata.generate(), indent=4, sort_keys=True) + "\n"


def _entity(crate: Any, identifier: str, **properties: Any) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties=properties))


def _format(name: str) -> dict[str, str]:
    return {"name": name, "encodingFormat": FORMATS.get(Path(name).suffix, "application/octet-stream")}


def _software(crate: Any, notes: Mapping[str, Any]) -> list[Any]:
    """The packages that made it, with their versions."""
    versions = {name: version for each in notes.values() for name, version in each["versions"].items()}
    plugins = {each["plugin"] for each in notes.values() if "plugin" in each}
    versions |= {name: version for name, _, version in (plugin.rpartition(" ") for plugin in plugins)}
    return [
        _entity(
            crate,
            f"#{name}",
            **{"@type": "SoftwareApplication", "name": name, "softwareVersion": version},
        )
        for name, version in sorted(versions.items())
    ]
