"""The one list of jobs: what each reads, makes, may see of gold, depends on and needs.

The rules, the stage runner, `status`, the report's costs and the test kit all read it, so none of them can disagree
with another. Nothing here opens data; a job is made when it is asked for, since a run may have thousands.
"""

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import PurePosixPath
from typing import Any

from challengeflow.contract.declare import Resources, Schema
from challengeflow.contract.errors import InputError
from challengeflow.planning.built_in import control, from_package
from challengeflow.planning.check_config import nearest
from challengeflow.planning.plan import Plan, ShardName
from challengeflow.planning.planned_job import BUILT_IN, HOOK_OF, PlannedJob, named_files
from challengeflow.planning.plugins import Registry
from challengeflow.planning.settings import ChallengeSettings, VariantSettings


class Jobs:
    """The jobs of a challenge; iterated, every one once, in the order of the stages."""

    def __init__(self, plan: Plan, registry: Registry):
        self.plan, self.registry = plan, registry
        self.layout = plan.layout
        self.declared = registry.challenge(plan.challenge)
        self._made: dict[tuple[str, ...], PlannedJob] = {}

    def __iter__(self) -> Iterator[PlannedJob]:
        return iter([self.get(stage, *parts) for stage, parts in self.needed()])

    def get(self, stage: str, *parts: str) -> PlannedJob:
        """The job of that stage and parts, also one that no target of the run needs; InputError for unknown names."""
        key = (stage, *parts)
        if key not in self._made:
            makers: dict[str, Callable[..., PlannedJob]] = {
                "archive": self._archive,
                "index": self._index,
                "download": self._download,
                "preprocess": self._preprocess,
                "train": self._train,
                "predict": self._predict,
                "control": partial(control, self.plan, self.declared),
                "score": self._score,
                "draw": self._draw,
                "package": self._package,
            }
            self._made[key] = makers[stage](*parts)
        return self._made[key]

    # -- which jobs there are -------------------------------------------------------------------------------------

    def needed(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Stage and parts of every job that the run's targets need, once, in the order of the stages."""
        for dataset in self.plan.datasets:
            if self.plan.datasets[dataset].without_data:
                continue
            yield from (("archive", (dataset, archive)) for archive in self.plan.archives(dataset))
            yield "index", (dataset,)
            for shard in self.plan.own_shards(dataset):
                yield "download", (dataset, shard.own)
                yield "preprocess", (dataset, shard.own)
        yield from (("train", key) for key in self._trained)
        for home, variant, shard in self._predicted:
            yield "predict", (home, variant, shard.dataset, shard.name)
        yield from (("control", pair) for pair in self.plan.controlled())
        yield from (("score", pair) for pair in self.plan.with_scores())
        yield from (("draw", pair) for pair in self.drawn())
        for kind, named in self.plan.submissions.items():
            yield from (("package", (kind, name)) for name in named)

    def drawn(self) -> list[tuple[str, str]]:
        """(dataset, variant) of everything that is drawn; none where the plugin does not."""
        return self.plan.drawn() if self.registry.draws(self.plan.challenge) else []

    @cached_property
    def _answering(self) -> list[tuple[str, str, str, str]]:
        """(dataset of the models, variant, dataset answered, kind of submission) of every submission."""
        chosen = [(kind, each) for kind, named in self.plan.submissions.items() for each in named.values()]
        return [
            (self.plan.home_of_models(on), variant, on, kind) for kind, each in chosen for on, variant in each.items()
        ]

    def answered(self, submission: str, on: str) -> list[ShardName]:
        """The shards of a dataset that a kind of submission answers."""
        splits = next(each.splits for each in self.declared.submissions if each.name == submission)
        return self.plan.answered_shards(on, *splits)

    @cached_property
    def _trained(self) -> list[tuple[str, str, str]]:
        """(dataset, variant, fold) of every training: of what is scored, and of what a submission needs."""
        wanted = dict.fromkeys([*self.plan.scored(), *((home, variant) for home, variant, *_ in self._answering)])
        pairs = dict.fromkeys((home, member) for home, variant in wanted for member in self.plan.members(variant))
        found = []
        for home, member in pairs:
            if self.plan.models[member].kind == "trained":
                folders = self.plan.fold_models(home, member)
                also = self.plan.models[member].refit and (home, member) not in self.plan.packaged()
                out_of_fold = range(self.plan.datasets[home].folds) if also else ()
                folds = [_fold_of(folder) for folder in folders] + [str(fold) for fold in out_of_fold]
                found += [(home, member, fold) for fold in folds]
        return found

    @cached_property
    def _predicted(self) -> list[tuple[str, str, ShardName]]:
        """(dataset of the models, variant, shard) of every prediction by a model."""
        plan = self.plan
        modelled = [pair for pair in plan.scored() if plan.models[pair[1]].kind != "control"]
        needed = [(*pair, shard) for pair in modelled for shard in plan.scored_shards(pair[0])]
        needed += [(*pair, shard) for pair in self.drawn() for shard in plan.drawn_shards(pair[0])]
        needed += [
            (home, variant, shard) for home, variant, on, kind in self._answering for shard in self.answered(kind, on)
        ]
        members = [(home, member, shard) for home, variant, shard in needed for member in plan.members(variant)]
        return list(dict.fromkeys([*members, *needed]))

    # -- data -----------------------------------------------------------------------------------------------------

    def _archive(self, dataset: str, archive: str) -> PlannedJob:
        if archive not in (known := self.plan.archives(dataset)):
            raise InputError(f"{dataset} has no archive {archive!r}; it has {', '.join(known) or 'none'}")
        return self._data("archive", (dataset, archive), outputs=(self.layout.archive(dataset, archive),), inputs=())

    def _index(self, dataset: str) -> PlannedJob:
        base = self.plan.datasets[dataset].extends
        inputs = (*self.plan.archives(dataset).values(), *([self.layout.samples(base)] if base else []))
        return self._data("index", (dataset,), outputs=(self.layout.index(dataset),), inputs=inputs)

    def _download(self, dataset: str, name: str) -> PlannedJob:
        table, gold = self.plan.index(self.plan.shard(dataset, name)), self.layout.index_gold(dataset)
        inputs = (table, gold, *self.plan.archives(dataset).values(), *self._stamp(dataset, name))
        raw = self.layout.raw(dataset, name)
        return self._data("download", (dataset, name), outputs=(raw,), inputs=inputs, gold=(gold,))

    def _preprocess(self, dataset: str, name: str) -> PlannedJob:
        table, gold = self.plan.index(self.plan.shard(dataset, name)), self.layout.index_gold(dataset)
        outputs = (self.layout.prepared(dataset, name), self.layout.gold(dataset, name))
        inputs = (self.layout.raw(dataset, name), table, gold, *self._stamp(dataset, name))
        return self._data("preprocess", (dataset, name), outputs=outputs, inputs=inputs, gold=(gold,))

    def _stamp(self, dataset: str, name: str) -> tuple[str, ...]:
        """Of own data, what changes with the samples of a shard."""
        return (self.layout.stamp(dataset, name),) if self.plan.datasets[dataset].is_own else ()

    def _data(self, stage: str, parts: tuple[str, ...], **more: Any) -> PlannedJob:
        hook = HOOK_OF.get(stage, stage)
        return self._job(stage, parts, dataset=parts[0], part=self.plan.part(parts[0], hook), read=hook, **more)

    # -- models ---------------------------------------------------------------------------------------------------

    def _train(self, dataset: str, variant: str, fold: str) -> PlannedJob:
        entry = self._variant(variant)
        if variant in self.plan.datasets[dataset].packages:
            return from_package(self.plan, "train", dataset, variant, fold)
        shards = self.plan.training_shards(dataset, self._held_out(dataset, fold))
        also = self.registry.model(self.plan.challenge, entry.model).trains_on
        unlabelled = self.plan.shards(dataset, *also) if also else []
        gold = tuple(self.plan.gold(shard) for shard in shards if self.plan.has_gold(dataset, shard.split))
        return self._job(
            "train",
            (dataset, variant, fold),
            dataset=dataset,
            outputs=(self.layout.model(dataset, variant, fold),),
            inputs=(*self._tables([*shards, *unlabelled]), *map(self.plan.prepared, [*shards, *unlabelled]), *gold),
            gold=gold,
            part=self.plan.part(dataset, variants=[variant], device=self.plan.device_of(entry)),
            variant=variant,
        )

    def _predict(self, dataset: str, variant: str, on: str, name: str) -> PlannedJob:
        entry, shard = self._variant(variant), self.plan.shard(on, name)
        variants = [variant]
        if entry.kind == "ensemble":
            variants += entry.members
            inputs = tuple(self.plan.predictions(dataset, member, shard) for member in entry.members)
        else:
            models = self.plan.models_for(dataset, variant, on, shard)
            inputs = (*models, *self._tables([shard]), self.plan.prepared(shard))
        return self._job(
            "predict",
            (dataset, variant, on, name),
            dataset=dataset,
            outputs=(self.plan.predictions(dataset, variant, shard),),
            inputs=inputs,
            part=self.plan.part(dataset, on=on, variants=variants, device=self.plan.device_of(entry)),
            variant=variant,
        )

    # -- scores, pictures, submissions ----------------------------------------------------------------------------

    def _score(self, dataset: str, variant: str) -> PlannedJob:
        self._variant(variant)
        if variant in self.plan.datasets[dataset].packages:
            return from_package(self.plan, "score", dataset, variant)
        inputs, gold = self._scored(dataset, variant)
        return self._job(
            "score",
            (dataset, variant),
            dataset=dataset,
            outputs=(self.layout.scores(dataset, variant), self.layout.decision(dataset, variant)),
            inputs=inputs,
            gold=gold,
            part=self.plan.part(dataset, "score", variants=dict.fromkeys([variant, *self.plan.members(variant)])),
            read="score",
            variant=variant,
        )

    def _draw(self, dataset: str, variant: str) -> PlannedJob:
        self._variant(variant)
        plan = self.plan
        scored, gold = self._scored(dataset, variant)
        tests = [shard for shard in plan.drawn_shards(dataset) if not plan.has_gold(dataset, shard.split)]
        unscored = [path for s in tests for path in (plan.predictions(dataset, variant, s), plan.prepared(s))]
        members = plan.members(variant)
        models = [folder for member in members for folder in plan.fold_models(dataset, member)]
        results = (self.layout.scores(dataset, variant), self.layout.decision(dataset, variant))
        return self._job(
            "draw",
            (dataset, variant),
            dataset=dataset,
            outputs=(self.layout.pictures(dataset, variant),),
            inputs=(*results, *scored, *self._tables(tests), *unscored, *models),
            gold=gold,
            part=plan.part(dataset, "score", variants=dict.fromkeys([variant, *members]), device=plan.settings.device),
            read="score",
            variant=variant,
        )

    def _scored(self, dataset: str, variant: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Tables, prepared shards, gold and predictions of what is scored; and which of them is gold."""
        shards = self.plan.scored_shards(dataset)
        gold = tuple(map(self.plan.gold, shards))
        predictions = [self.plan.predictions(dataset, variant, shard) for shard in shards]
        return (*self._tables(shards), *map(self.plan.prepared, shards), *gold, *predictions), gold

    def _package(self, submission: str, name: str) -> PlannedJob:
        plan = self.plan
        chosen = plan.submissions.get(submission, {}).get(name)
        if chosen is None:
            known = [f"{kind} {each}" for kind, named in plan.submissions.items() for each in named]
            raise InputError(
                f"{plan.challenge} has no submission {submission} {name} in this config; it has "
                f"{', '.join(known) or 'none'}"
            )
        inputs: list[str] = []
        for on, variant in chosen.items():
            dataset, shards = plan.home_of_models(on), self.answered(submission, on)
            inputs.append(self.layout.decision(dataset, variant))
            inputs += [*self._tables(shards), *map(plan.prepared, shards)]
            inputs += [plan.predictions(dataset, variant, shard) for shard in shards]
            inputs += [folder for member in plan.members(variant) for folder in plan.fold_models(dataset, member)]
        return self._job(
            "package",
            (submission, name),
            dataset=next(iter(chosen)),
            outputs=(self.layout.submission(submission, name),),
            inputs=tuple(dict.fromkeys(inputs)),
            part=plan.part_of_submission(submission, name),
            read="package",
        )

    # -- common ---------------------------------------------------------------------------------------------------

    def _tables(self, shards: list[ShardName]) -> tuple[str, ...]:
        return tuple(map(self.plan.index, shards))

    def _variant(self, variant: str) -> VariantSettings:
        try:
            return self.plan.models[variant]
        except KeyError:
            raise InputError(
                f"no model variant {variant!r} in this config; {nearest(variant, self.plan.models)}"
            ) from None

    def _held_out(self, dataset: str, fold: str) -> int | None:
        """The fold of that name; None of "all". Raises InputError for another one."""
        folds = [*map(str, range(self.plan.datasets[dataset].folds)), "all"]
        if fold not in folds:
            raise InputError(f"{self.plan.challenge}/{dataset} has no fold {fold!r}; it has {', '.join(folds)}")
        return None if fold == "all" else int(fold)

    def _job(
        self, stage: str, parts: tuple[str, ...], *, dataset: str, part: ChallengeSettings, read: str = "", **more: Any
    ) -> PlannedJob:
        """A job; `read`: the stage whose section of the challenge's parameters its hook gets (a model's, without
        it)."""
        variant = more.get("variant")
        entry = self.plan.models[variant] if variant else None
        model = entry.model if entry and entry.kind == "trained" else None
        schema: Schema = self.declared.schema.get(read, {})
        parameters = self.plan.datasets[dataset].parameters.get(read, {})
        if stage in ("train", "predict") and entry and model:
            schema, parameters = self.registry.model(self.plan.challenge, model).parameters, entry.parameters
        return PlannedJob(
            challenge=self.plan.challenge,
            stage=stage,
            parts=parts,
            dataset=dataset,
            part=part,
            parameters=parameters,
            files=named_files(schema, parameters) if stage != "predict" else (),
            resources=self._resources(HOOK_OF.get(stage, stage), model),
            kind=entry.kind if entry else None,
            model=model if stage in ("train", "predict") else None,
            own=tuple(name for name in part.datasets if self.plan.datasets[name].is_own),
            **more,
        )

    def _resources(self, hook: str, model: str | None) -> Resources:
        if hook in ("train", "predict"):
            if model is None:
                return BUILT_IN
            return self.registry.model(self.plan.challenge, model).resources.get(hook, Resources())
        return self.declared.resources.get(hook, Resources())


def _fold_of(folder: str) -> str:
    """The fold in the name of a model's folder."""
    return PurePosixPath(folder).name.removeprefix("fold-")
