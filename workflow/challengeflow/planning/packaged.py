"""What stands in the place of training and scoring where a model package holds what they would make."""

from dataclasses import replace

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
