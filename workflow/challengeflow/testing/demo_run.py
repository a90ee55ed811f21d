"""The demo of a challenge in a folder: every job of it, to be run once, again, or killed part way."""

import glob
import json
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from challengeflow.contract.samples import read_samples
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import Plan
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.plugins import registry
from challengeflow.planning.settings import as_json
from challengeflow.running.provenance import content_hash
from challengeflow.testing.stage_process import StageError, StageProcess


class DemoRun:
    """The run of a plan below `folder`, its jobs run by `process`."""

    def __init__(self, folder: Path, plan: Plan, process: StageProcess):
        self.folder, self.process = folder, process
        self.plan = plan.at(str(folder))
        self.jobs = Jobs(self.plan, registry())

    # -- jobs -----------------------------------------------------------------------------------------------------

    def data(self) -> Iterator[PlannedJob]:
        """Download and preparation of every dataset, bases first."""
        stages = ("archive", "index", "download", "preprocess")
        return (self.jobs.get(stage, *parts) for stage, parts in self.jobs.needed() if stage in stages)

    def training(self) -> Iterator[PlannedJob]:
        """Every model of every fold (and the refit, where it is asked for)."""
        for dataset, variant in self.trained():
            folds = [str(fold) for fold in range(self.plan.datasets[dataset].folds)]
            for fold in [*folds, *(["all"] if self.plan.models[variant].refit else [])]:
                yield self.jobs.get("train", dataset, variant, fold)

    def predicting(self, *variants: str) -> Iterator[PlannedJob]:
        """Predictions of every shard of every dataset that the variants answer; by controls, of what is scored."""
        controls = [pair for pair in self.plan.controlled() if pair[1] in variants]
        for on in self.plan.datasets:
            dataset = self.plan.home_of_models(on)
            for variant in variants:
                if self.plan.models[variant].kind != "control":
                    for shard in self.plan.shards(on):
                        yield self.jobs.get("predict", dataset, variant, on, shard.name)
        yield from (self.jobs.get("control", *pair) for pair in controls)

    def scoring(self, *variants: str) -> Iterator[PlannedJob]:
        """Scores of the variants on every dataset with gold."""
        return (self.jobs.get("score", *pair) for pair in self.plan.scored() if pair[1] in variants)

    def drawing(self) -> Iterator[PlannedJob]:
        """Pictures of everything that is scored, where the plugin draws."""
        return (self.jobs.get("draw", *pair) for pair in self.jobs.drawn())

    def packaging(self) -> Iterator[PlannedJob]:
        """Every submission."""
        submissions = self.plan.submissions.items()
        return (self.jobs.get("package", kind, name) for kind, named in submissions for name in named)

    def everything(self, *controls: str) -> Iterator[PlannedJob]:
        """All jobs, each after what it needs, and some of the controls."""
        scored = [*(v for v, entry in self.plan.models.items() if entry.kind != "control"), *controls]
        yield from (*self.data(), *self.training(), *self.predicting(*scored))
        yield from (*self.scoring(*scored), *self.drawing(), *self.packaging())

    def trained(self) -> list[tuple[str, str]]:
        """(dataset, variant) of everything that is trained."""
        variants = [variant for variant, entry in self.plan.models.items() if entry.kind == "trained"]
        return [(dataset, variant) for dataset in self.plan.trainable() for variant in variants]

    def variants(self) -> list[str]:
        """The variants that are trained."""
        return list(dict.fromkeys(variant for _, variant in self.trained()))

    def smallest_shard(self) -> tuple[str, str]:
        """(dataset, shard) of the shard with the fewest samples that has some."""
        sizes = {}
        for dataset in self.plan.datasets:
            for shard in self.plan.own_shards(dataset):
                if samples := read_samples(Path(self.plan.index(shard))):
                    sizes[dataset, shard.own] = len(samples)
        return min(sizes, key=lambda key: (sizes[key], key))

    def own(self, job: PlannedJob) -> PlannedJob:
        """The same job of this run."""
        return self.jobs.get(job.stage, *job.parts)

    # -- running --------------------------------------------------------------------------------------------------

    def attempt(self, job: PlannedJob, interrupt: bool = False) -> StageError | None:
        """Run a job and return what went wrong. `interrupt`: its hook does all its work, and then the stage fails."""
        self.process.order(self._order(job, interrupt))
        return self.process.answer()

    def kill(self, job: PlannedJob) -> None:
        """Kill the process of a job part way: at its first checkpoint, at a random moment where it makes none."""
        work = self.folder / ".work" / self.plan.challenge
        shutil.rmtree(work, ignore_errors=True)
        note = Path(f"{self.own(job).outputs[0]}.provenance.json")
        patience = random.random() * (json.loads(note.read_text())["seconds"] + 0.5)
        started = None
        # glob.glob, unlike Path.glob, takes it calmly that a folder goes while it looks.
        begun = f"{glob.escape(str(work))}/{job.hook}-*"
        self.process.order(self._order(job, False))
        while not self.process.answered(0.005):
            started = started or (time.monotonic() if glob.glob(begun) else None)
            if glob.glob(f"{begun}/*") or (started and time.monotonic() - started > patience):
                break
        self.process.kill()

    def _order(self, job: PlannedJob, interrupt: bool) -> dict[str, Any]:
        order = {"challenge": self.plan.challenge, "config": as_json(self.plan.settings), "interrupt": interrupt}
        return order | {"stage": job.stage, "parts": job.parts}

    # -- results --------------------------------------------------------------------------------------------------

    def hashes(self, job: PlannedJob) -> list[str | None]:
        """The content of a job's outputs; None for what is not there."""
        paths = [Path(output) for output in self.own(job).outputs]
        return [content_hash(path) if path.exists() else None for path in paths]

    def without_gold(self) -> "DemoRun":
        """The same run of data that carries no gold."""
        datasets = {name: replace(entry, gold=()) for name, entry in self.plan.datasets.items()}
        plan = Plan(self.plan.challenge, replace(self.plan.settings, datasets=datasets))
        return DemoRun(self.folder, plan, self.process)

    def with_package(self, dataset: str, variant: str, package: Path) -> "DemoRun":
        """The same run, where the models of a variant come out of a model package."""
        entry = replace(self.plan.datasets[dataset], packages={variant: str(package)})
        plan = Plan(self.plan.challenge, replace(self.plan.settings, datasets={**self.plan.datasets, dataset: entry}))
        return DemoRun(self.folder, plan, self.process)

    def copy(self, folder: Path, process: StageProcess) -> "DemoRun":
        """A run that goes on, in another process, from a copy of this one's results."""
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".work"))
        return DemoRun(folder, self.plan, process)
