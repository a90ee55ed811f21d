"""What the hook of a job is given. A change here makes every result anew, so nothing else belongs here."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from challengeflow.contract.jobs import (
    Answers,
    DownloadJob,
    DrawJob,
    Job,
    Member,
    PackageJob,
    PredictJob,
    PreprocessJob,
    ScoreJob,
    Shard,
    TrainJob,
)
from challengeflow.contract.samples import read_samples
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import ShardName
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.running.views import unseen, without

Outputs = Sequence[Path]
Common = Mapping[str, Any]
"""What jobs of all stages have: see `challengeflow.Job`."""


def derived_seed(*parts: object) -> int:
    """A seed of 31 bits that depends on all parts and nothing else."""
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest()[:4], "big") >> 1


def seed_of(job: PlannedJob) -> int:
    """The seed of a job: of a variant's own where it has one, and of a fold."""
    entry = job.part.models[job.variant] if job.model and job.variant else None
    if entry is None or entry.seed is None:
        return derived_seed(job.part.seed, job.dataset)
    if job.stage == "train":
        fold = job.parts[-1]
        return derived_seed(entry.seed, job.dataset, fold if fold == "all" else int(fold))
    return derived_seed(entry.seed, job.dataset)


def given(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> Job:
    """What the hook of `job` gets; `outputs` are the temporary names of what it makes."""
    makers = {
        "archive": _archive,
        "index": _index,
        "download": _download,
        "preprocess": _preprocess,
        "train": _train,
        "predict": _predict,
        "score": _score,
        "draw": _draw,
        "package": _package,
    }
    return makers[job.stage](jobs, job, common, outputs)


def _archive(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> DownloadJob:
    gold = outputs[0].with_name(outputs[0].name + "-gold")
    where = _where(jobs, job) | {"archives": {}}
    return DownloadJob(**common, **where, part="archive", archive=job.parts[1], gold=gold, output=outputs[0])


def _index(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> DownloadJob:
    made: Path = common["work"] / "made"
    return DownloadJob(**common, **_where(jobs, job), part="index", gold=outputs[0] / "gold", output=made)


def _download(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> DownloadJob:
    dataset, name = job.parts
    return DownloadJob(
        **common,
        **_where(jobs, job),
        part="shard",
        shard=name,
        samples=read_samples(Path(jobs.plan.index(jobs.plan.shard(dataset, name)))),
        gold=Path(jobs.layout.index_gold(dataset)),
        output=outputs[0],
    )


def _where(jobs: Jobs, job: PlannedJob) -> dict[str, Any]:
    entry = jobs.plan.datasets[job.dataset]
    archives = {name: Path(path) for name, path in jobs.plan.archives(job.dataset).items()}
    return {"source": entry.source, "splits": tuple(entry.splits), "gold_splits": entry.gold, "archives": archives}


def _preprocess(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> PreprocessJob:
    dataset, name = job.parts
    shard = jobs.plan.shard(dataset, name)
    return PreprocessJob(
        **common,
        shard=name,
        split=shard.split,
        samples=read_samples(Path(jobs.plan.index(shard))),
        labelled=jobs.plan.has_gold(dataset, shard.split),
        source=jobs.plan.datasets[dataset].source,
        raw=Path(jobs.layout.raw(dataset, name)),
        index_gold=Path(jobs.layout.index_gold(dataset)),
        prepared=outputs[0],
        gold=outputs[1],
    )


def _train(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> TrainJob:
    dataset, _, label = job.parts
    fold = None if label == "all" else int(label)
    also = jobs.registry.model(job.challenge, job.model or "").trains_on
    return TrainJob(
        **common,
        **_of_variant(jobs, job),
        gold=jobs.declared.gold,
        fold=fold,
        shards=tuple(_training(jobs, dataset, fold, common["work"])),
        unlabelled=tuple(_shard(jobs, shard) for shard in jobs.plan.shards(dataset, *also)) if also else (),
        output=outputs[0],
    )


def _training(jobs: Jobs, dataset: str, fold: int | None, work: Path) -> Iterator[Shard]:
    """The train shards of all folds but one, without what that one's training must not see."""
    for name in jobs.plan.training_shards(dataset, fold):
        shard = _shard(jobs, name, gold=True)
        own = jobs.plan.datasets[dataset].own_folds and fold is not None
        seen = without(shard, unseen(shard.index, fold) if own else frozenset(), work / "seen" / name.name)
        if seen is not None:
            yield seen


def _predict(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> PredictJob:
    dataset, variant, on, name = job.parts
    shard = jobs.plan.shard(on, name)
    models = tuple(map(Path, jobs.plan.models_for(dataset, variant, on, shard)))
    return PredictJob(**common, **_of_variant(jobs, job), models=models, shard=_shard(jobs, shard), output=outputs[0])


def _of_variant(jobs: Jobs, job: PlannedJob) -> dict[str, Any]:
    return {"model": job.model or "", "variant": job.variant or "", "prediction": jobs.declared.prediction}


def _score(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> ScoreJob:
    dataset, variant = job.parts
    shards = [_shard(jobs, shard, gold=True, by=(dataset, variant)) for shard in jobs.plan.scored_shards(dataset)]
    return ScoreJob(**common, model=variant, shards=tuple(shards), scores=outputs[0], decision=outputs[1])


def _draw(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> DrawJob:
    dataset, variant = job.parts
    shards = [_shard(jobs, shard, gold=True, by=(dataset, variant)) for shard in jobs.plan.drawn_shards(dataset)]
    return DrawJob(
        **common,
        model=variant,
        shards=tuple(shards),
        scores=Path(jobs.layout.scores(dataset, variant)),
        decision=Path(jobs.layout.decision(dataset, variant)),
        members=_members(jobs, dataset, variant),
        output=outputs[0],
    )


def _package(jobs: Jobs, job: PlannedJob, common: Common, outputs: Outputs) -> PackageJob:
    submission, name = job.parts
    chosen = jobs.plan.submissions[submission][name]
    answers = {on: _answers(jobs, submission, on, variant) for on, variant in chosen.items()}
    return PackageJob(**common, submission=submission, name=name, answers=answers, output=outputs[0])


def _answers(jobs: Jobs, submission: str, on: str, variant: str) -> Answers:
    dataset = jobs.plan.home_of_models(on)
    shards = tuple(_shard(jobs, shard, by=(dataset, variant)) for shard in jobs.answered(submission, on))
    decision = Path(jobs.layout.decision(dataset, variant))
    return Answers(on, variant, jobs.plan.datasets[on].source, shards, decision, _members(jobs, dataset, variant))


def _members(jobs: Jobs, dataset: str, variant: str) -> tuple[Member, ...]:
    """The trained models behind a variant."""
    members = []
    for member, weight in jobs.plan.members(variant).items():
        entry = jobs.plan.models[member]
        folders = tuple(map(Path, jobs.plan.fold_models(dataset, member)))
        declared = jobs.registry.model(jobs.plan.challenge, entry.model)
        facts = {"module": declared.module, "summary": declared.summary}
        members.append(Member(entry.model, entry.parameters, folders, weight, **facts))
    return tuple(members)


def _shard(jobs: Jobs, shard: ShardName, gold: bool = False, by: tuple[str, str] | None = None) -> Shard:
    """The files of a shard; its gold only where the stage may see it and the split has it."""
    plan = jobs.plan
    labelled = gold and plan.has_gold(shard.dataset, shard.split)
    return Shard(
        name=shard.name,
        split=shard.split,
        fold=shard.fold,
        index=Path(plan.index(shard)),
        prepared=Path(plan.prepared(shard)),
        gold=Path(plan.gold(shard)) if labelled else None,
        predictions=Path(plan.predictions(*by, shard)) if by else None,
    )
