"""Every job of a run that the workflow makes of a plan, with what it makes and where its log is: what `status` looks for."""

from collections.abc import Iterator
from dataclasses import dataclass

from challengeflow.planning.plan import Plan


@dataclass(frozen=True)
class Expected:
    """A job. `output`: what it makes first, by which it holds its lock; `signs`: each shows that it was done."""

    challenge: str
    stage: str
    name: str
    output: str
    log: str
    signs: tuple[str, ...]


def expected(plan: Plan, draws: bool) -> Iterator[Expected]:
    """The jobs of a challenge, in the order of the stages; draws: whether its plugin does."""
    yield from _data(plan)
    yield from _models(plan, draws)
    layout = plan.layout
    for dataset, variant in plan.scored():
        yield _job(plan, "score", layout.scores(dataset, variant), dataset, variant)
    for dataset, variant in plan.drawn() if draws else ():
        yield _job(plan, "draw", layout.pictures(dataset, variant), dataset, variant)
    for kind, named in plan.submissions.items():
        for name in named:
            yield _job(plan, "package", layout.submission(kind, name), kind, name)


def _data(plan: Plan) -> Iterator[Expected]:
    layout = plan.layout
    for dataset in plan.datasets:
        for archive, folder in plan.archives(dataset).items():
            yield _job(plan, "archive", folder, dataset, archive)
        # Snakemake makes the folder before the job runs.
        yield _job(plan, "index", layout.index(dataset), dataset, signs=(layout.samples(dataset),))
        for shard in plan.own_shards(dataset):
            raw, prepared = layout.raw(dataset, shard.own), layout.prepared(dataset, shard.own)
            # Raw shards are removed when they have been prepared.
            yield _job(plan, "download", raw, dataset, shard.own, signs=(raw, prepared))
            yield _job(plan, "preprocess", prepared, dataset, shard.own)


def _models(plan: Plan, draws: bool) -> Iterator[Expected]:
    """Training and prediction: of what is scored and drawn, and of what a submission needs."""
    wanted = dict.fromkeys(plan.scored())
    shards = {(*pair, shard): None for pair in wanted for shard in plan.scored_shards(pair[0])}
    for named in plan.submissions.values():
        for chosen in named.values():
            for on, variant in chosen.items():
                home = plan.home_of_models(on)
                wanted[home, variant] = None
                shards |= {(home, variant, shard): None for shard in plan.shards(on, "test")}
    if draws:
        shards |= {(*pair, shard): None for pair in plan.drawn() for shard in plan.drawn_shards(pair[0])}
    for home, member in dict.fromkeys((home, member) for home, variant in wanted for member in plan.members(variant)):
        if plan.models[member]["kind"] == "trained":
            for folder in plan.fold_models(home, member) + _out_of_fold(plan, home, member):
                yield _job(plan, "train", folder, home, member, folder.rpartition("/")[2])
    shards |= {(home, member, shard): None for home, variant, shard in shards for member in plan.members(variant)}
    for home, variant, shard in shards:
        path = plan.predictions(home, variant, shard)
        yield _job(plan, "predict", path, home, variant, shard.dataset, shard.name)
    if "control-prior" in plan.models:
        needed = {plan.prior(home, shard): home for home, variant, shard in shards if variant == "control-prior"}
        for folder, home in needed.items():
            yield _job(plan, "prior", folder, home, "control-prior", folder.rpartition("/")[2])


def _out_of_fold(plan: Plan, home: str, variant: str) -> list[str]:
    """The fold models that out-of-fold predictions need beside a refit."""
    folds = range(plan.datasets[home]["folds"]) if plan.models[variant]["refit"] else ()
    return [plan.layout.model(home, variant, fold) for fold in folds]


def _job(plan: Plan, stage: str, output: str, *parts: str, signs: tuple[str, ...] = ()) -> Expected:
    name = "/".join((plan.challenge, *parts))
    return Expected(plan.challenge, stage, name, output, plan.layout.log(stage, *parts), signs or (output,))
