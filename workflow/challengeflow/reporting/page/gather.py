"""What a run has left on disk, read once: scores, pictures, notes and submissions of every variant of the config."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from challengeflow.contract.direction import sign
from challengeflow.planning.layout import Layout
from challengeflow.planning.plan import Plan
from challengeflow.planning.settings import challenge_settings
from challengeflow.reporting.chance import guessing
from challengeflow.reporting.page import handed
from challengeflow.reporting.page.costs import Costs, StageCost
from challengeflow.reporting.page.results import Reference, Result, Variant
from challengeflow.reporting.paired import Difference, difference
from challengeflow.running import check_pictures, warn
from challengeflow.running.provenance import SUFFIX


class Gathered:
    """One challenge of a run; `subject`: its part of what `report.subject` gives."""

    def __init__(self, name: str, subject: Mapping[str, Any]):
        self.name, self.subject, self.about = name, subject, subject["about"]
        self.plan = Plan(name, challenge_settings(subject))
        self.costs = Costs(self.plan, subject["benchmarks"])
        self._stale: Mapping[str, str] = subject.get("stale", {})

    def _there(self, path: str) -> bool:
        """Whether a result is there, and is this run's."""
        return path not in self._stale and Path(path).exists()

    @cached_property
    def generated(self) -> frozenset[str]:
        """The datasets that are demos, and those of which there is nothing but models of a demo."""
        return frozenset(name for name in self.plan.datasets if warn.trained_on_generated(self.plan, name))

    def learnt_from_generated(self, on: str) -> bool:
        """Whether a dataset is real, and its answers are those of models of a demo."""
        return warn.learnt_from_generated(self.plan, on)

    @property
    def direction(self) -> str:
        """Of the metric that ranks: whether its higher or its lower scores are better."""
        return str(self.about["direction"])

    @cached_property
    def variants(self) -> list[Variant]:
        """Of every dataset those that have been scored, the best of the first split first, the controls last."""
        found = [
            self._variant(*pair) for pair in self.plan.with_scores() if self._there(self.plan.layout.scores(*pair))
        ]
        datasets = list(self.plan.datasets)
        return sorted(found, key=lambda v: (datasets.index(v.dataset), *self.rank(v, v.results[0])))

    def rank(self, variant: Variant, result: Result) -> tuple[bool, float]:
        """Where a score belongs in a table: controls are yardsticks and stand below all models."""
        return variant.kind == "control", -sign(self.direction) * result.score

    def models(self, dataset: str) -> list[Variant]:
        """The scored models of a dataset, without controls, the best first."""
        return [each for each in self.variants if each.dataset == dataset and each.kind != "control"]

    @property
    def waiting(self) -> list[str]:
        """What is planned and not scored yet, or was scored by another config or code."""
        paths = {"/".join(pair): self.plan.layout.scores(*pair) for pair in self.plan.with_scores()}
        stale = {
            name: f" (what is there is stale: {why})" for name, path in paths.items() if (why := self._stale.get(path))
        }
        return [name + stale.get(name, "") for name, path in paths.items() if not self._there(path)]

    @property
    def stages(self) -> list[StageCost]:
        return self.costs.stages()

    def references(self, dataset: str, split: str) -> list[Reference]:
        """Published results that stand beside the scores of a split, as the plugin gives them in
        `detail["references"]`."""
        for variant in self.variants:
            for result in variant.results:
                if (variant.dataset, result.split) == (dataset, split) and "references" in result.detail:
                    known = result.detail["references"]
                    return [Reference(each["system"], each["score"], each["source"]) for each in known]
        return []

    def behind_best(self, variant: Variant) -> Difference | None:
        """The best variant of its dataset against this one, on the split that ranks.

        None of the best itself and of controls.
        """
        best = next(iter(self.models(variant.dataset)), None)
        if best is None or variant.kind == "control" or variant is best:
            return None
        return difference(best.results[0].entry, variant.results[0].entry, self.direction)

    @cached_property
    def sizes(self) -> dict[str, Counter[str]]:
        """Dataset -> number of samples by split."""
        found = {}
        for dataset in self.plan.datasets:
            path = self.plan.layout.samples(dataset)
            if self._there(path):
                with open(path, newline="") as file:
                    found[dataset] = Counter(row["split"] for row in csv.DictReader(file))
        return found

    @cached_property
    def submissions(self) -> list[handed.Handed]:
        """What there is to hand in, or to read."""
        named = [(kind, name, chosen) for kind, each in self.plan.submissions.items() for name, chosen in each.items()]
        folders = [Path(self.plan.layout.submission(kind, name)) for kind, name, _ in named]
        return [
            handed.read(self.plan, self.about["submissions"].get(kind, {}), folder, kind, name, chosen)
            for folder, (kind, name, chosen) in zip(folders, named, strict=True)
            if self._there(str(folder))
        ]

    def href(self, path: Path) -> str:
        """A path as the report, which lies in the results folder, links it."""
        return Path(os.path.relpath(path, self.subject["results"])).as_posix()

    def _scores(self, dataset: str, variant: str) -> Path:
        return Path(self.plan.layout.scores(dataset, variant))

    def _variant(self, dataset: str, name: str) -> Variant:
        scores, entry = json.loads(self._scores(dataset, name).read_text()), self.plan.models[name]
        folder = Path(self.plan.layout.pictures(dataset, name))
        drawn = check_pictures.read(folder) if self._there(str(folder)) and (folder / "pictures.json").is_file() else []
        return Variant(
            self.name,
            dataset,
            name,
            entry,
            self.about["models"].get(entry.model, BUILT_IN.get(entry.model, "")),
            tuple(self._results(dataset, scores["splits"])),
            tuple(scores["failed"]),
            self.costs.of(dataset, name),
            tuple(drawn),
            folder,
            self._notes(dataset, name),
        )

    def _results(self, dataset: str, splits: Mapping[str, Any]) -> Iterator[Result]:
        for split in (known for known in self.plan.datasets[dataset].splits if known in splits):
            entry = splits[split]
            chance = guessing(entry, str(self.about["chance"]), self._control(dataset, "control-random").get(split))
            best = self._control(dataset, "control-perfect").get(split, {}).get("score")
            scaled = None
            if chance is not None and best is not None and best != chance:
                scaled = (entry["score"] - chance) / (best - chance)
            low, high = entry["interval"]
            yield Result(split, entry["score"], low, high, chance, scaled, entry.get("detail", {}), entry)

    def _control(self, dataset: str, control: str) -> dict[str, dict[str, Any]]:
        """Split -> entry of scores.json, none where the control is not run or not done."""
        if (dataset, control) not in self._controls:
            path = self._scores(dataset, control)
            found = json.loads(path.read_text())["splits"] if self._there(str(path)) else {}
            self._controls[dataset, control] = found
        return self._controls[dataset, control]

    @cached_property
    def _controls(self) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
        return {}

    def _notes(self, dataset: str, variant: str) -> dict[str, Any]:
        """The notes beside its models, scores and pictures, by what they are about."""
        layout: Layout = self.plan.layout
        paths = {"scores": layout.scores(dataset, variant), "pictures": layout.pictures(dataset, variant)}
        if self.plan.models[variant].kind == "trained":
            folders = self.plan.fold_models(dataset, variant)
            paths = {Path(folder).name: folder for folder in folders} | paths
        notes = {what: Path(path + SUFFIX) for what, path in paths.items()}
        return {what: json.loads(path.read_text()) for what, path in notes.items() if path.is_file()}


BUILT_IN = {
    "ensemble": "several models together: the weighted mean of their answers",
    "control-perfect": "a yardstick, no model: the right answers",
    "control-prior": "a yardstick, no model: always the average of the training labels",
    "control-random": "a yardstick, no model: answers drawn at random",
}
