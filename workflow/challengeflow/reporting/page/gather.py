"""What a run has left on disk, read once: scores, pictures, notes and submissions of every variant of the config."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from challengeflow.contract.direction import sign
from challengeflow.planning.layout import Layout
from challengeflow.planning.plan import Plan
from challengeflow.planning.settings import VariantSettings, challenge_settings
from challengeflow.reporting.ending import warnings_of
from challengeflow.reporting.page.costs import Cost, Costs, StageCost
from challengeflow.reporting.paired import Difference, difference
from challengeflow.running import check_pictures
from challengeflow.running.provenance import SUFFIX


@dataclass(frozen=True)
class Result:
    """A variant's score of one split. `scaled`: 0 what the random control scores, 1 what the perfect one does."""

    split: str
    score: float
    low: float
    high: float
    scaled: float | None
    detail: Mapping[str, Any]
    entry: Mapping[str, Any]

    @property
    def metrics(self) -> Mapping[str, float]:
        """The further metrics, by name."""
        found: Mapping[str, float] = self.entry.get("metrics", {})
        return found

    @property
    def warnings(self) -> list[str]:
        """What the plugin warns of: sentences in `detail["warnings"]`."""
        found = self.detail.get("warnings", [])
        return [str(each) for each in found] if isinstance(found, list) else []


@dataclass(frozen=True)
class Reference:
    """A published result on the very data of a split. Nothing of it was measured in this run."""

    system: str
    score: float
    source: str


@dataclass(frozen=True)
class Variant:
    """A scored variant of a dataset with everything known of it."""

    challenge: str
    dataset: str
    name: str
    entry: VariantSettings
    summary: str
    results: tuple[Result, ...]
    failed: tuple[Mapping[str, str], ...]
    cost: Cost
    pictures: tuple[Mapping[str, Any], ...]
    folder: Path
    notes: Mapping[str, Mapping[str, Any]]

    @property
    def id(self) -> str:
        """Of its page."""
        return f"{self.challenge}/{self.dataset}/{self.name}"

    @property
    def kind(self) -> str:
        return self.entry.kind


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

    @property
    def direction(self) -> str:
        """Of the metric that ranks: whether its higher or its lower scores are better."""
        return str(self.about["direction"])

    @cached_property
    def variants(self) -> list[Variant]:
        """Of every dataset those that have been scored, the best of the first split first."""
        found = [
            self._variant(*pair) for pair in self.plan.with_scores() if self._there(self.plan.layout.scores(*pair))
        ]
        datasets = list(self.plan.datasets)
        return sorted(found, key=lambda v: (datasets.index(v.dataset), -sign(self.direction) * v.results[0].score))

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
        best = next((v for v in self.variants if v.dataset == variant.dataset and v.kind != "control"), None)
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
    def submissions(self) -> list[dict[str, Any]]:
        """Kind, name, what answers it, its files (paths below the results folder) with their sizes, and warnings."""
        found = []
        for kind, named in self.plan.submissions.items():
            for name, chosen in named.items():
                folder = Path(self.plan.layout.submission(kind, name))
                if self._there(str(folder)):
                    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
                    shown = [(str(p.relative_to(folder)), self.href(p), p.stat().st_size) for p in files]
                    warnings = warnings_of(folder)
                    found.append({"kind": kind, "name": name, "answers": chosen, "files": shown, "warnings": warnings})
        return found

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
            chance = self._control(dataset, "control-random").get(split)
            best = self._control(dataset, "control-perfect").get(split)
            scaled = None
            if chance is not None and best is not None and best != chance:
                scaled = (entry["score"] - chance) / (best - chance)
            low, high = entry["interval"]
            yield Result(split, entry["score"], low, high, scaled, entry.get("detail", {}), entry)

    def _control(self, dataset: str, control: str) -> dict[str, float]:
        """Split -> score, none where the control is not run or not done."""
        if (dataset, control) not in self._controls:
            path = self._scores(dataset, control)
            splits = json.loads(path.read_text())["splits"] if self._there(str(path)) else {}
            self._controls[dataset, control] = {split: entry["score"] for split, entry in splits.items()}
        return self._controls[dataset, control]

    @cached_property
    def _controls(self) -> dict[tuple[str, str], dict[str, float]]:
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
    "ensemble": "the weighted mean of other variants' scores",
    "control-perfect": "control: the gold itself, what a perfect answer scores",
    "control-prior": "control: the mean of the gold of the other folds, a constant",
    "control-random": "control: scores drawn at random",
}
