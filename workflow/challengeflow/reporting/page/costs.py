"""What a variant took, from Snakemake's benchmarks and the notes beside outputs.

A model is charged with all it takes to get from prepared data to scores: training, prediction, scoring, pictures; an
ensemble with that of its members too. What models share, the data, is told by stage.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from challengeflow.contract.samples import read_samples
from challengeflow.planning.plan import Plan
from challengeflow.running.provenance import SUFFIX

Benchmark = Sequence[str]
"""Stage, dataset, variant (empty where there is none) and file of a job."""


@dataclass(frozen=True)
class Cost:
    """cpu_hours: of all its jobs; peak_mb: largest resident memory of one; seconds_a_case: of prediction. None: not
    known, and of controls not worth knowing."""

    cpu_hours: float | None
    peak_mb: float | None
    seconds_a_case: float | None


@dataclass(frozen=True)
class StageCost:
    """All jobs of a stage of one challenge."""

    stage: str
    jobs: int
    cpu_seconds: float
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class _Job:
    """One benchmark; peak_mb is None where Snakemake saw too little of the job."""

    stage: str
    seconds: float
    cpu_seconds: float
    peak_mb: float | None


class Costs:
    """The costs of one challenge's variants and stages."""

    def __init__(self, plan: Plan, benchmarks: Iterable[Benchmark]):
        """benchmarks: of the list of jobs, so that what another config left behind is no cost of this run."""
        self.plan, self.benchmarks = plan, list(benchmarks)
        self._sizes: dict[str, int] = {}

    def of(self, dataset: str, variant: str) -> Cost:
        """What a variant took, and what it takes for a case."""
        behind = dict.fromkeys([variant, *self.plan.members(variant)])
        mine = [each for each in self.benchmarks if each[1] == dataset and each[2] in behind]
        jobs = list(_jobs(mine))
        peaks = [job.peak_mb for job in jobs if job.peak_mb is not None]
        cpu = sum(job.cpu_seconds for job in jobs) / 3600 if jobs else None
        models = [] if self.plan.models[variant].kind == "control" else behind
        return Cost(cpu, max(peaks) if peaks else None, self._seconds_a_case(dataset, models))

    def stages(self) -> list[StageCost]:
        """What each stage took, the longest first."""
        by_stage: dict[str, list[_Job]] = defaultdict(list)
        for job in _jobs(self.benchmarks):
            by_stage[job.stage].append(job)
        rows = [
            StageCost(
                stage,
                len(jobs),
                sum(job.cpu_seconds for job in jobs),
                sum(job.seconds for job in jobs),
                max((job.peak_mb or 0) for job in jobs),
            )
            for stage, jobs in by_stage.items()
        ]
        return sorted(rows, key=lambda row: -row.cpu_seconds)

    def _seconds_a_case(self, dataset: str, variants: Iterable[str]) -> float | None:
        seconds, cases = 0.0, 0
        for place, variant in enumerate(variants):
            for shard in self.plan.shards(dataset):
                note = Path(self.plan.predictions(dataset, variant, shard) + SUFFIX)
                if note.is_file():
                    seconds += json.loads(note.read_text())["seconds"]
                    cases += self._size(self.plan.index(shard)) if place == 0 else 0
        return seconds / cases if cases else None

    def _size(self, index: str) -> int:
        if index not in self._sizes:
            self._sizes[index] = len(read_samples(Path(index)))
        return self._sizes[index]


def _jobs(benchmarks: Iterable[Benchmark]) -> Iterator[_Job]:
    """What has been measured of them."""
    for stage, _, _, path in benchmarks:
        if not Path(path).is_file():
            continue
        with open(path, newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                seconds = _number(row["s"]) or 0.0
                cpu = _number(row.get("cpu_time"))
                yield _Job(stage, seconds, seconds if cpu is None else cpu, _number(row["max_rss"]))


def _number(text: str | None) -> float | None:
    """None where a job was too short to be measured."""
    try:
        return float(text or "")
    except ValueError:
        return None
