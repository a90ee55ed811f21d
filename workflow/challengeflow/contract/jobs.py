"""What a stage is given: one small frozen dataclass each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from challengeflow.contract.forms import Gold, Prediction
from challengeflow.contract.progress import Progress
from challengeflow.contract.samples import Sample, read_samples


@dataclass(frozen=True)
class Shard:
    """A shard and where its files are.

    `gold` and `predictions` are None where the stage must not or need not see them.
    """

    name: str
    split: str
    fold: int | None
    index: Path
    prepared: Path
    gold: Path | None = None
    predictions: Path | None = None

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        """The samples of the shard, in the order of every file about it."""
        return read_samples(self.index)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Common to all stages. `work` is a persistent folder of this very job, for resuming; `device` is cpu or cuda.

    parameters: the stage's section of the config (download, preprocess, score, package) or the model's parameters,
    with all defaults filled in. memory_mb: MiB that the job may take, as its `Resources` state; None: not bound.
    """

    challenge: str
    dataset: str
    parameters: Mapping[str, Any]
    seed: int
    threads: int
    device: str
    work: Path
    progress: Progress
    memory_mb: int | None = None


@dataclass(frozen=True, kw_only=True)
class DownloadJob(Job):
    """`part` is "archive", "index" or "shard". `source` is "demo", "official" or the absolute path of local data.

    splits: the splits to provide; gold_splits: those of them that carry gold.
    archives: name -> folder of each archive fetched before. `gold` is written by the index and read by the shards.
    """

    part: str
    source: str
    splits: tuple[str, ...]
    gold_splits: tuple[str, ...]
    archive: str | None = None
    archives: Mapping[str, Path]
    shard: str | None = None
    samples: tuple[Sample, ...] = ()
    gold: Path
    output: Path


@dataclass(frozen=True, kw_only=True)
class PreprocessJob(Job):
    """`raw` is what download wrote for the shard, `index_gold` the gold of the index.

    `prepared` and `gold` are outputs.

    labelled: whether the shard's split carries gold; without it, `gold` stays empty.
    """

    shard: str
    split: str
    samples: tuple[Sample, ...]
    labelled: bool
    source: str
    raw: Path
    index_gold: Path
    prepared: Path
    gold: Path


@dataclass(frozen=True, kw_only=True)
class TrainJob(Job):
    """`shards` are all train shards but those of `fold` (all of them where fold is None: the refit).

    unlabelled: shards of the label-free splits that the model declares in `trains_on`.
    variant: the name in the config of what is trained; model: that of the model that it is of.
    prediction: what an answer is, and gold: what gold is where it has another form, as the challenge declares.
    """

    model: str
    variant: str = ""
    prediction: Prediction = field(default_factory=Prediction)
    gold: Gold | None = None
    fold: int | None
    shards: tuple[Shard, ...]
    unlabelled: tuple[Shard, ...] = ()
    output: Path


@dataclass(frozen=True, kw_only=True)
class PredictJob(Job):
    """`models` are the model folders to merge over; `shard.gold` is None.

    variant, prediction: as of `TrainJob`; `challengeflow.answers.merge(job.prediction, [...])` makes one answer of
    several.
    """

    model: str
    variant: str = ""
    prediction: Prediction = field(default_factory=Prediction)
    models: tuple[Path, ...]
    shard: Shard
    output: Path


@dataclass(frozen=True, kw_only=True)
class ScoreJob(Job):
    """`shards` of every split that has gold, with predictions; `scores` and `decision` are JSON files to write.

    scores: {split: {"score": float, "interval": [low, high], "resamples": {...}, "chance": float, "metrics": {...},
    "detail": {...}}};
    chance: what guessing is expected to score on these very samples, where `Metric.chance` is no figure; metrics: name
    -> number of every further metric that the challenge declares; interval and resamples come from
    `challengeflow.scoring.bootstrap`, and without resamples a model is compared with others unpaired. detail is the
    plugin's own; published results on the very same samples go there as
    "references": [{"system", "score", "source"}, ...], to stand beside the score, marked as published; and what a
    reader must know before trusting the score, as sentences, to "warnings": [...].
    """

    model: str
    shards: tuple[Shard, ...]
    scores: Path
    decision: Path


@dataclass(frozen=True)
class Member:
    """One trained model behind the answers: its declared name, parameters, fold folders and weight in an ensemble.

    module, summary: what its plugin declares: the module that predicts, and the sentence that says what it is.
    """

    model: str
    parameters: Mapping[str, Any]
    models: tuple[Path, ...]
    weight: float = 1.0
    module: str = field(kw_only=True)
    summary: str = field(kw_only=True)


@dataclass(frozen=True)
class Answers:
    """What answers one dataset of a submission: predictions of its test shards, the decision, the models behind them.

    source: the dataset's source ("demo", "official" or a path).
    """

    dataset: str
    model: str
    source: str
    shards: tuple[Shard, ...]
    decision: Path
    members: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True)
class DrawJob(Job):
    """What `score` had, now with its results, and the test shards too: those without gold have `shard.gold` None.

    parameters: the `score` section; model: the variant, a trained one or an ensemble; members: the trained models
    behind it.
    scores, decision: JSON files to read. `output` is a folder: PNG or SVG files (a few hundred kB each, for the report
    holds them all) and `pictures.json`, a list of entries in the order to be shown, each either pictures (more than one
    file: a row of frames to scrub through, from "opens_at" on, a place in `files`, where it is given) or a curve:
    {"title", "caption", "alt", "files": ["a.png", ...], "opens_at": 7}
    {"title", "caption", "x_label", "y_label", "lines": [{"name", "x": [...], "y": [...]}, ...]}
    The page is light or dark and shows pictures at their own size: give them a ground of their own, or none and
    writing that is read on both (a middle grey), of 10 pixels at least.
    """

    model: str
    shards: tuple[Shard, ...]
    scores: Path
    decision: Path
    members: tuple[Member, ...]
    output: Path


@dataclass(frozen=True, kw_only=True)
class PackageJob(Job):
    """`answers`: dataset -> Answers, for every dataset of the submission; `output` is a folder.

    What a reader must know before handing it in goes into `warnings.txt` of that folder, a sentence a line: the report
    and the end of the run say it.
    """

    submission: str
    name: str
    answers: Mapping[str, Answers]
    output: Path
