"""The demo of a challenge in a folder: every stage as a step, to be run once, again, or killed part way."""

import copy
import glob
import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from challengeflow.contract.samples import read_samples
from challengeflow.planning.plan import Plan
from challengeflow.planning.plugins import registry
from challengeflow.running.provenance import content_hash
from challengeflow.testing.stage_process import StageError, StageProcess


@dataclass(frozen=True)
class Step:
    """One stage of a run: a method of `Stages`, its arguments, and what it makes, below the run's folder."""

    hook: str
    method: str
    arguments: tuple[Any, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join([self.method, *(str(argument) for argument in self.arguments)])


class DemoRun:
    """The run of a plan below `folder`, its stages run by `process`."""

    def __init__(self, folder: Path, plan: Plan, process: StageProcess):
        self.folder, self.process = folder, process
        self.plan = Plan(plan.challenge, {**copy.deepcopy(plan.config), "results": str(folder)})

    # -- steps ----------------------------------------------------------------------------------------------------

    def data(self) -> Iterator[Step]:
        """Download and preparation of every dataset, bases first."""
        layout = self.plan.layout
        for dataset in self.plan.datasets:
            for archive, path in self.plan.archives(dataset).items():
                yield self._step("download", "archive", (dataset, archive), path)
            yield self._step("download", "index", (dataset,), layout.index(dataset))
            for shard in self.plan.own_shards(dataset):
                raw, prepared, gold = (path(dataset, shard.own) for path in (layout.raw, layout.prepared, layout.gold))
                yield self._step("download", "shard", (dataset, shard.own), raw)
                yield self._step("preprocess", "preprocess", (dataset, shard.own), prepared, gold)

    def training(self) -> Iterator[Step]:
        """Every model of every fold (and the refit, where it is asked for)."""
        for dataset, variant in self.trained():
            folds: list[int | None] = list(range(self.plan.datasets[dataset]["folds"]))
            folds += [None] if self.plan.models[variant]["refit"] else []
            for fold in folds:
                path = self.plan.layout.model(dataset, variant, "all" if fold is None else fold)
                yield self._step("train", "train", (dataset, variant, fold), path)

    def predicting(self, *variants: str) -> Iterator[Step]:
        """Predictions of every shard of every dataset that the variants answer."""
        for on in self.plan.datasets:
            dataset = self.plan.home_of_models(on)
            for variant in variants:
                for shard in self.plan.shards(on):
                    if variant != "control-perfect" or self.plan.has_gold(on, shard.split):
                        path = self.plan.predictions(dataset, variant, shard)
                        yield self._step("predict", "predict", (dataset, variant, shard.name, on), path)

    def scoring(self, *variants: str) -> Iterator[Step]:
        """Scores of the variants on every dataset with gold."""
        layout = self.plan.layout
        for dataset, variant in self.plan.scored():
            if variant in variants:
                paths = (layout.scores(dataset, variant), layout.decision(dataset, variant))
                yield self._step("score", "score", (dataset, variant), *paths)

    def drawing(self) -> Iterator[Step]:
        """Pictures of everything that is scored, where the plugin draws."""
        if registry().draws(self.plan.challenge):
            for pair in self.plan.drawn():
                yield self._step("draw", "draw", pair, self.plan.layout.pictures(*pair))

    def packaging(self) -> Iterator[Step]:
        """Every submission."""
        for submission, named in self.plan.submissions.items():
            for name in named:
                path = self.plan.layout.submission(submission, name)
                yield self._step("package", "package", (submission, name), path)

    def everything(self, *controls: str) -> Iterator[Step]:
        """All steps, each after what it needs, and some of the controls."""
        scored = [*(v for v, entry in self.plan.models.items() if entry["kind"] != "control"), *controls]
        yield from (*self.data(), *self.training(), *self.predicting(*scored))
        yield from (*self.scoring(*scored), *self.drawing(), *self.packaging())

    def _step(self, hook: str, method: str, arguments: tuple[Any, ...], *outputs: str) -> Step:
        return Step(hook, method, arguments, tuple(os.path.relpath(path, self.folder) for path in outputs))

    def trained(self) -> list[tuple[str, str]]:
        """(dataset, variant) of everything that is trained."""
        variants = [variant for variant, entry in self.plan.models.items() if entry["kind"] == "trained"]
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

    # -- running --------------------------------------------------------------------------------------------------

    def attempt(self, step: Step, interrupt: bool = False) -> StageError | None:
        """Run a step and return what went wrong. `interrupt`: its hook does all its work, and then the stage fails."""
        self.process.order(self._order(step, interrupt))
        return self.process.answer()

    def kill(self, step: Step) -> None:
        """Kill the process of a step part way: at its first checkpoint, at a random moment where it makes none."""
        work = self.folder / ".work" / self.plan.challenge
        shutil.rmtree(work, ignore_errors=True)
        note = Path(f"{self.folder / step.outputs[0]}.provenance.json")
        patience = random.random() * (json.loads(note.read_text())["seconds"] + 0.5)
        started = None
        # glob.glob, unlike Path.glob, takes it calmly that a folder goes while it looks.
        begun = f"{glob.escape(str(work))}/{step.hook}-*"
        self.process.order(self._order(step, False))
        while not self.process.answered(0.005):
            started = started or (time.monotonic() if glob.glob(begun) else None)
            if glob.glob(f"{begun}/*") or (started and time.monotonic() - started > patience):
                break
        self.process.kill()

    def _order(self, step: Step, interrupt: bool) -> dict[str, Any]:
        order = {"challenge": self.plan.challenge, "config": self.plan.config, "interrupt": interrupt}
        return order | {"method": step.method, "arguments": step.arguments}

    # -- results --------------------------------------------------------------------------------------------------

    def hashes(self, step: Step) -> list[str | None]:
        """The content of a step's outputs; None for what is not there."""
        paths = [self.folder / output for output in step.outputs]
        return [content_hash(path) if path.exists() else None for path in paths]

    def copy(self, folder: Path, process: StageProcess) -> "DemoRun":
        """A run that goes on, in another process, from a copy of this one's results."""
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".work"))
        return DemoRun(folder, self.plan, process)
