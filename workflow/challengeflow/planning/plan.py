"""What one challenge of a run consists of: its shards, and the files each stage reads and writes.

A plan is made from the resolved config of a challenge (`config.resolve`), or from a slice of it: the part that a
stage depends on, which travels on that stage's command line. Both answer the same questions, so the rules
and the stages cannot disagree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from challengeflow.contract.errors import InputError
from challengeflow.planning.layout import Layout

STRUCTURE = ("splits", "gold", "archives", "extends", "folds", "shards", "trained_on")


@dataclass(frozen=True)
class ShardName:
    """A shard of a dataset. `home` is the dataset whose folders hold it, `own` its name there.

    The name is "nano.train-f0-000" for a shard that micro has from nano, else "train-f0-000".
    """

    dataset: str
    home: str
    own: str
    split: str
    fold: int | None

    @property
    def name(self) -> str:
        return self.own if self.home == self.dataset else f"{self.home}.{self.own}"


class Plan:
    """The datasets, model variants and submissions of one challenge, and how their files hang together."""

    def __init__(self, challenge: str, config: Mapping[str, Any]):
        self.challenge = challenge
        self.config = config
        self.datasets: Mapping[str, Any] = config["datasets"]
        self.models: Mapping[str, Any] = config.get("models", {})
        self.submissions: Mapping[str, Any] = config.get("submissions", {})
        self.layout = Layout(config["results"], challenge)

    # -- shards ---------------------------------------------------------------------------------------------------

    def chain(self, dataset: str) -> list[str]:
        """The datasets that `dataset` contains, itself first."""
        chain = [dataset]
        while (base := self.datasets[chain[-1]]["extends"]) is not None:
            chain.append(base)
        return chain

    def own_shards(self, dataset: str) -> Iterator[ShardName]:
        """The shards made by the dataset itself."""
        entry = self.datasets[dataset]
        for split in entry["splits"]:
            folds = range(entry["folds"]) if split == "train" else [None]
            for fold in folds:
                stem = split if fold is None else f"{split}-f{fold}"
                for number in range(entry["shards"][split]):
                    yield ShardName(dataset, dataset, f"{stem}-{number:03d}", split, fold)

    @cached_property
    def _shards(self) -> dict[str, dict[str, ShardName]]:
        table = {}
        for dataset in self.datasets:
            shards = [
                ShardName(dataset, home, shard.own, shard.split, shard.fold)
                for home in reversed(self.chain(dataset))
                for shard in self.own_shards(home)
            ]
            table[dataset] = {shard.name: shard for shard in shards}
        return table

    def shards(self, dataset: str, *splits: str) -> list[ShardName]:
        """All shards of a dataset, or those of some splits; what it has from others comes first."""
        return [shard for shard in self._shards[dataset].values() if not splits or shard.split in splits]

    def shard(self, dataset: str, name: str) -> ShardName:
        """The shard of that name, or InputError."""
        try:
            return self._shards[dataset][name]
        except KeyError:
            known = list(self._shards.get(dataset, {}))
            raise InputError(
                f"{self.challenge}/{dataset} has no shard {name!r}; it has {', '.join(known) or 'none'}"
            ) from None

    # -- files ----------------------------------------------------------------------------------------------------

    def index(self, shard: ShardName) -> str:
        """The sample table of one shard."""
        return f"{self.layout.shards(shard.home)}/{shard.own}.csv"

    def prepared(self, shard: ShardName) -> str:
        return self.layout.prepared(shard.home, shard.own)

    def gold(self, shard: ShardName) -> str:
        return self.layout.gold(shard.home, shard.own)

    def archives(self, dataset: str) -> dict[str, str]:
        """Archive name -> its folder."""
        return {name: self.layout.archive(dataset, name) for name in self.datasets[dataset]["archives"]}

    def has_gold(self, dataset: str, split: str) -> bool:
        return split in self.datasets[dataset]["gold"]

    # -- models ---------------------------------------------------------------------------------------------------

    def home_of_models(self, on: str) -> str:
        """The dataset whose models answer `on`: itself, or the one it names in `trained_on`."""
        return self.datasets[on]["trained_on"] or on

    def training_shards(self, dataset: str, fold: int | None) -> list[ShardName]:
        """The train shards of all folds but one (of all where fold is None)."""
        return [shard for shard in self.shards(dataset, "train") if fold is None or shard.fold != fold]

    def models_for(self, dataset: str, variant: str, on: str, shard: ShardName) -> list[str]:
        """The model folders that answer a shard: the one that never saw it, or all folds (or the refit) elsewhere."""
        if on == dataset and shard.split == "train":
            return [self.layout.model(dataset, variant, shard.fold)]
        return self.fold_models(dataset, variant)

    def fold_models(self, dataset: str, variant: str) -> list[str]:
        """The model folders that answer samples training never saw: all folds, or the refit."""
        if self.models[variant]["refit"]:
            return [self.layout.model(dataset, variant, "all")]
        return [self.layout.model(dataset, variant, fold) for fold in range(self.datasets[dataset]["folds"])]

    def prior(self, dataset: str, shard: ShardName) -> str:
        """The folder with the constant answer of `control-prior` to `shard`: of the folds that are not the shard's."""
        fold = shard.fold if shard.dataset == dataset and shard.fold is not None else "all"
        return self.layout.model(dataset, "control-prior", fold)

    def prior_shards(self, dataset: str, fold: int | None) -> list[ShardName]:
        """The labelled train shards that enter that answer."""
        return self.training_shards(dataset, fold) if self.has_gold(dataset, "train") else []

    def members(self, variant: str) -> dict[str, float]:
        """Trained variants behind a variant, with their weights: itself, or the members of an ensemble."""
        entry = self.models[variant]
        return entry["members"] if entry["kind"] == "ensemble" else {variant: 1.0}

    def scored_shards(self, dataset: str) -> list[ShardName]:
        """The shards with gold: train (out of fold), proxy and, where it is known, test."""
        return [shard for shard in self.shards(dataset) if self.has_gold(dataset, shard.split)]

    def predictions(self, dataset: str, variant: str, shard: ShardName) -> str:
        """Predictions for `shard` (of any dataset) by a variant trained on `dataset`."""
        return self.layout.predictions(dataset, variant, shard.dataset, shard.name)

    # -- targets --------------------------------------------------------------------------------------------------

    def trainable(self) -> list[str]:
        """Datasets that models are trained on."""
        return [name for name, entry in self.datasets.items() if "train" in entry["splits"]]

    def scored(self) -> list[tuple[str, str]]:
        """(dataset, variant) of every scores.json."""
        return [
            (dataset, variant)
            for dataset in self.trainable()
            for variant in self.models
            if self.datasets[dataset]["gold"]
        ]

    def drawn(self) -> list[tuple[str, str]]:
        """(dataset, variant) of everything that is drawn, where the plugin draws: what is scored but the controls."""
        return [(dataset, variant) for dataset, variant in self.scored() if self.models[variant]["kind"] != "control"]

    def drawn_shards(self, dataset: str) -> list[ShardName]:
        """The shards with gold, and those of test."""
        return [s for s in self.shards(dataset) if s.split == "test" or self.has_gold(dataset, s.split)]

    def targets(self) -> list[str]:
        """Everything this challenge's named target makes, but pictures."""
        return self.score_files() + self.submission_folders()

    def score_files(self) -> list[str]:
        return [self.layout.scores(*pair) for pair in self.scored()]

    def submission_folders(self) -> list[str]:
        return [self.layout.submission(kind, name) for kind, named in self.submissions.items() for name in named]

    # -- slices ---------------------------------------------------------------------------------------------------

    def slice(self, stage: str, dataset: str, *, variant: str | None = None, on: str | None = None) -> dict[str, Any]:
        """The part of the config that a stage of `dataset` depends on, in the config's own shape."""
        datasets = {name: self._structure(name) for name in self.chain(dataset)}
        if on is not None:
            datasets |= {name: self._structure(name) for name in self.chain(on)}
        parameters = self.datasets[dataset]["parameters"]
        if stage in ("archive", "index", "download"):
            datasets[dataset] |= {"source": self._source(dataset), "parameters": {"download": parameters["download"]}}
        if stage == "preprocess":
            datasets[dataset] |= {
                "source": self._source(dataset),
                "parameters": {"preprocess": parameters["preprocess"]},
            }
        if stage in ("score", "draw"):
            datasets[dataset]["parameters"] = {"score": parameters["score"]}
        models = {variant: self.models[variant]} if variant is not None else {}
        return self._common(stage) | {"datasets": datasets, "models": models}

    def package_slice(self, submission: str, name: str) -> dict[str, Any]:
        """The part of the config that one submission depends on."""
        chosen = self.submissions[submission][name]
        datasets, models = {}, {}
        for on, variant in chosen.items():
            for dataset in self.chain(on) + self.chain(self.home_of_models(on)):
                datasets.setdefault(dataset, self._structure(dataset))
            parameters = self.datasets[on]["parameters"]["package"]
            datasets[on] = datasets[on] | {"source": self._source(on), "parameters": {"package": parameters}}
            models |= {member: self.models[member] for member in (variant, *self.members(variant))}
        return self._common("package") | {
            "datasets": datasets,
            "models": models,
            "submissions": {submission: {name: chosen}},
        }

    def _common(self, stage: str) -> dict[str, Any]:
        keys = {"score": ("max_failed",), "package": ("max_failed",)}.get(stage, ())
        return {key: self.config[key] for key in ("results", "seed", "device", *keys)}

    def _structure(self, dataset: str) -> dict[str, Any]:
        return {key: self.datasets[dataset][key] for key in STRUCTURE}

    def _source(self, dataset: str) -> str:
        return self.datasets[dataset]["source"]
