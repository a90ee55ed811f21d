"""What one challenge of a run consists of: its shards and its files, and how they hang together.

A plan is made from the settings of a challenge, or from the part of them that a stage depends on, which travels with
that stage's job. Both answer the same questions, so the rules and the stages cannot disagree.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from challengeflow.contract.errors import InputError
from challengeflow.planning.layout import Layout
from challengeflow.planning.settings import ChallengeSettings, DatasetSettings, Settings, VariantSettings


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
    role: str

    @property
    def name(self) -> str:
        return self.own if self.home == self.dataset else f"{self.home}.{self.own}"


def plans(settings: Settings) -> "dict[str, Plan]":
    """A plan for each challenge of a run."""
    return {name: Plan(name, entry) for name, entry in settings.challenges.items()}


def generated(plans: "Iterable[Plan]") -> list[list[str]]:
    """Challenge and dataset of each demo in a run."""
    return [[plan.challenge, name] for plan in plans for name in plan.datasets if plan.generated(name)]


class Plan:
    """The datasets, model variants and submissions of one challenge, and how their files hang together."""

    def __init__(self, challenge: str, settings: ChallengeSettings):
        self.challenge = challenge
        self.settings = settings
        self.datasets: Mapping[str, DatasetSettings] = settings.datasets
        self.models: Mapping[str, VariantSettings] = settings.models
        self.submissions: Mapping[str, Mapping[str, Mapping[str, str]]] = settings.submissions
        self.layout = Layout(settings.results, challenge)
        self._parts: dict[tuple[object, ...], ChallengeSettings] = {}

    def at(self, results: str) -> "Plan":
        """The same plan with another results folder."""
        return Plan(self.challenge, replace(self.settings, results=results))

    # -- shards ---------------------------------------------------------------------------------------------------

    def chain(self, dataset: str) -> list[str]:
        """The datasets that `dataset` contains, itself first."""
        chain = [dataset]
        while (base := self.datasets[chain[-1]].extends) is not None:
            chain.append(base)
        return chain

    def own_shards(self, dataset: str) -> Iterator[ShardName]:
        """The shards made by the dataset itself.

        Folds of the table's own may leave out samples that no fold holds out.
        """
        entry = self.datasets[dataset]
        for split, role in entry.splits.items():
            folds: list[int | None] = [*range(entry.folds)] if role == "train" else []
            folds += [None] if role != "train" or entry.own_folds else []
            for fold in folds:
                stem = split if fold is None else f"{split}-f{fold}"
                for number in range(entry.shards[split]):
                    yield ShardName(dataset, dataset, f"{stem}-{number:03d}", split, fold, role)

    @cached_property
    def _shards(self) -> dict[str, dict[str, ShardName]]:
        table = {}
        for dataset in self.datasets:
            shards = [
                replace(shard, dataset=dataset)
                for home in reversed(self.chain(dataset))
                for shard in self.own_shards(home)
            ]
            table[dataset] = {shard.name: shard for shard in shards}
        return table

    def shards(self, dataset: str, *splits: str) -> list[ShardName]:
        """All shards of a dataset, or those of some splits; what it has from others comes first."""
        return [shard for shard in self._shards[dataset].values() if not splits or shard.split in splits]

    def answered_shards(self, dataset: str, *splits: str) -> list[ShardName]:
        """The shards that submissions answer, or those of some splits."""
        return [shard for shard in self.shards(dataset, *splits) if shard.role == "answered"]

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
        return {name: self.layout.archive(dataset, name) for name in self.datasets[dataset].archives}

    def has_gold(self, dataset: str, split: str) -> bool:
        return split in self.datasets[dataset].gold

    # -- models ---------------------------------------------------------------------------------------------------

    def home_of_models(self, on: str) -> str:
        """The dataset whose models answer `on`: itself, or the one it names in `trained_on`."""
        return self.datasets[on].trained_on or on

    def generated(self, dataset: str) -> bool:
        """Whether a dataset is the challenge's demo: made by a program, not measured."""
        return self.datasets[dataset].source == "demo"

    def training_shards(self, dataset: str, fold: int | None) -> list[ShardName]:
        """The train shards of all folds but one (of all where fold is None)."""
        shards = [shard for shard in self.shards(dataset) if shard.role == "train"]
        return [shard for shard in shards if fold is None or shard.fold != fold]

    def models_for(self, dataset: str, variant: str, on: str, shard: ShardName) -> list[str]:
        """The model folders that answer a shard: the one that never saw it, or all folds (or the refit) elsewhere."""
        if on == dataset and shard.fold is not None:
            return [self.layout.model(dataset, variant, str(shard.fold))]
        return self.fold_models(dataset, variant)

    def fold_models(self, dataset: str, variant: str) -> list[str]:
        """The model folders that answer samples training never saw: all folds, or the refit."""
        if self.models[variant].refit:
            return [self.layout.model(dataset, variant, "all")]
        return [self.layout.model(dataset, variant, fold) for fold in range(self.datasets[dataset].folds)]

    def prior_shards(self, dataset: str, fold: int | None) -> list[ShardName]:
        """The labelled train shards behind what controls know of all folds but one (of all where fold is None)."""
        return [shard for shard in self.training_shards(dataset, fold) if self.has_gold(dataset, shard.split)]

    def members(self, variant: str) -> Mapping[str, float]:
        """Trained variants behind a variant, with their weights: itself, or the members of an ensemble."""
        entry = self.models[variant]
        return entry.members if entry.kind == "ensemble" else {variant: 1.0}

    def device_of(self, entry: VariantSettings) -> str:
        """Where a variant computes: only trained models may use a GPU."""
        return self.settings.device if entry.kind == "trained" else "cpu"

    def scored_shards(self, dataset: str) -> list[ShardName]:
        """The shards with gold; of train those that a fold holds out."""
        labelled = [shard for shard in self.shards(dataset) if self.has_gold(dataset, shard.split)]
        return [shard for shard in labelled if shard.role != "train" or shard.fold is not None]

    def predictions(self, dataset: str, variant: str, shard: ShardName) -> str:
        """Predictions for `shard` (of any dataset) by a variant trained on `dataset`."""
        return self.layout.predictions(dataset, variant, shard.dataset, shard.name)

    # -- targets --------------------------------------------------------------------------------------------------

    def trainable(self) -> list[str]:
        """Datasets that models are trained on."""
        trained = [name for name, entry in self.datasets.items() if "train" in entry.splits.values()]
        return [name for name in trained if not self.datasets[name].without_data]

    def packaged(self) -> list[tuple[str, str]]:
        """(dataset, variant) of everything that comes out of a model package."""
        return [(dataset, variant) for dataset, entry in self.datasets.items() for variant in entry.packages]

    def scored(self) -> list[tuple[str, str]]:
        """(dataset, variant) of everything that is scored here."""
        return [
            (dataset, variant) for dataset in self.trainable() for variant in self.models if self.datasets[dataset].gold
        ]

    def controlled(self) -> list[tuple[str, str]]:
        """(dataset, variant) of every control."""
        return [(dataset, variant) for dataset, variant in self.scored() if self.models[variant].kind == "control"]

    def with_scores(self) -> list[tuple[str, str]]:
        """(dataset, variant) of every scores.json, also of those that come out of a model package."""
        return [*self.scored(), *self.packaged()]

    def drawn(self) -> list[tuple[str, str]]:
        """(dataset, variant) of everything that is drawn, where the plugin draws: what is scored but the controls."""
        return [(dataset, variant) for dataset, variant in self.scored() if self.models[variant].kind != "control"]

    def drawn_shards(self, dataset: str) -> list[ShardName]:
        """The shards that are scored, and those that submissions answer."""
        scored = self.scored_shards(dataset)
        return [shard for shard in self.shards(dataset) if shard.role == "answered" or shard in scored]

    def targets(self) -> list[str]:
        """Everything this challenge's named target makes, but pictures."""
        return self.score_files() + self.submission_folders()

    def score_files(self) -> list[str]:
        return [self.layout.scores(*pair) for pair in self.with_scores()]

    def submission_folders(self) -> list[str]:
        return [self.layout.submission(kind, name) for kind, named in self.submissions.items() for name in named]

    # -- parts of the settings ------------------------------------------------------------------------------------

    def part(
        self,
        dataset: str,
        *stages: str,
        on: str | None = None,
        variants: Iterable[str] = (),
        device: str = "cpu",
    ) -> ChallengeSettings:
        """The part of the settings that a job of `dataset` depends on.

        stages: those whose parameters it reads; on: the dataset it answers; variants: the models it is about; device:
        where it computes, for those that run a model. Jobs that depend on the same get the same object.
        """
        key = (dataset, stages, on, wanted := tuple(variants), device)
        if key not in self._parts:
            self._parts[key] = self._part(dataset, stages, on, wanted, device)
        return self._parts[key]

    def _part(
        self, dataset: str, stages: tuple[str, ...], on: str | None, variants: tuple[str, ...], device: str
    ) -> ChallengeSettings:
        datasets = {
            name: self.datasets[name].structure() for start in (dataset, on) if start for name in self.chain(start)
        }
        mine = self.datasets[dataset]
        read = {stage: mine.parameters.get(stage, {}) for stage in stages}
        source = mine.source if {"download", "preprocess"} & set(stages) else ""
        datasets[dataset] = replace(datasets[dataset], source=source, parameters=read)
        return replace(self._of(datasets, variants, scored="score" in stages), device=device)

    def part_of_submission(self, submission: str, name: str) -> ChallengeSettings:
        """The part of the settings that one submission depends on; it tells generated data from real ones."""
        chosen = self.submissions[submission][name]
        datasets: dict[str, DatasetSettings] = {}
        for on in chosen:
            home = self.home_of_models(on)
            for dataset in self.chain(on) + self.chain(home):
                datasets.setdefault(dataset, self.datasets[dataset].structure())
            mine = self.datasets[home]
            datasets[home] = replace(datasets[home], source=mine.source, packages=mine.packages)
            mine = self.datasets[on]
            read = {"package": mine.parameters.get("package", {})}
            datasets[on] = replace(datasets[on], source=mine.source, parameters=read)
        variants = [one for variant in chosen.values() for one in (variant, *self.members(variant))]
        part = self._of(datasets, variants, scored=True)
        return replace(part, submissions={submission: {name: chosen}})

    def _of(self, datasets: Mapping[str, DatasetSettings], variants: Iterable[str], scored: bool) -> ChallengeSettings:
        return ChallengeSettings(
            results=self.settings.results,
            seed=self.settings.seed,
            device="cpu",
            datasets=datasets,
            models={variant: self.models[variant] for variant in variants},
            max_failed=self.settings.max_failed if scored else None,
        )
