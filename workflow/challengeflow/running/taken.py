"""What comes out of a model package instead of a training: a model, or the decision with its scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from challengeflow.models.package_file import Package, read, refused
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.reproduce import variant_of
from challengeflow.running.check_outputs import check_model
from challengeflow.scoring import write_json


def take(jobs: Jobs, job: PlannedJob, common: Mapping[str, Any], outputs: Sequence[Path]) -> None:
    """Fill the outputs of a training, or of scoring, from the package of the job, with every checksum compared.

    Raises InputError where the package is damaged, or is of something else than the config says.
    """
    package = read(Path(job.package or ""))
    _check_is_of(package, job)
    if job.stage == "score":
        write_json(outputs[0], package.manifest["scores"][job.variant])
        package.take(f"{job.variant}/decision.json", outputs[1])
    else:
        package.take(f"{job.variant}/fold-{job.parts[-1]}", outputs[0])
        check_model(outputs[0], f"{package.path}, from which {'/'.join(job.parts)} is taken,")
    common["progress"].message(f"taken from {package.path}")


def _check_is_of(package: Package, job: PlannedJob) -> None:
    """The package holds what was trained as the config says."""
    manifest, variant = package.manifest, job.variant or ""
    if (manifest["challenge"], manifest["dataset"]) != (job.challenge, job.dataset):
        raise refused(package.path, f"it is of {manifest['challenge']}/{manifest['dataset']}, not of {job.name}")
    section = manifest["config"].get("challenges", {}).get(job.challenge, {})
    expected, held = variant_of(job.part.models[variant]), section.get("models", {}).get(variant)
    if held is None or variant not in manifest["scores"]:
        raise refused(package.path, f"it holds no {variant}")
    if others := [key for key in sorted({*held, *expected}) if held.get(key) != expected.get(key)]:
        raise refused(package.path, f"it holds {variant} with another {others[0]} than the config says")
    folds = section.get("datasets", {}).get(job.dataset, {}).get("folds")
    if folds != job.part.datasets[job.dataset].folds:
        raise refused(package.path, f"it was trained in {folds} folds, and the config says another number")
