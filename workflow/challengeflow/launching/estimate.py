"""`challengeflow run --dry-run`: stages and jobs as Snakemake counts them, and roughly the hours, memory and disk they
take."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from challengeflow.contract.declare import Source
from challengeflow.planning.planned_job import JOB_STAGES, PlannedJob
from challengeflow.planning.plugins import Registry
from challengeflow.planning.settings import Settings

RULES = {"ensemble": "predict", "unpack_scores": "unpack", "own_index": "index"}
"""Rules that are named otherwise than the stage they run."""


def counted(said: str) -> dict[str, int]:
    """Stage, or rule where it is no stage, -> jobs, from the table that a dry-run of Snakemake prints."""
    table = said.partition("Job stats:")[2].partition("\n\n")[0]
    found: dict[str, int] = defaultdict(int)
    for rule, count in re.findall(r"^([\w-]+) +(\d+)$", table, re.MULTILINE):
        if rule not in ("total", "all"):
            found[RULES.get(rule, rule)] += int(count)
    return dict(found)


def described(counts: Mapping[str, int], jobs: Sequence[PlannedJob], cores: int, needs: "Needs") -> str:
    """The table and what it adds up to; jobs: all of the run, done or not."""
    rows, measured, most, most_mb = [], 0.0, 0.0, 0
    for stage in sorted(counts, key=lambda stage: [*JOB_STAGES, *counts].index(stage)):
        found = [job for job in jobs if job.doing == stage]
        limit, took = _limit(found) * counts[stage], _took(found)
        memory = max((job.resources.mem_mb for job in found), default=0)
        most, most_mb = most + limit, max(most_mb, memory)
        measured += 0 if took is None else took * counts[stage]
        about = "" if took is None else hours(took * counts[stage])
        rows.append((stage, str(counts[stage]), about, hours(limit) if found else "", gib(memory)))
    expected = needs.core_hours or measured
    roughly = f"roughly {hours(expected / cores)}" if expected else "how long is known once some have run"
    total = (
        f"{sum(counts.values())} jobs on {cores} cores: {roughly}, at most {hours(most / cores)}, where jobs are "
        "stopped;"
        f" memory of one job up to {gib(most_mb)}; disk for the data "
        f"{f'roughly {gib(needs.disk_mb)}' if needs.disk_mb else 'unknown'}"
    )
    return "\n".join([*_table(("stage", "jobs", "took here", "at most", "memory of one"), rows), total])


class Needs:
    """Disk in MiB and core-hours of the jobs left, as far as the plugins know the sources of their data.

    Raw shards go when they are prepared; how many are there at once, only `raw_shards` bounds.
    """

    def __init__(self, settings: Settings, jobs: Sequence[PlannedJob], left: Sequence[PlannedJob], registry: Registry):
        self.disk_mb = self.core_hours = 0.0
        for challenge, dataset in dict.fromkeys((job.challenge, job.dataset) for job in left):
            source = _source(settings, registry, challenge, dataset)
            share = {stage: _share(jobs, left, challenge, dataset, stage) for stage in ("", "download", "preprocess")}
            shards = sum((job.challenge, job.dataset, job.stage) == (challenge, dataset, "download") for job in jobs)
            if settings.raw_shards and not settings.keep_raw:
                share["download"] = min(share["download"], settings.raw_shards / max(shards, 1))
            self.disk_mb += share["download"] * source.raw_mb + share["preprocess"] * source.prepared_mb
            self.core_hours += share[""] * source.core_hours


def _source(settings: Settings, registry: Registry, challenge: str, dataset: str) -> Source:
    chosen = settings.challenges[challenge].datasets[dataset].source
    declared = {each.name: each for each in registry.challenge(challenge).datasets}.get(dataset)
    return declared.sources.get(chosen, Source()) if declared else Source()


def _share(jobs: Iterable[PlannedJob], left: Iterable[PlannedJob], challenge: str, dataset: str, stage: str) -> float:
    """The share of a dataset's jobs, of one stage or of all, that are left."""
    some, all_ = (
        sum((job.challenge, job.dataset) == (challenge, dataset) and stage in ("", job.stage) for job in listed)
        for listed in (left, jobs)
    )
    return some / max(all_, 1)


def _limit(jobs: Sequence[PlannedJob]) -> float:
    """Core-hours at which a job of the stage is stopped, on average."""
    return sum(job.resources.runtime * job.resources.threads for job in jobs) / 60 / max(len(jobs), 1)


def _took(jobs: Sequence[PlannedJob]) -> float | None:
    """Mean hours of the jobs that have run here, from Snakemake's benchmarks; None where none has."""
    seconds = [float(row["s"]) for job in jobs for row in _rows(Path(job.benchmark))]
    return sum(seconds) / len(seconds) / 3600 if seconds else None


def _rows(benchmark: Path) -> list[dict[str, str]]:
    if not benchmark.exists():
        return []
    with open(benchmark, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def hours(count: float) -> str:
    """Hours as people read them: "3.1 min"."""
    return f"{count * 60:.1f} min" if count < 1 else f"{count:.1f} h" if count < 100 else f"{count:.0f} h"


def gib(mb: float) -> str:
    """MiB as people read them: "2.9 GiB"; empty for none."""
    return f"{mb / 1024:.1f} GiB" if mb >= 100 else f"{mb:.0f} MiB" if mb else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        yield "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
