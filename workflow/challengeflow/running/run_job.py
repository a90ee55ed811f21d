"""Running one job of the list: its hook gets what it is given, what it made is checked, renamed and noted."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.arrays import write_scores
from challengeflow.contract.jobs import DrawJob, PackageJob, PredictJob, PreprocessJob, TrainJob
from challengeflow.contract.progress import Progress
from challengeflow.planning.built_in import knows_prior
from challengeflow.planning.fingerprint import job_fingerprint
from challengeflow.planning.growth import stated
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.own_data import listing
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.settings import as_json
from challengeflow.running import (
    check_arrays,
    check_outputs,
    check_pictures,
    controls,
    ensemble,
    memory,
    provenance,
    taken,
    warn,
)
from challengeflow.running.atomic import atomic, claimed, lock_of, remove
from challengeflow.running.blame import blame
from challengeflow.running.folds import write_index
from challengeflow.running.given import given, seed_of
from challengeflow.running.views import unseen
from challengeflow.scoring import write_json

Made = Sequence[Path]
"""The temporary names of a job's outputs."""


def run_job(jobs: Jobs, job: PlannedJob, threads: int = 1) -> None:
    """Run a job whose inputs are there.

    `jobs` has an absolute results folder, so that nothing depends on the working folder.

    Raises InputError for what a person can mend, and PluginError, one of them, for a plugin's own fault.
    """
    jobs.registry.check_rules(job.challenge)
    work = {"index": _index, "preprocess": _preprocess, "control": _control, "score": _score}.get(job.stage, _call)
    if job.kind == "ensemble" and job.stage == "predict":
        work = _ensemble
    with _made(jobs, job, threads) as (outputs, common):
        (taken.take if job.package else work)(jobs, job, common, outputs)


# -- what is done for a stage beside calling its hook ---------------------------------------------------------------


def _call(jobs: Jobs, job: PlannedJob, common: Mapping[str, Any], outputs: Made) -> None:
    """Call the hook, then check what it made."""
    called, where = given(jobs, job, common, outputs), "/".join(job.parts)
    if isinstance(called, PackageJob):
        for dataset, answers in called.answers.items():
            if jobs.plan.datasets[dataset].source in ("demo", "official"):  # of own data, what can be answered is
                prepared = [shard.prepared for shard in answers.shards]
                check_outputs.check_failures(prepared, job.part.max_failed, f"{called.name}, {dataset}")
    jobs.registry.call(job.hook, called, job.model)
    if isinstance(called, PredictJob):
        ids = [sample.id for sample in called.shard.samples]
        check_arrays.check_predictions(outputs[0], called.shard.prepared, ids, where, called.prediction)
    elif isinstance(called, DrawJob):
        check_pictures.check(outputs[0], f"pictures of {where}")
    elif isinstance(called, TrainJob | PackageJob):
        check_outputs.check_written(outputs[0], f"{job.stage} of {where}", "job.output")
    if isinstance(called, PackageJob):
        _look_at_submission(jobs, called, outputs[0], where)
    if isinstance(called, TrainJob):
        check_outputs.check_model(outputs[0], f"train of {where}")


def _look_at_submission(jobs: Jobs, called: PackageJob, made: Path, where: str) -> None:
    """It holds what is declared, and is warned of where its models never saw real data."""
    declared = next(each for each in jobs.declared.submissions if each.name == called.submission)
    check_outputs.check_submission(made, declared, f"the submission {where}")
    said = warn.of_generated_data(jobs.plan, called.answers)
    warn.put_first(made, said)
    for sentence in said:
        called.progress.message(f"WARNING: {sentence}")


def _index(jobs: Jobs, job: PlannedJob, common: Mapping[str, Any], outputs: Made) -> None:
    """Make the sample table, and from it folds and shards."""
    dataset, entry = job.dataset, jobs.plan.datasets[job.dataset]
    made = common["work"] / "made"
    remove(made)
    made.mkdir()
    (outputs[0] / "gold").mkdir()
    jobs.registry.call("download", given(jobs, job, common, outputs))
    check_outputs.check_table(made, f"download of the index of {dataset}")
    base = Path(jobs.layout.samples(entry.extends)) if entry.extends else None
    before = _index_before(job) if entry.is_own else None
    write_index(outputs[0], made, list(jobs.plan.own_shards(dataset)), entry, base, before, _listing(job))


def _index_before(job: PlannedJob) -> Path | None:
    """The index that is there, where this very config made it: data may change, and their samples keep their places."""
    note = Path(f"{job.outputs[0]}{provenance.SUFFIX}")
    try:
        noted = json.loads(note.read_text())["config"]
    except (OSError, ValueError, KeyError):
        return None
    return Path(job.outputs[0]) if noted == json.loads(json.dumps(_config(job))) else None


def _listing(job: PlannedJob) -> str:
    """Which files own data have, of the index that reads them; empty for all else."""
    entry = job.part.datasets[job.dataset]
    return listing(entry.source, job.part.results) if job.stage == "index" and entry.is_own else ""


def _preprocess(jobs: Jobs, job: PlannedJob, common: Mapping[str, Any], outputs: Made) -> None:
    called = given(jobs, job, common, outputs)
    assert isinstance(called, PreprocessJob)
    jobs.registry.call("preprocess", called)
    ids, where = [sample.id for sample in called.samples], "/".join(job.parts)
    prediction = jobs.declared.prediction
    for sample, reason in check_arrays.check_prepared(outputs[0], ids, where, prediction).items():
        called.progress.message(f"sample {sample} cannot be used: {reason}")
    if called.labelled:
        check_arrays.check_gold(outputs[1], outputs[0], ids, where, prediction, jobs.declared.gold)


def _score(jobs: Jobs, job: PlannedJob, common: Mapping[str, Any], outputs: Made) -> None:
    dataset, variant = job.parts
    shards = jobs.plan.scored_shards(dataset)
    prepared = [Path(jobs.plan.prepared(shard)) for shard in shards]
    failed = check_outputs.check_failures(prepared, job.part.max_failed, dataset)
    jobs.registry.call("score", given(jobs, job, common, outputs))
    splits = list(dict.fromkeys(shard.split for shard in shards))
    further = jobs.declared.further_metrics
    scores = check_outputs.check_scores(outputs[0], splits, f"{dataset}/{variant}", [metric.name for metric in further])
    check_outputs.check_json(outputs[1], f"decisions of {dataset}/{variant}", "job.decision")
    metric = jobs.declared.metric
    about: dict[str, Any] = {"challenge": job.challenge, "dataset": dataset, "model": variant, "kind": job.kind}
    about |= {"metric": metric.name, "chance": metric.chance, "best": metric.best}
    about |= {"direction": metric.direction} if metric.direction == "lower" else {}
    write_json(outputs[0], about | {"splits": scores, "failed": failed})


# -- what the core answers itself -----------------------------------------------------------------------------------


def _ensemble(jobs: Jobs, job: PlannedJob, common: Mapping[str, Any], outputs: Made) -> None:
    """The members' answers to a shard, averaged."""
    members = list(jobs.plan.members(job.variant or "").values())
    write_scores(outputs[0], ensemble.merged([Path(path) for path in job.inputs], members, jobs.declared.prediction))
    _look_at_answers(jobs, job, outputs[0])


def _control(jobs: Jobs, job: PlannedJob, common: Mapping[str, Any], outputs: Made) -> None:
    """A control's answers to all shards that are scored."""
    plan, prediction, gold = jobs.plan, jobs.declared.prediction, jobs.declared.gold
    shards = zip(plan.scored_shards(job.dataset), outputs, strict=True)
    known = cache(partial(_known, jobs, job.dataset)) if knows_prior(jobs.declared, job.variant or "") else None
    for shard, output in shards:
        prepared = Path(plan.prepared(shard))
        if job.variant == "control-perfect":
            scores = controls.perfect(Path(plan.gold(shard)), prediction, gold)
        elif job.variant == "control-random":
            scores = controls.random(prepared, job.part.seed, prediction, known(shard.fold) if known else {})
        else:
            scores = controls.prior(prepared, known(shard.fold) if known else {}, prediction)
        write_scores(output, scores)
        _look_at_answers(jobs, job, output)


def _known(jobs: Jobs, dataset: str, fold: int | None) -> dict[str, Any]:
    """What is known of the gold of the same samples that a training of that fold sees."""
    plan, own = jobs.plan, jobs.plan.datasets[dataset].own_folds
    gold = [
        (Path(plan.gold(shard)), unseen(Path(plan.index(shard)), fold) if own else frozenset())
        for shard in plan.prior_shards(dataset, fold)
    ]
    return controls.known_before(gold, jobs.declared.prediction, jobs.declared.gold)


def _look_at_answers(jobs: Jobs, job: PlannedJob, made: Path) -> None:
    """Check answers that the core made; the gold itself is a perfect one also where it has axes of its own."""
    prediction, gold = jobs.declared.prediction, jobs.declared.gold
    axes = None if job.variant == "control-perfect" and gold and not gold.perfect else prediction.axes
    check_arrays.check_answers(made, prediction, axes, f"predictions of {'/'.join(job.parts)}")


# -- around every job -----------------------------------------------------------------------------------------------


@contextmanager
def _made(jobs: Jobs, job: PlannedJob, threads: int) -> Iterator[tuple[tuple[Path, ...], dict[str, Any]]]:
    """Give a job its temporary outputs and what all jobs have in common.

    Rename and note what it made when it is done.
    """
    started = time.monotonic()
    facts = _facts(jobs, job)
    outputs = [Path(path) for path in job.outputs]
    work = Path(jobs.layout.work(job.hook, hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]))
    work.mkdir(parents=True, exist_ok=True)
    common: dict[str, Any] = {
        "challenge": job.challenge,
        "dataset": job.dataset,
        "parameters": job.parameters,
        "seed": seed_of(job),
        "threads": threads,
        "device": job.part.device,
        "work": work,
        "progress": Progress(f"{job.stage} {job.name}"),
        "memory_mb": memory.allowed_mb(stated(job).mem_mb),
    }
    owner = "challengeflow" if job.built_in else jobs.registry.owner_of(job.hook, job.challenge, job.model)
    held = claimed(lock_of(jobs.layout, job.outputs[0]), job.outputs[0])
    bound = jobs.registry.owner[job.challenge] if job.built_in else None  # the core answers as the challenge declares
    fault = blame(jobs.registry, owner, job.hook, work.with_suffix(".traceback"), bound)
    with held, atomic(*outputs) as parts, fault, memory.held_to(common["memory_mb"], f"{job.stage} of {job.name}"):
        yield parts, common
    peak, seconds = provenance.peak_memory_mb(), time.monotonic() - started
    plugin = jobs.registry.distribution.get(owner, f"challengeflow {__version__}")
    facts |= {"plugin": plugin, "seed": common["seed"], "seconds": round(seconds, 2), "peak_memory_mb": peak}
    provenance.write(outputs, facts, plugin.partition(" ")[0])
    remove(work)
    _say(common["progress"], job, seconds, peak)


def _facts(jobs: Jobs, job: PlannedJob) -> dict[str, Any]:
    """What the job's result depends on: it names its work folder and is noted beside the outputs."""
    files = _listing(job)
    return ({"listing": files} if files else {}) | {
        "stage": job.hook,
        "challenge": job.challenge,
        "dataset": job.dataset,
        "part": "/".join(job.parts),
        "config": _config(job),
        "code": job_fingerprint(jobs.registry, job),
        "inputs": provenance.hashes(job.inputs, jobs.layout.results, f"{job.stage} of {job.name}"),
        "files": provenance.hashes(job.files, None, f"{job.stage} of {job.name}"),
    }


def _config(job: PlannedJob) -> dict[str, Any]:
    part: dict[str, Any] = as_json(job.part)
    del part["results"]
    return part


def _say(progress: Progress, job: PlannedJob, seconds: float, peak: float) -> None:
    most = stated(job).mem_mb
    progress.done(f"{seconds:.1f} s, peak memory {peak:.0f} MiB of {most} stated")
    if peak > most:
        progress.message(f"peak memory {peak:.0f} MiB is above the {most} MiB that is stated for {job.stage}")
