"""`challengeflow model export`: the models of a variant as one file that answers new data on another machine.

It holds weights, decision, settings and what is known of how good they are; no data, and no name of a sample.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.declare import CONTRACT, Schema
from challengeflow.contract.errors import InputError
from challengeflow.contract.samples import read_samples
from challengeflow.models.card import card
from challengeflow.models.declared import prepared
from challengeflow.models.package_file import CARD, CITATIONS, write
from challengeflow.models.profile import profile
from challengeflow.planning.fingerprint import stage_fingerprint
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.planned_job import PlannedJob, named_files
from challengeflow.planning.reproduce import config_of
from challengeflow.planning.settings import MODELS
from challengeflow.reporting.cite import bibtex, references
from challengeflow.reporting.stale import note_of, stale
from challengeflow.running.provenance import IGNORED, content_hash

WORDS = re.compile(r"[\s,;:()'\"]+")
"""What lies between the words of a sentence."""

KEPT = ("score", "interval", "metrics", "chance")
"""Of the scores of a split; the rest may name samples."""


def export_model(jobs: Jobs, dataset: str, variant: str, to: Path) -> Path:
    """Write the package of a variant of a dataset to the file `to`, and return its path.

    Raises InputError for a variant that is not whole and of one piece: not trained, not scored, stale, changed since.
    """
    _check_can_travel(jobs, dataset, variant)
    members = dict.fromkeys([variant, *jobs.plan.members(variant)])
    trained = [name for name in members if jobs.plan.models[name].kind == "trained"]
    folders = {name: jobs.plan.fold_models(dataset, name) for name in trained}
    trainings = [_train_job(jobs, dataset, name, folder) for name in trained for folder in folders[name]]
    scorings = [jobs.get("score", dataset, name) for name in members]
    _check_current(jobs, [*trainings, *scorings])
    manifest = _manifest(jobs, dataset, variant, list(members), trainings)
    files: dict[str, Path | bytes] = {CARD: card(manifest).encode()}
    cited = [(jobs.plan.challenge, jobs.plan.models[name].model) for name in trained]
    files[CITATIONS] = bibtex(references(jobs.registry, [jobs.plan.challenge], list(dict.fromkeys(cited)))).encode()
    for name in members:
        files[f"{name}/decision.json"] = Path(jobs.layout.decision(dataset, name))
        for folder in map(Path, folders.get(name, [])):
            files |= {f"{name}/{folder.name}/{file.relative_to(folder).as_posix()}": file for file in _files(folder)}
    return write(to, manifest, files).path


def _check_can_travel(jobs: Jobs, dataset: str, variant: str) -> None:
    if (dataset, variant) in jobs.plan.packaged():
        package = jobs.plan.datasets[dataset].packages[variant]
        raise InputError(f"{dataset}/{variant} came out of a model package; hand on that file: {package}")
    kind = jobs.plan.models[variant].kind
    if kind == "control" or (dataset, variant) not in jobs.plan.scored():
        why = "is a control" if kind == "control" else "is not scored, for the dataset has no gold or no train split"
        known = [f"{one}/{each}" for one, each in jobs.plan.drawn()]
        raise InputError(f"{dataset}/{variant} {why}; what can travel of this config: {', '.join(known) or 'nothing'}")


def _train_job(jobs: Jobs, dataset: str, variant: str, folder: str) -> PlannedJob:
    return jobs.get("train", dataset, variant, Path(folder).name.removeprefix("fold-"))


def _check_current(jobs: Jobs, behind: list[PlannedJob]) -> None:
    """All of it is there, is this config's and this code's, and is as it was made."""
    for job in behind:
        for path in map(Path, job.outputs):
            if not path.exists():
                raise InputError(f"{job.stage} {job.name} is not done, {path} is not there; `challengeflow run` first")
    old = stale(jobs)
    for job in behind:
        if why := old.get(job):
            raise InputError(f"{job.stage} {job.name} is stale: {why}; run the workflow again, then export")
        for path in map(Path, job.outputs):
            if (note_of(str(path)) or {})["sha256"] != content_hash(path):
                raise InputError(
                    f"{path} was changed after it was made; remove it, run the workflow again, then export"
                )


def _manifest(
    jobs: Jobs, dataset: str, variant: str, members: list[str], trainings: list[PlannedJob]
) -> dict[str, Any]:
    plan, declared = jobs.plan, jobs.declared
    notes = [note_of(job.outputs[0]) or {} for job in trainings]
    scored = [note_of(plan.layout.scores(dataset, name)) or {} for name in members]
    source = plan.datasets[dataset].source
    controls = [name for name, entry in plan.models.items() if entry.kind == "control"]
    there = [name for name in controls if Path(plan.layout.scores(dataset, name)).exists()]
    metric = {key: getattr(declared.metric, key) for key in ("name", "description", "direction", "best", "chance")}
    versions = {name: version for note in reversed(notes) for name, version in note["versions"].items()}
    machine = notes[0]["machine"]
    return {
        "challenge": plan.challenge,
        "dataset": dataset,
        "variant": variant,
        "title": declared.title,
        "contract": CONTRACT,
        "challengeflow": versions["challengeflow"],
        "plugins": dict(sorted(tuple(note["plugin"].split(" ", 1)) for note in [*notes, *scored])),
        "source": source if source in ("demo", "official") else "local",
        "config": _config(jobs, dataset, members),
        "prepared": prepared(declared),
        "code": dict(_code(jobs, members)),
        "training_data": _fingerprint_of(note["inputs"] for note in notes),
        "trained_on": profile(Path(plan.prepared(shard)) for shard in plan.training_shards(dataset, None)),
        "scores": {name: _scores(jobs, dataset, name) for name in members},
        "controls": {name: _scores(jobs, dataset, name) for name in there},
        "metric": metric,
        "versions": dict(sorted(versions.items())),
        "made_on": {key: machine[key] for key in ("processor", "system")},
        "citation": declared.citation,
        "licence": declared.licence,
    }


def _config(jobs: Jobs, dataset: str, members: list[str]) -> dict[str, Any]:
    """The config of what travels, without paths: nothing of where the data lay, nor what training started from."""
    plan, challenge = jobs.plan, jobs.plan.challenge
    found: dict[str, Any] = json.loads(
        json.dumps(config_of(challenge, plan.settings, plan.chain(dataset)[::-1], members))
    )
    section = found["challenges"][challenge]
    for entry in section["datasets"].values():
        entry["source"] = MODELS
        for stage, schema in jobs.declared.schema.items():
            _without_paths(entry.get(stage, {}), schema)
    for name, entry in section["models"].items():
        if "model" in entry:
            _without_paths(entry["parameters"], jobs.registry.model(challenge, plan.models[name].model).parameters)
    return found


def _without_paths(parameters: dict[str, Any], schema: Schema) -> None:
    """Name no file: what parameters with the format `path` name is read by training alone."""
    for name, property in schema.items():
        if named_files({name: property}, parameters):
            parameters[name] = property["default"]


def _code(jobs: Jobs, members: list[str]) -> Iterator[tuple[str, str]]:
    """Fingerprints of the code that answers, by stage."""
    plan, found = jobs.plan, jobs.registry
    for stage in ("preprocess", "package"):
        yield stage, stage_fingerprint(found, stage, plan.challenge)
    for name in members:
        if plan.models[name].kind == "trained":
            yield f"predict {name}", stage_fingerprint(found, "predict", plan.challenge, plan.models[name].model)


def _fingerprint_of(inputs: Iterator[Mapping[str, str]]) -> str:
    found = sorted({(path, digest) for each in inputs for path, digest in each.items()})
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _scores(jobs: Jobs, dataset: str, variant: str) -> dict[str, Any]:
    """scores.json of a variant without what names samples: its splits' scores, intervals, metrics and warnings."""
    found: dict[str, Any] = json.loads(Path(jobs.layout.scores(dataset, variant)).read_text())
    splits = {}
    for split, entry in found["splits"].items():
        splits[split] = {key: entry[key] for key in KEPT if key in entry}
        if warnings := _nameless(entry.get("detail", {}).get("warnings", []), _samples(jobs, dataset)):
            splits[split]["detail"] = {"warnings": warnings}
    return {**found, "splits": splits, "failed": []}


def _samples(jobs: Jobs, dataset: str) -> set[str]:
    """The ids of all samples of a dataset."""
    tables = (Path(jobs.layout.samples(each)) for each in jobs.plan.chain(dataset))
    return {sample.id for table in tables for sample in read_samples(table)}


def _nameless(warnings: list[str], samples: set[str]) -> list[str]:
    """Those that name no sample, and how many others there are."""
    spaced = [sample for sample in samples if WORDS.search(sample)]

    def names_one(warning: str) -> bool:
        words = {word.strip(".") for word in WORDS.split(warning)}
        return not words.isdisjoint(samples) or any(sample in warning for sample in spaced)

    kept = [warning for warning in warnings if not names_one(warning)]
    others = len(warnings) - len(kept)
    return [*kept, f"{others} more, each about one sample of the data it was scored on"] if others else kept


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in IGNORED)
