"""Runs the plugin's stages on job objects made by hand, as the workflow would."""

import csv
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from challengeflow import (
    Answers,
    DownloadJob,
    Member,
    PackageJob,
    PredictJob,
    PreprocessJob,
    Progress,
    ScoreJob,
    Shard,
    TrainJob,
    read_samples,
)
from challengeflow.arrays import Writer
from challengeflow.outside.door import Unreadable, reason_of
from challengeflow.planning.dispatch import Dispatch
from challengeflow_mabe_task1 import CHALLENGE
from challengeflow_mabe_task1.data import inspect, recordings
from challengeflow_mabe_task1.data.layouts import MARS_PARTS
from challengeflow_mabe_task1.data.preprocess import one_hot
from challengeflow_mabe_task1.demo.behaviour_states import VOCABULARY
from challengeflow_mabe_task1.demo.official_files import simulate
from challengeflow_mabe_task1.models.declarations import MODELS, POSE_BOOSTING

sys.path.append(str(Path(__file__).parent / "helpers"))

REAL = Path(os.environ.get("CHALLENGEFLOW_DATA", Path(__file__).parents[3].parent / "shared" / "data")) / "mabe-task1"

MODULES = {model.name: model.module for model in MODELS}
STAGES = Dispatch(lambda stage, _, model: MODULES[model] if model else CHALLENGE.stages[stage])
"""The stages by their declared modules, as the workflow calls them."""


def defaults(schema, **changes):
    return {name: value["default"] for name, value in schema.items()} | changes


def common(folder, parameters, seed=1):
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "challenge": "mabe-task1",
        "dataset": "task1",
        "parameters": parameters,
        "seed": seed,
        "threads": 1,
        "device": "cpu",
        "work": folder,
        "progress": Progress("test"),
    }


def new(folder):
    folder.mkdir(parents=True)
    return folder


class Stages:
    """All stages on one source, in a folder of their own."""

    model = POSE_BOOSTING
    unlabelled = ()

    def __init__(
        self,
        root,
        source,
        splits=("train", "test"),
        gold_splits=("train",),
        folds=3,
        archives=None,
        dataset="task1",
        **download,
    ):
        self.root, self.source, self.splits, self.gold_splits, self.folds = (
            root,
            str(source),
            splits,
            gold_splits,
            folds,
        )
        self.archives = archives or {}
        self.dataset, self.download = dataset, defaults(CHALLENGE.schema["download"], **download)

    def _download(self, part, output, **more):
        job = DownloadJob(
            **common(self.root / f"work-{part}", self.download) | {"dataset": self.dataset},
            part=part,
            source=self.source,
            splits=self.splits,
            gold_splits=self.gold_splits,
            archives={} if part == "archive" else self.archives,
            gold=self.root / "index-gold",
            output=output,
            **more,
        )
        STAGES.download(job)

    def archive(self, name):
        self.archives = {name: new(self.root / "archive")}
        self._download("archive", self.archives[name], archive=name)

    def index(self):
        new(self.root / "index-gold")
        self._download("index", new(self.root / "index"))
        return read_samples(self.root / "index" / "samples.csv")

    def prepare(self, **parameters):
        """Index, shards and preparation of everything; returns the shards (train: one a fold)."""
        samples = self.index()
        train = [sample for sample in samples if sample.split == "train"]
        cuts = [("train", fold, train[fold :: self.folds]) for fold in range(self.folds if train else 0)]
        cuts += [("test", None, [sample for sample in samples if sample.split == "test"])]
        self.shards = [self._shard(*cut, parameters) for cut in cuts]
        return self.shards

    def _shard(self, split, fold, samples, parameters):
        name = f"{split}-{fold}"
        self._download("shard", new(self.root / "raw" / name), shard=name, samples=tuple(samples))
        shard = Shard(
            name,
            split,
            fold,
            index=self.root / f"{name}.csv",
            prepared=new(self.root / "prepared" / name),
            gold=new(self.root / "gold" / name) if split in self.gold_splits else None,
            predictions=self.root / "predictions" / name,
        )
        self._table(shard.index, samples)
        job = PreprocessJob(
            **common(self.root / "work-prepare", defaults(CHALLENGE.schema["preprocess"], **parameters)),
            shard=name,
            split=split,
            samples=tuple(samples),
            labelled=split in self.gold_splits,
            source=self.source,
            raw=self.root / "raw" / name,
            index_gold=self.root / "index-gold",
            prepared=shard.prepared,
            gold=shard.gold or new(self.root / "gold" / name),
        )
        STAGES.preprocess(job)
        return shard

    @staticmethod
    def _table(path, samples):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["sample", "split", "group", *samples[0].columns] if samples else ["sample"])
            writer.writerows([s.id, s.split, s.group, *s.columns.values()] for s in samples)

    def train(self, fold, **parameters):
        output = new(self.root / f"fold-{fold}")
        job = TrainJob(
            **common(self.root / f"work-fold-{fold}", defaults(self.model.parameters, **parameters)),
            model=self.model.name,
            fold=fold,
            shards=tuple(shard for shard in self.shards if shard.split == "train" and shard.fold != fold),
            unlabelled=self.unlabelled,
            output=output,
        )
        STAGES.train(job)
        return output

    def predict(self, shard, models, output=None):
        job = PredictJob(
            **common(self.root / "work-predict", defaults(self.model.parameters)),
            model=self.model.name,
            models=tuple(models),
            shard=Shard(shard.name, shard.split, shard.fold, shard.index, shard.prepared),
            output=output or shard.predictions,
        )
        STAGES.predict(job)

    def learn(self, **parameters):
        """Train every fold and predict every shard."""
        models = [self.train(fold, **parameters) for fold in range(self.folds)]
        for shard in self.shards:
            self.predict(shard, models if shard.fold is None else [models[shard.fold]])
        return models

    def score(self, **parameters):
        import json

        scores, decision = self.root / "scores.json", self.root / "decision.json"
        job = ScoreJob(
            **common(self.root / "work-score", defaults(CHALLENGE.schema["score"], **parameters)),
            model="pose-boosting",
            shards=tuple(shard for shard in self.shards if shard.split in self.gold_splits),
            scores=scores,
            decision=decision,
        )
        STAGES.score(job)
        return json.loads(scores.read_text())

    def package(self, submission, decision=None, name="test", **parameters):
        output = new(self.root / "submissions" / submission / name)
        answers = Answers(
            self.dataset,
            "pose-boosting",
            self.source,
            tuple(shard for shard in self.shards if shard.split == "test"),
            decision or self.root / "decision.json",
            (Member("pose-boosting", {}, (), module="", summary=""),),
        )
        job = PackageJob(
            **common(self.root / "work-package", defaults(CHALLENGE.schema["package"], **parameters)),
            submission=submission,
            name=name,
            answers={self.dataset: answers},
            output=output,
        )
        STAGES.package(job)
        return output


def read_here(read, items, **_):
    """`read_each` without processes of its own: the same results, quicker."""
    for place, item in enumerate(items):
        try:
            yield place, read(*item)
        except Exception as error:
            yield place, Unreadable(reason_of(error))


@pytest.fixture(autouse=True)
def quick_door(request, monkeypatch):
    """Files are read in this process, but where a test asks for the true door."""
    if "true_door" not in request.fixturenames:
        monkeypatch.setattr(recordings, "read_each", read_here)
        monkeypatch.setattr(inspect, "read_each", read_here)


@pytest.fixture
def true_door():
    """Asks for files to be read in processes of their own, as in a run."""


@pytest.fixture
def stages(tmp_path):
    """Makes `Stages` in a temporary folder."""
    return lambda *arguments, name="run", **more: Stages(tmp_path / name, *arguments, **more)


@pytest.fixture(scope="session")
def make_stages():
    return Stages


@pytest.fixture(scope="session")
def real():
    """Folder of the real files; skips where they are absent."""
    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}; set CHALLENGEFLOW_DATA to the folder that holds mabe-task1")
    return REAL


def write_deeplabcut(
    path, frames=40, seed=0, animals=("black", "white"), parts=("nose", "tail"), likelihood=0.9, **more
):
    """DeepLabCut's csv, of the frames in `numbers`; returns the points (T, A, xy, P).

    separator, decimal, encoding: as people's programs write it.
    """
    numbers = more.get("numbers", range(frames))
    points = np.random.default_rng(seed).uniform(0, 500, (len(numbers), len(animals), 2, len(parts))).round(2)
    columns = [(a, p, c) for a in animals for p in parts for c in ("x", "y", "likelihood")]
    lines = [["scorer"] + ["DLC"] * len(columns)]
    levels = zip(("individuals", "bodyparts", "coords"), zip(*columns, strict=True), strict=True)
    lines += [[level, *names] for level, names in levels]
    for number, row in zip(numbers, points, strict=True):
        cells = [v for a in row for part in a.T for v in (*part, likelihood)]
        lines.append([number] + [str(cell).replace(".", more.get("decimal", ".")) for cell in cells])
    text = "\n".join(more.get("separator", ",").join(map(str, line)) for line in lines) + "\n"
    path.write_text(text, encoding=more.get("encoding", "utf-8"))
    return points.astype(np.float32)


@pytest.fixture(scope="session")
def deeplabcut():
    return write_deeplabcut


@pytest.fixture(scope="session")
def clips():
    """Eight short sequences, each with several behaviours: name -> (keypoints (240, 2, 2, 7), labels (240,))."""
    found = {}
    for number in range(8):
        sequence = simulate(1, number)
        labels = np.array(sequence["annotations"])
        start = int(np.argmax([len(np.unique(labels[at : at + 240])) for at in range(0, 1700, 60)])) * 60
        found[f"clip {number}"] = (sequence["keypoints"][start : start + 240], labels[start : start + 240])
    return found


@pytest.fixture
def clip_stages(tmp_path, clips):
    """Makes `Stages` of a model on the clips, prepared in two folds of four."""

    def make(name, model):
        made = Stages(tmp_path / name, "unused", folds=2)
        made.model = model
        items = list(clips.items())
        made.shards = [_write_shard(made.root / f"shard-{fold}", fold, dict(items[fold::2])) for fold in (0, 1)]
        return made

    return make


def _write_shard(folder, fold, tracks):
    """A prepared train shard with gold; tracks: name -> (keypoints, labels)."""
    folder.mkdir(parents=True)
    lines = [f"{name},train,{name}" for name in tracks]
    (folder / "index.csv").write_text("\n".join(["sample,split,group", *lines]) + "\n")
    shard = Shard(f"f{fold}", "train", fold, folder / "index.csv", folder / "prepared", folder / "gold", folder / "out")
    with Writer(shard.prepared) as prepared, Writer(shard.gold) as gold:
        for name, (points, labels) in tracks.items():
            facts = {"status": "ok", "shape": [len(points), 4], "vocabulary": list(VOCABULARY), "fps": 30.0}
            prepared.add(name, facts | {"parts": list(MARS_PARTS)}, keypoints=points.astype(np.float32))
            gold.add(name, {}, scores=one_hot(labels, len(points), 4))
    return shard
