"""What cannot fit: known from the list of jobs and the machine before anything runs, each with the mend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from challengeflow.launching.estimate import gib
from challengeflow.launching.extras import extra_of_env
from challengeflow.launching.machine import Machine
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.plugins import Registry
from challengeflow.planning.settings import Settings

ELSEWHERE = ("--executor", "-e")
DEPLOYED = ("--software-deployment-method", "--sdm", "--use-conda", "--use-apptainer", "--use-singularity")
LIMITED = ("--resources", "--res", "--set-resources")


@dataclass(frozen=True)
class Way:
    """How jobs will run: on this machine, in this environment, within limits that the user has set."""

    here: bool = True
    own_environment: bool = True
    limited: bool = False


def way(options: Sequence[str], profile: str | None) -> Way:
    """Read it off the options of snakemake and the path of a profile."""
    import yaml

    given = {option.partition("=")[0] for option in options}
    if profile and (file := Path(profile) / "config.yaml").is_file():
        given |= {f"--{key}" for key in yaml.safe_load(file.read_text()) or {}}
    return Way(
        here=not given & set(ELSEWHERE), own_environment=not given & set(DEPLOYED), limited=bool(given & set(LIMITED))
    )


def shortcomings(
    settings: Settings, left: Sequence[PlannedJob], disk_mb: float, registry: Registry, machine: Machine, way: Way
) -> Iterator[str]:
    """A sentence for each thing that the jobs left need and that is not there; disk_mb: what their data take."""
    if way.own_environment:
        yield from missing_extras(left, registry)
    if way.here and not way.limited:
        yield from _memory(left, machine)
    if way.here and settings.device == "cuda" and not machine.gpus and any(job.resources.gpu for job in left):
        yield "the config says `device: cuda`, and this machine has no NVIDIA GPU; write `device: cpu`"
    if disk_mb > machine.disk_mb:
        bound = "" if settings.raw_shards else ", bound what is on disk at once by `raw_shards: 4`"
        yield (
            f"roughly {gib(disk_mb)} of disk are needed below {settings.results}, and "
            f"{gib(machine.disk_mb) or 'nothing'} "
            f"is free; name another disk by `results`{bound}, or choose smaller datasets"
        )


def missing_extras(left: Sequence[PlannedJob], registry: Registry) -> Iterator[str]:
    """A sentence for each model that needs packages that are not installed."""
    for challenge, model in dict.fromkeys((job.challenge, job.model) for job in left if job.model):
        extra = extra_of_env(registry, challenge, model)
        if extra is not None and extra.missing:
            packages = ", ".join(extra.missing)
            yield f"the model {model} of {challenge} needs {packages}, not installed here; {extra.command}"


def _memory(left: Sequence[PlannedJob], machine: Machine) -> Iterator[str]:
    largest = max(left, key=lambda job: job.resources.mem_mb, default=None)
    if largest is not None and largest.resources.mem_mb > machine.memory_mb:
        yield (
            f"{largest.stage} {largest.name} may take {largest.resources.mem_mb} MiB of memory, and this machine has "
            f"{machine.memory_mb}; leave it out of the config, use a larger machine or a cluster (--profile slurm), or "
            "take "
            f"the risk: -- --resources mem_mb={largest.resources.mem_mb}"
        )
