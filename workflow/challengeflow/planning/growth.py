"""What a job needs, with what grows with its work: counted when the job is due, from the tables and data it reads."""

import math
from dataclasses import replace
from pathlib import Path

from challengeflow.contract.declare import Resources
from challengeflow.planning.planned_job import PlannedJob


def stated(job: PlannedJob) -> Resources:
    """The job's resources at the size of what it reads; where that is not there yet, without growth. Opens no data."""
    base = job.resources
    thousands = _samples(job) / 1000 if base.mem_mb_per_1000 or base.runtime_per_1000 else 0.0
    gigabytes = _bytes(job) / 1e9 if base.mem_mb_per_gb or base.runtime_per_gb else 0.0
    memory = base.mem_mb + thousands * base.mem_mb_per_1000 + gigabytes * base.mem_mb_per_gb
    minutes = base.runtime + thousands * base.runtime_per_1000 + gigabytes * base.runtime_per_gb
    return replace(base, mem_mb=math.ceil(memory), runtime=math.ceil(minutes))


def _samples(job: PlannedJob) -> int:
    """Lines of the sample tables it reads, without their headers."""
    tables = (Path(path) for path in job.inputs if path.endswith(".csv"))
    return sum(max(path.read_bytes().count(b"\n") - 1, 0) for path in tables if path.is_file())


def _bytes(job: PlannedJob) -> int:
    """Size of all files it reads."""
    found = [file for path in map(Path, job.inputs) for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in found if file.is_file())
