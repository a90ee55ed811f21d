"""Jobs that the core does itself: a control's answers, and what stands in the place of training and scoring where a
model package holds what they would make."""

from dataclasses import replace

from challengeflow.contract.declare import Challenge
from challengeflow.contract.errors import InputError
from challengeflow.planning.plan import Plan
from challengeflow.planning.planned_job import BUILT_IN, PlannedJob


def from_package(plan: Plan, stage: str, dataset: str, variant: str, *fold: str) -> PlannedJob:
    """The job that takes a model (stage train), or the scores and the decision (stage score), out of a package."""
    package = plan.datasets[dataset].packages[variant]
    made = (plan.layout.scores(dataset, variant), plan.layout.decision(dataset, variant))
    variants = dict.fromkeys([variant, *plan.members(variant)])
    part = plan.part(dataset, variants=variants)
    packages = {name: plan.datasets[dataset].packages[name] for name in variants}
    return PlannedJob(
        challenge=plan.challenge,
        stage=stage,
        parts=(dataset, variant, *fold),
        dataset=dataset,
        outputs=(plan.layout.model(dataset, variant, *fold),) if fold else made,
        inputs=(),
        files=(package,),
        part=replace(part, datasets={**part.datasets, dataset: replace(part.datasets[dataset], packages=packages)}),
        parameters={},
        resources=BUILT_IN,
        variant=variant,
        kind=plan.models[variant].kind,
        package=package,
    )


def control(plan: Plan, declared: Challenge, dataset: str, variant: str) -> PlannedJob:
    """The job of all that a control answers, every scored shard: each takes it less time than its process to start."""
    if (dataset, variant) not in plan.controlled():
        known = ", ".join("/".join(pair) for pair in plan.controlled()) or "none"
        raise InputError(f"{plan.challenge} has no control {dataset}/{variant} in this config; it has {known}")
    shards = plan.scored_shards(dataset)
    perfect = variant == "control-perfect"
    prepared = () if perfect else map(plan.prepared, shards)
    seen = shards if perfect else plan.prior_shards(dataset, None) if knows_prior(declared, variant) else []
    gold = tuple(map(plan.gold, seen))
    tables = map(plan.index, seen) if plan.datasets[dataset].own_folds and not perfect else ()
    part = plan.part(dataset, variants=[variant])
    return PlannedJob(
        challenge=plan.challenge,
        stage="control",
        parts=(dataset, variant),
        dataset=dataset,
        outputs=tuple(plan.predictions(dataset, variant, shard) for shard in shards),
        inputs=(*prepared, *gold, *tables),
        gold=gold,
        part=part,
        parameters={},
        resources=BUILT_IN,
        variant=variant,
        kind="control",
        own=tuple(name for name in part.datasets if plan.datasets[name].is_own),
    )


def knows_prior(declared: Challenge, variant: str) -> bool:
    """Whether a control is told of the training gold: its mean, or the bounds that the range of predictions lacks."""
    is_open = None in declared.prediction.range
    return variant == "control-prior" or (variant == "control-random" and is_open)
