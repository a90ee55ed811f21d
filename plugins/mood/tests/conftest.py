"""Runs the hooks of the mood plugin in a folder, as the workflow would: what all its tests of stages share."""

import importlib
import json
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

import challengeflow_mood as plugin
from challengeflow import (
    Answers,
    DownloadJob,
    Member,
    Model,
    PackageJob,
    PredictJob,
    PreprocessJob,
    Progress,
    Sample,
    ScoreJob,
    Shard,
    TrainJob,
    read_samples,
    write_samples,
)
from challengeflow.arrays import Predictions, Writer
from challengeflow_mood.data.preprocess import prepare
from challengeflow_mood.data.volumes import Scan
from challengeflow_mood.demo.phantoms import phantom
from challengeflow_mood.models import pca_residual

sys.path.append(str(Path(__file__).parent / "helpers"))

MODEL_DEFAULTS = {name: schema["default"] for name, schema in plugin.PCA_RESIDUAL.parameters.items()}


def stage(name: str):
    """The function of a stage, as the core finds it."""
    return getattr(importlib.import_module(plugin.MOOD.stages[name]), name)


def member_of(model: Model, parameters: dict, models: tuple[Path, ...], weight: float = 1.0) -> Member:
    """A trained model behind the answers, with what the plugin declares of it."""
    return Member(model.name, parameters, models, weight, module=model.module, summary=model.summary)


@dataclass
class Run:
    """One dataset in one folder; `parameters` override the defaults of every stage that has them."""

    root: Path
    dataset: str = "brain"
    source: str = "demo"
    splits: tuple[str, ...] = ("train", "proxy", "test")
    gold: tuple[str, ...] = ("proxy", "test")
    parameters: dict = field(default_factory=dict)
    folds: int = 2
    archives: dict = field(default_factory=dict)
    shards: list[Shard] = field(default_factory=list)

    def folder(self, *names: str) -> Path:
        path = self.root.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def common(self, stage: str, **parameters) -> dict:
        schema = plugin.MOOD.schema.get(stage, {})
        values = {name: entry["default"] for name, entry in schema.items()}
        values |= {name: value for name, value in self.parameters.items() if name in schema}
        return {
            "challenge": "mood",
            "dataset": self.dataset,
            "parameters": values | parameters,
            "seed": 0,
            "threads": 1,
            "device": "cpu",
            "work": self.folder("work", stage),
            "progress": Progress(stage),
        }

    def download(self, part: str, output: Path, **more) -> None:
        stage("download")(
            DownloadJob(
                **self.common("download"),
                part=part,
                source=self.source,
                splits=self.splits,
                gold_splits=self.gold,
                archives=self.archives,
                gold=self.folder("index-gold"),
                output=output,
                **more,
            )
        )

    def index(self) -> tuple[Sample, ...]:
        if self.source == "demo":
            for name in ("train", "toy"):
                self.download("archive", self.folder("archives", name), archive=name)
            self.archives = {name: self.root / "archives" / name for name in ("train", "toy")}
        self.download("index", self.folder("index"))
        return read_samples(self.root / "index" / "samples.csv")

    def prepare(self) -> "Run":
        """Index, download and preprocess every shard: one a split, in train one a fold."""
        samples = self.index()
        groups = sorted({sample.group for sample in samples if sample.split == "train"})
        parts: dict[str, list[Sample]] = {}
        for sample in samples:
            fold = f"-{groups.index(sample.group) % self.folds}" if sample.split == "train" else ""
            parts.setdefault(sample.split + fold, []).append(sample)
        self.shards = [self.shard(name, tuple(part)) for name, part in parts.items()]
        return self

    def shard(self, name: str, samples: tuple[Sample, ...]) -> Shard:
        split = samples[0].split
        labelled = split in self.gold
        raw, index = self.folder("raw", name), self.folder("shards", name)
        write_samples(index, samples)
        self.download("shard", raw, shard=name, samples=samples)
        prepared, gold = self.folder("prepared", name), self.folder("gold", name)
        stage("preprocess")(
            PreprocessJob(
                **self.common("preprocess"),
                shard=name,
                split=split,
                samples=samples,
                labelled=labelled,
                source=self.source,
                raw=raw,
                index_gold=self.root / "index-gold",
                prepared=prepared,
                gold=gold,
            )
        )
        fold = int(name.rsplit("-", 1)[1]) if split == "train" else None
        return Shard(name, split, fold, index / "samples.csv", prepared, gold if labelled else None)

    def train(self, fold: int | None = 0, name: str | None = None) -> Path:
        output = self.folder("models", name or f"fold-{fold}")
        shards = tuple(replace(s, gold=None) for s in self.shards if s.split == "train" and s.fold != fold)
        job = self.common("train", **MODEL_DEFAULTS)
        pca_residual.train(TrainJob(**job, model="pca-residual", fold=fold, shards=shards, output=output))
        return output

    def predict(self, models: tuple[Path, ...], split: str, name: str = "predictions") -> list[Shard]:
        shards = []
        for shard in self.shards:
            if shard.split == split:
                job = self.common("predict", **MODEL_DEFAULTS)
                output = self.folder(name, shard.name)
                blind = replace(shard, gold=None)
                pca_residual.predict(PredictJob(**job, model="pca-residual", models=models, shard=blind, output=output))
                shards.append(replace(shard, predictions=output))
        return shards

    def score(self, shards: list[Shard], name: str = "pca-residual") -> dict:
        folder = self.folder("scores", name)
        job = self.common("score")
        stage("score")(
            ScoreJob(
                **job,
                model=name,
                shards=tuple(shards),
                scores=folder / "scores.json",
                decision=folder / "decision.json",
            )
        )
        return json.loads((folder / "scores.json").read_text())

    def answers(self, shards: list[Shard], models: tuple[Path, ...]) -> Answers:
        decision = self.root / "scores" / "pca-residual" / "decision.json"
        member = member_of(plugin.PCA_RESIDUAL, MODEL_DEFAULTS, models)
        return Answers(self.dataset, "pca-residual", self.source, tuple(shards), decision, (member,))

    def package(self, submission: str, answers: dict[str, Answers], name: str = "made") -> Path:
        output = self.folder(name)
        job = self.common("package")
        stage("package")(PackageJob(**job, submission=submission, name="made", answers=answers, output=output))
        return output


SMALL = {"demo_size": 40, "demo_train": 16, "demo_toy": 5, "grid": 32, "bootstrap_rounds": 50, "proof_cases": 1}


@pytest.fixture(scope="session")
def mood_run():
    """The class `Run`, for a run of one's own."""
    return Run


@pytest.fixture(scope="session")
def mood_small() -> dict:
    """Parameters of a demo that takes seconds."""
    return dict(SMALL)


def _whole(root: Path, dataset: str) -> Run:
    run = Run(root, dataset, parameters=dict(SMALL)).prepare()
    run.models = (run.train(0), run.train(1))
    run.scored = run.predict(run.models, "proxy") + run.predict(run.models, "test")
    run.scores = run.score(run.scored)
    return run


@pytest.fixture(scope="session")
def mood_brain(tmp_path_factory) -> Run:
    """A small brain demo, run up to its scores. Read it, do not change it."""
    return _whole(tmp_path_factory.mktemp("brain"), "brain")


@pytest.fixture(scope="session")
def mood_abdom(tmp_path_factory) -> Run:
    """A small abdomen demo, run up to its scores. Read it, do not change it."""
    return _whole(tmp_path_factory.mktemp("abdom"), "abdom")


@pytest.fixture(scope="session")
def mood_real() -> Path:
    """The folder of real scans; the test skips without it."""
    default = Path(__file__).resolve().parents[3].parent / "shared" / "data"
    folder = Path(os.environ.get("CHALLENGEFLOW_DATA", default)) / "mood"
    if not folder.is_dir():
        pytest.skip(f"no real scans at {folder}; set CHALLENGEFLOW_DATA to the folder that holds mood/")
    return folder


@pytest.fixture(scope="session")
def mood_heads(tmp_path_factory) -> Shard:
    """A shard of eight prepared healthy heads of 16^3, and one that could not be read. Read it, do not change it."""
    folder, side = tmp_path_factory.mktemp("heads"), 16
    names = [f"head-{number}" for number in range(8)]
    write_samples(folder, [Sample(name, "train", name) for name in [*names, "lost"]])
    with Writer(folder / "prepared") as out:
        for number, name in enumerate(names):
            volume = phantom("brain", 32, np.random.default_rng(number))
            scan = Scan(volume, None, {"affine": np.eye(4).tolist()})
            facts, arrays = prepare(scan, side)
            out.add(name, facts, **arrays)
        out.add("lost", {"status": "file missing", "shape": [1, side, side, side]})
    return Shard("train-f0-000", "train", 0, folder / "samples.csv", folder / "prepared")


class SmallModel:
    """Trains and predicts one model on `mood_heads`, in a folder; `parameters` override its defaults."""

    def __init__(self, folder: Path, model: Model, parameters: dict, shard: Shard):
        self.folder, self.model, self.parameters, self.shard = folder, model, parameters, shard

    def common(self, **parameters) -> dict:
        defaults = {name: schema["default"] for name, schema in self.model.parameters.items()}
        (self.folder / "work").mkdir(parents=True, exist_ok=True)
        return {
            "challenge": "mood",
            "dataset": "brain",
            "parameters": defaults | self.parameters | parameters,
            "seed": 3,
            "threads": 1,
            "device": "cpu",
            "work": self.folder / "work",
            "progress": Progress("test"),
            "model": self.model.name,
        }

    def train(self, name: str = "model", **parameters) -> Path:
        output = self.folder / name
        output.mkdir(parents=True)
        importlib.import_module(self.model.module).train(
            TrainJob(**self.common(**parameters), fold=None, shards=(self.shard,), output=output)
        )
        return output

    def predict(self, *models: Path, **parameters) -> Predictions:
        output = self.folder / "predictions"
        importlib.import_module(self.model.module).predict(
            PredictJob(**self.common(**parameters), models=models, shard=self.shard, output=output)
        )
        return Predictions(output)


@pytest.fixture(scope="session")
def mood_models(mood_heads):
    """Makes a `SmallModel`: folder, declared model, parameters."""
    return lambda folder, model, parameters: SmallModel(folder, model, parameters, mood_heads)
