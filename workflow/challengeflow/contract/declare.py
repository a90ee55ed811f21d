"""What a plugin declares: challenges and models, as plain data that costs nothing to import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from challengeflow.contract.direction import DIRECTIONS
from challengeflow.contract.errors import InputError
from challengeflow.contract.forms import Gold, Prediction, PreparedArray

Schema = Mapping[str, Mapping[str, Any]]
"""Parameter name -> its JSON schema, which carries `default` and `description`."""


def integer(default: int, description: str, **limits: int) -> dict[str, Any]:
    """The schema of a whole number; limits: `minimum`, `maximum`, and `above` and `below`, which exclude."""
    return _numeric("integer", default, description, limits)


def number(default: float, description: str, **limits: float) -> dict[str, Any]:
    """The schema of a number; limits as of `integer`."""
    return _numeric("number", default, description, limits)


def boolean(default: bool, description: str) -> dict[str, Any]:
    """The schema of a yes or no."""
    return {"type": "boolean", "default": default, "description": description}


def _numeric(kind: str, default: float, description: str, limits: Mapping[str, float]) -> dict[str, Any]:
    names = {"minimum": "minimum", "maximum": "maximum", "above": "exclusiveMinimum", "below": "exclusiveMaximum"}
    return (
        {"type": kind}
        | {names[name]: limit for name, limit in limits.items()}
        | {
            "default": default,
            "description": description,
        }
    )


CONTRACT = 2
"""The version of the contract. It rises with every change that plugins must follow: docs/changes-for-plugins.md."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one job of a stage needs; the workflow multiplies memory and time by the attempt.

    mem_mb: peak memory in MiB, a promise that is checked; runtime: minutes; gpu: number of GPUs used when present.
    ..._per_1000, ..._per_gb: what is added for every 1000 samples in the tables of the shards that a job reads, and for
    every 10^9 bytes that it reads. `challengeflow status` shows what was stated beside what was measured.
    """

    mem_mb: int = 2000
    runtime: int = 60
    threads: int = 1
    gpu: int = 0
    mem_mb_per_1000: float = 0
    runtime_per_1000: float = 0
    mem_mb_per_gb: float = 0
    runtime_per_gb: float = 0


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a dataset comes from: which of the challenge's splits it has and which of them carry gold.

    archives: names of files that many shards share, fetched once, before the index.
    cost: one sentence on size and time, shown by `challengeflow describe`.
    raw_mb, prepared_mb: MiB on disk of what is fetched or made (0 of files read in place) and of what is prepared of
    it; core_hours: of a run with the models that run by default on one core. All three rough, and 0 where not known;
    `run --dry-run` adds them up.
    """

    splits: tuple[str, ...] = ("train", "test")
    gold: tuple[str, ...] = ("train",)
    archives: tuple[str, ...] = ()
    cost: str = ""
    raw_mb: float = 0
    prepared_mb: float = 0
    core_hours: float = 0


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset of a challenge. `sources` has the keys `demo`, `official` and `local` (a path in the config).

    extends: the dataset whose samples this one contains as well; those keep their folds and shards and are made once.
    shards: number of shards by split; in train, for each fold.
    own_folds: whether the sample table says which fold a train sample is in (`Sample.fold`, `Sample.unseen`): ordered
    in time, purged, one lab out. Without it, the core makes folds that keep groups whole and share strata alike.
    """

    name: str
    summary: str
    sources: Mapping[str, Source]
    extends: str | None = None
    folds: int = 5
    own_folds: bool = False
    shards: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that answers are measured by. `chance`: what a random answer scores, in words or as a figure.

    best: the score of a perfect answer. direction: "higher" or "lower", whichever is better; every ranking follows it.
    """

    name: str
    description: str
    chance: str
    best: float = 1.0
    direction: str = "higher"

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise InputError(f"metric {self.name!r} has the direction {self.direction!r}; write 'higher' or 'lower'")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A thing the organisers accept.

    With `datasets` it needs all of them at once; without, it is made for each dataset.

    splits: the splits it answers, of those with the role "answered"; all of them without it.
    own_data: whether it is also made for data of one's own (a dataset the challenge does not declare).
    file: name, or pattern (`mood-*.tar`), of the file in it that is handed in; empty where it is for people to read.
    table: name of a CSV file in it that people read, with a row or more for each sample; the report shows it.
    """

    name: str
    summary: str
    datasets: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    own_data: bool = False
    file: str = ""
    table: str = ""


SPLITS = {"train": "train", "proxy": "scored", "test": "answered", "unlabelled": "unlabelled"}


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A challenge. `stages`: stage -> module that has a function of the stage's name (`score(job)`): download,
    preprocess, score and package, and draw where the challenge draws. Its source, and what it imports, is the stage's
    fingerprint.
    A stage that is not listed is a hook of the plugin itself.

    `metric` ranks; `further_metrics` are columns beside it, which `score` writes to an entry's "metrics".

    prediction: what an answer to one sample is; gold: what its gold is, where it has another form.
    prepared: the arrays that `preprocess` writes of a sample; attributes: name -> meaning of what it notes beside
    `status` and `shape`. Whoever writes a model starts from these.

    `schema` has a section for each stage with parameters: download, preprocess, score, package.

    splits: name -> role, in the order in which scores are shown; models are ranked by the first that has scores. Roles:
    "train" (models train on it, in folds, and are scored out of fold), "scored", "answered" (by submissions; scored
    where its gold is known) and "unlabelled" (for models that learn without labels).
    own_data: the source of a folder of one's own files (no declared dataset): by default the answered splits, without
    gold.
    env: name of a conda env file of the workflow (`envs/NAME.yaml`) or the absolute path of the plugin's own.
    max_failed: share of samples that may fail to be read before the run stops.
    snakefile: absolute path of extra rules, included as a module under the challenge's name.
    contract: the version of the contract (`challengeflow.CONTRACT`) that it was written for, as a number.
    commands: name -> module with `main(arguments: list[str]) -> int`, its exit status, run by `challengeflow NAME ...`;
    an InputError that it raises is printed as one sentence.
    terms: word -> what it means, of what its scores, tables and pictures say: the report explains them where they
    stand.
    """

    name: str
    title: str
    url: str
    metric: Metric
    further_metrics: tuple[Metric, ...] = ()
    prediction: Prediction = field(default_factory=Prediction)
    gold: Gold | None = None
    prepared: tuple[PreparedArray, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[Dataset, ...]
    submissions: tuple[Submission, ...]
    licence: str
    citation: str
    stages: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Schema] = field(default_factory=dict)
    env: str = "core"
    resources: Mapping[str, Resources] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=lambda: dict(SPLITS))
    own_data: Source | None = None
    max_failed: float = 0.05
    snakefile: str | None = None
    commands: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)
    contract: int = CONTRACT


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model for one challenge. `module` has `train(job)` and `predict(job)`: its source, and what it imports, is the
    fingerprint of both. A plugin may have the hooks `train` and `predict` instead; they then call what they like.

    trains_on: label-free splits it also trains on (transductive when that is `test`).
    citation: of the method, for `challengeflow cite`.
    contract: as of a challenge.
    by_default: whether a config that names no models runs it; not where it needs a further package or takes long.
    """

    name: str
    challenge: str
    summary: str
    module: str
    parameters: Schema = field(default_factory=dict)
    trains_on: tuple[str, ...] = ()
    citation: str = ""
    by_default: bool = True
    env: str | None = None
    resources: Mapping[str, Resources] = field(default_factory=dict)
    contract: int = CONTRACT
