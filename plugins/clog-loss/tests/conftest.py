"""A demo of the clog-loss plugin run stage by stage, as the core would run it, shared by the tests of this folder."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import challengeflow_clog_loss as plugin
from challengeflow import (
    Answers,
    DownloadJob,
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
from challengeflow_clog_loss.answers import package
from challengeflow_clog_loss.data import download, preprocess, tables
from challengeflow_clog_loss.models import roi_features
from challengeflow_clog_loss.models.declarations import ROI_FEATURES
from challengeflow_clog_loss.scoring import score

sys.path.append(str(Path(__file__).parent / "helpers"))

FOLDS = 3


def defaults(schema: Mapping[str, Mapping]) -> dict:
    return {name: value["default"] for name, value in schema.items()}


@dataclass(frozen=True)
class Stages:
    """Runs stages into folders below `root`."""

    root: Path

    def folder(self, *parts: str) -> Path:
        path = self.root.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def common(self, section: str, work: str, **parameters) -> dict:
        known = defaults(ROI_FEATURES.parameters if section == "model" else plugin.SCHEMA.get(section, {}))
        return {
            "challenge": "clog-loss",
            "dataset": "nano",
            "seed": 0,
            "threads": 1,
            "device": "cpu",
            "progress": Progress("test"),
            "parameters": known | parameters,
            "work": self.folder("work", work),
        }

    def index(
        self, source: str, splits=("train", "test"), gold=("train",), dataset="nano", memory_mb=None, **parameters
    ):
        job = DownloadJob(
            **self.common("download", "index", **parameters) | {"dataset": dataset, "memory_mb": memory_mb},
            part="index",
            source=source,
            splits=splits,
            gold_splits=gold,
            archives={},
            gold=self.folder("index-gold"),
            output=self.folder("index"),
        )
        download.download(job)
        return read_samples(job.output / "samples.csv")

    def download(self, source: str, shard: str, samples: tuple[Sample, ...], **parameters) -> Path:
        job = DownloadJob(
            **self.common("download", f"download-{shard}", **parameters),
            part="shard",
            source=source,
            splits=("train", "test"),
            gold_splits=("train",),
            archives={},
            shard=shard,
            samples=samples,
            gold=self.folder("index-gold"),
            output=self.folder("raw", shard),
        )
        download.download(job)
        return job.output

    def preprocess(
        self, shard: str, samples: tuple[Sample, ...], labelled: bool, threads: int = 1, **parameters
    ) -> Shard:
        split, _, fold = shard.partition("-")
        job = PreprocessJob(
            **self.common("preprocess", f"preprocess-{shard}", **parameters) | {"threads": threads},
            shard=shard,
            split=split,
            samples=samples,
            labelled=labelled,
            source="demo",
            raw=self.folder("raw", shard),
            index_gold=self.folder("index-gold"),
            prepared=self.folder("prepared", shard),
            gold=self.folder("gold", shard),
        )
        preprocess.preprocess(job)
        write_samples(self.folder("shards", shard), samples)
        table = self.root / "shards" / shard / "samples.csv"
        number = int(fold) if split == "train" else None
        return Shard(shard, split, number, table, job.prepared, job.gold if labelled else None)

    def train(self, name: str, shards, fold: int | None, **parameters) -> Path:
        job = TrainJob(
            **self.common("model", f"train-{name}", **parameters),
            model="roi-features",
            fold=fold,
            shards=tuple(shards),
            output=self.folder("models", name),
        )
        roi_features.train(job)
        return job.output

    def predict(self, name: str, shard: Shard, models) -> Shard:
        job = PredictJob(
            **self.common("model", f"predict-{name}-{shard.name}"),
            model="roi-features",
            models=tuple(models),
            shard=replace(shard, gold=None),
            output=self.folder("predictions", name, shard.name),
        )
        roi_features.predict(job)
        return replace(shard, predictions=job.output)

    def score(self, name: str, shards, **parameters) -> tuple[Path, Path]:
        scores, decision = (self.folder("scores", name) / f for f in ("scores.json", "decision.json"))
        common = self.common("score", "score", **parameters)
        score.score(ScoreJob(**common, model=name, shards=tuple(shards), scores=scores, decision=decision))
        return scores, decision

    def package(self, submission: str, shards, decision: Path, source: str = "demo", **parameters) -> Path:
        answers = {"nano": Answers("nano", "roi-features", source, tuple(shards), decision, ())}
        output = self.folder("submissions", submission)
        common = self.common("package", "package", **parameters)
        package.package(PackageJob(**common, submission=submission, name="test", answers=answers, output=output))
        return output


@pytest.fixture
def stages(tmp_path):
    return Stages(tmp_path)


@dataclass(frozen=True)
class Demo:
    """The demo, prepared: shards by name, and the model of each fold."""

    stages: Stages
    shards: dict[str, Shard]
    models: list[Path]

    @property
    def train_shards(self) -> list[Shard]:
        return [shard for shard in self.shards.values() if shard.split == "train"]


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Demo:
    """48 training videos in three folds and 24 test videos."""
    stages = Stages(tmp_path_factory.mktemp("clog-loss-demo"))
    samples = stages.index("demo", gold=("train", "test"), demo_videos=48)
    projects = sorted({sample.group for sample in samples if sample.split == "train"})
    parts = {
        f"train-{k}": tuple(s for s in samples if s.split == "train" and projects.index(s.group) % FOLDS == k)
        for k in range(FOLDS)
    }
    parts["test-0"] = tuple(sample for sample in samples if sample.split == "test")
    shards = {}
    for name, members in parts.items():
        stages.download("demo", name, members, demo_videos=48)
        shards[name] = stages.preprocess(name, members, labelled=True)
    train = [shard for shard in shards.values() if shard.split == "train"]
    models = [stages.train(f"fold-{k}", [s for s in train if s.fold != k], k) for k in range(FOLDS)]
    for name, shard in shards.items():
        shards[name] = stages.predict("cv", shard, models if shard.fold is None else [models[shard.fold]])
    return Demo(stages, shards, models)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files, which are nobody's to pass on: tests of them skip where there is none."""
    repository = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("CHALLENGEFLOW_DATA", repository.parent / "shared" / "data")) / "clog-loss"
    if not folder.is_dir():
        pytest.skip(f"no real Clog Loss files in {folder}; name their folder in CHALLENGEFLOW_DATA")
    return folder


@pytest.fixture(scope="session")
def real_table(real_data) -> tables.TrainTable:
    """The competition's training table, read once."""
    return tables.read_train(real_data / "metadata")


@pytest.fixture(scope="session")
def seaweedfs_server(tmp_path_factory):
    """A real S3 server with an empty bucket."""
    from clog_loss_seaweedfs import seaweedfs

    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as running:
        yield running
