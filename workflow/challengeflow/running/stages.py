"""Running one stage: its job is built from a plan, handed to the owner, checked, renamed and noted."""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.arrays import write_scores
from challengeflow.contract.errors import InputError
from challengeflow.contract.jobs import (
    Answers,
    DownloadJob,
    DrawJob,
    Member,
    PackageJob,
    PredictJob,
    PreprocessJob,
    ScoreJob,
    Shard,
    TrainJob,
)
from challengeflow.contract.progress import Progress
from challengeflow.contract.samples import read_samples
from challengeflow.planning.fingerprint import stage_fingerprint
from challengeflow.planning.folds import write_index
from challengeflow.planning.plan import Plan, ShardName
from challengeflow.planning.plugins import Registry, resources
from challengeflow.running import check_outputs, check_pictures, controls, ensemble, provenance
from challengeflow.running.atomic import claimed, remove, whole
from challengeflow.running.blame import blame
from challengeflow.running.given import derived_seed
from challengeflow.scoring import write_json


class Stages:
    """The stages of one challenge, one method each: a verb of the command and a rule of the workflow."""

    def __init__(self, registry: Registry, plan: Plan, threads: int = 1):
        self.registry = registry
        # Absolute, so that a stage depends on no working directory.
        self.results = Path(plan.config["results"]).resolve()
        self.plan = Plan(plan.challenge, {**plan.config, "results": str(self.results)})
        self.layout = self.plan.layout
        self.challenge = registry.challenge(plan.challenge)
        self.threads = threads

    # -- download -------------------------------------------------------------------------------------------------

    def archive(self, dataset: str, archive: str) -> None:
        """Fetch a file that many shards share."""
        output = Path(self.layout.archive(dataset, archive))
        with self._run("download", dataset, archive, outputs=[output], code=False) as (parts, common):
            gold = parts[0].with_name(parts[0].name + "-gold")
            self._download(dataset, common, part="archive", archive=archive, archives={}, gold=gold, output=parts[0])

    def index(self, dataset: str) -> None:
        """Make the sample table, and from it folds and shards."""
        output = Path(self.layout.index(dataset))
        base = self.plan.datasets[dataset]["extends"]
        inputs = list(self._archives(dataset).values()) + ([Path(self.layout.samples(base))] if base else [])
        entry = self.plan.datasets[dataset]
        with self._run("download", dataset, "index", outputs=[output], inputs=inputs, code=False) as (parts, common):
            made = common["work"] / "made"
            remove(made)
            made.mkdir()
            (parts[0] / "gold").mkdir()
            self._download(dataset, common, part="index", gold=parts[0] / "gold", output=made)
            check_outputs.check_table(made, f"download of the index of {dataset}")
            shards = list(self.plan.own_shards(dataset))
            base_table = Path(self.layout.samples(base)) if base else None
            write_index(parts[0], made, shards, entry["folds"], entry["shards"], base_table)

    def shard(self, dataset: str, name: str) -> None:
        """Fetch the raw files of one shard."""
        shard = self.plan.shard(dataset, name)
        output, index = Path(self.layout.raw(dataset, name)), Path(self.plan.index(shard))
        inputs = [index, *self._archives(dataset).values()]
        with self._run("download", dataset, name, outputs=[output], inputs=inputs, code=False) as (parts, common):
            gold = Path(self.layout.index_gold(dataset))
            samples = read_samples(index)
            self._download(dataset, common, part="shard", shard=name, samples=samples, gold=gold, output=parts[0])

    def _download(self, dataset: str, common: Mapping[str, Any], **job: Any) -> None:
        entry = self.plan.datasets[dataset]
        job = {"archives": self._archives(dataset)} | job
        where = {"source": entry["source"], "splits": tuple(entry["splits"]), "gold_splits": tuple(entry["gold"])}
        self.registry.call("download", DownloadJob(**common, **where, **job))

    def _archives(self, dataset: str) -> dict[str, Path]:
        return {name: Path(path) for name, path in self.plan.archives(dataset).items()}

    # -- preprocess -----------------------------------------------------------------------------------------------

    def preprocess(self, dataset: str, name: str) -> None:
        """Prepare the arrays of one shard and set its gold apart."""
        shard = self.plan.shard(dataset, name)
        raw, index = Path(self.layout.raw(dataset, name)), Path(self.plan.index(shard))
        outputs = [Path(self.layout.prepared(dataset, name)), Path(self.layout.gold(dataset, name))]
        with self._run("preprocess", dataset, name, outputs=outputs, inputs=[raw, index]) as (parts, common):
            job = PreprocessJob(
                **common,
                shard=name,
                split=shard.split,
                samples=read_samples(index),
                labelled=self.plan.has_gold(dataset, shard.split),
                source=self.plan.datasets[dataset]["source"],
                raw=raw,
                index_gold=Path(self.layout.index_gold(dataset)),
                prepared=parts[0],
                gold=parts[1],
            )
            self.registry.call("preprocess", job)
            ids = [sample.id for sample in job.samples]
            for sample, reason in check_outputs.check_prepared(parts[0], ids, f"{dataset}/{name}").items():
                job.progress.message(f"sample {sample} cannot be used: {reason}")
            if job.labelled:
                check_outputs.check_gold(parts[1], ids, f"{dataset}/{name}")

    # -- train and predict ----------------------------------------------------------------------------------------

    def train(self, dataset: str, variant: str, fold: int | None) -> None:
        """Train a variant on all folds but one (on all: fold None)."""
        entry = self.plan.models[variant]
        model = self.registry.model(self.challenge.name, entry["model"])
        label = "all" if fold is None else fold
        output = Path(self.layout.model(dataset, variant, label))
        shards = [self._shard(s, gold=True) for s in self.plan.training_shards(dataset, fold)]
        unlabelled = [self._shard(s) for s in self.plan.shards(dataset, *model.trains_on)] if model.trains_on else []
        inputs = [path for s in (*shards, *unlabelled) for path in (s.prepared, s.gold) if path]
        part = f"{variant}/fold-{label}"
        with self._run("train", dataset, part, outputs=[output], inputs=inputs, model=model.name) as (parts, common):
            common |= {"parameters": entry["parameters"], "seed": derived_seed(entry["seed"], dataset, label)}
            job = TrainJob(
                **common,
                model=model.name,
                fold=fold,
                shards=tuple(shards),
                unlabelled=tuple(unlabelled),
                output=parts[0],
            )
            self.registry.call("train", job, model.name)
            check_outputs.check_written(parts[0], f"train of {dataset}/{part}", "job.output")

    def predict(self, dataset: str, variant: str, name: str, on: str) -> None:
        """Predict one shard of `on` by a variant of `dataset`: a trained model, an ensemble or a control."""
        shard = self.plan.shard(on, name)
        output = Path(self.plan.predictions(dataset, variant, shard))
        kind = self.plan.models[variant]["kind"]
        {"trained": self._predict, "ensemble": self._average, "control": self._control}[kind](
            dataset, variant, shard, output
        )

    def _predict(self, dataset: str, variant: str, shard: ShardName, output: Path) -> None:
        entry = self.plan.models[variant]
        models = [Path(path) for path in self.plan.models_for(dataset, variant, shard.dataset, shard)]
        part = f"{variant}/{shard.dataset}/{shard.name}"
        files = self._shard(shard)
        inputs = [*models, files.prepared]
        with self._run("predict", dataset, part, outputs=[output], inputs=inputs, model=entry["model"]) as (
            parts,
            common,
        ):
            common |= {"parameters": entry["parameters"], "seed": derived_seed(entry["seed"], dataset)}
            job = PredictJob(**common, model=entry["model"], models=tuple(models), shard=files, output=parts[0])
            self.registry.call("predict", job, entry["model"])
            ids = [sample.id for sample in files.samples]
            check_outputs.check_predictions(parts[0], files.prepared, ids, part)

    def _average(self, dataset: str, variant: str, shard: ShardName, output: Path) -> None:
        members = self.plan.members(variant)
        folders = [Path(self.plan.predictions(dataset, member, shard)) for member in members]
        self._built_in(dataset, variant, shard, output, folders, ensemble.average(folders, list(members.values())))

    def _control(self, dataset: str, variant: str, shard: ShardName, output: Path) -> None:
        prepared, gold = Path(self.plan.prepared(shard)), Path(self.plan.gold(shard))
        if variant == "control-perfect":
            self._built_in(dataset, variant, shard, output, [gold], controls.perfect(gold))
        elif variant == "control-random":
            seed = self.plan.config["seed"]
            self._built_in(dataset, variant, shard, output, [prepared], controls.random(prepared, seed))
        else:
            known = Path(self.plan.prior(dataset, shard))
            self._built_in(dataset, variant, shard, output, [prepared, known], controls.prior(prepared, known))

    def prior(self, dataset: str, fold: int | None) -> None:
        """Note the constant answer of `control-prior`: the mean gold of all folds but one (of all: fold None)."""
        label = "all" if fold is None else fold
        output = Path(self.layout.model(dataset, "control-prior", label))
        gold = [Path(self.plan.gold(shard)) for shard in self.plan.prior_shards(dataset, fold)]
        part = f"control-prior/fold-{label}"
        with self._run("predict", dataset, part, outputs=[output], inputs=gold, code=False) as (parts, _):
            controls.write_prior(parts[0], gold)

    def _built_in(self, dataset: str, variant: str, shard: ShardName, output: Path, inputs: list[Path], scores) -> None:
        part = f"{variant}/{shard.dataset}/{shard.name}"
        with self._run("predict", dataset, part, outputs=[output], inputs=inputs, code=False) as (parts, _):
            write_scores(parts[0], scores)

    # -- score, draw and package ----------------------------------------------------------------------------------

    def score(self, dataset: str, variant: str) -> None:
        """Score the splits with gold and fit the decision."""
        shards = [self._shard(s, gold=True, by=(dataset, variant)) for s in self.plan.scored_shards(dataset)]
        outputs = [Path(self.layout.scores(dataset, variant)), Path(self.layout.decision(dataset, variant))]
        inputs = [path for s in shards for path in (s.prepared, s.gold, s.predictions)]
        with self._run("score", dataset, variant, outputs=outputs, inputs=inputs) as (parts, common):
            prepared, allowed = [s.prepared for s in shards], self.plan.config["max_failed"]
            failed = check_outputs.check_failures(prepared, allowed, dataset)
            job = ScoreJob(**common, model=variant, shards=tuple(shards), scores=parts[0], decision=parts[1])
            self.registry.call("score", job)
            splits = list(dict.fromkeys(s.split for s in shards))
            scores = check_outputs.check_scores(parts[0], splits, f"{dataset}/{variant}")
            check_outputs.check_json(parts[1], f"decisions of {dataset}/{variant}", "job.decision")
            write_json(parts[0], self._about(dataset, variant) | {"splits": scores, "failed": failed})

    def _about(self, dataset: str, variant: str) -> dict[str, Any]:
        metric = self.challenge.metric
        return {
            "challenge": self.challenge.name,
            "dataset": dataset,
            "model": variant,
            "kind": self.plan.models[variant]["kind"],
            "metric": metric.name,
            "chance": metric.chance,
            "best": metric.best,
        }

    def draw(self, dataset: str, variant: str) -> None:
        """Draw a scored variant, where the challenge's plugin can."""
        shards = [self._shard(s, gold=True, by=(dataset, variant)) for s in self.plan.drawn_shards(dataset)]
        scores, decision = Path(self.layout.scores(dataset, variant)), Path(self.layout.decision(dataset, variant))
        members = self._members(dataset, variant)
        output = Path(self.layout.pictures(dataset, variant))
        inputs = [path for s in shards for path in (s.prepared, s.gold, s.predictions) if path]
        inputs += [scores, decision, *(folder for member in members for folder in member.models)]
        with self._run("draw", dataset, variant, outputs=[output], inputs=inputs) as (parts, common):
            common |= {"parameters": self.plan.datasets[dataset]["parameters"]["score"]}
            job = DrawJob(
                **common,
                model=variant,
                shards=tuple(shards),
                scores=scores,
                decision=decision,
                members=members,
                output=parts[0],
            )
            self.registry.call("draw", job)
            check_pictures.check(parts[0], f"pictures of {dataset}/{variant}")

    def package(self, submission: str, name: str) -> None:
        """Make one submission and check it."""
        chosen = self.plan.submissions[submission][name]
        output = Path(self.layout.submission(submission, name))
        answers = {on: self._answers(on, variant) for on, variant in chosen.items()}
        shards = [shard for answer in answers.values() for shard in answer.shards]
        inputs = [path for s in shards for path in (s.prepared, s.predictions)]
        inputs += [answer.decision for answer in answers.values()]
        dataset = next(iter(chosen))
        with self._run("package", dataset, f"{submission}/{name}", outputs=[output], inputs=inputs) as (parts, common):
            check_outputs.check_failures([s.prepared for s in shards], self.plan.config["max_failed"], name)
            job = PackageJob(**common, submission=submission, name=name, answers=answers, output=parts[0])
            self.registry.call("package", job)
            check_outputs.check_written(parts[0], f"package of {submission}/{name}", "job.output")

    def _answers(self, on: str, variant: str) -> Answers:
        dataset = self.plan.home_of_models(on)
        shards = tuple(self._shard(s, by=(dataset, variant)) for s in self.plan.shards(on, "test"))
        decision = Path(self.layout.decision(dataset, variant))
        source = self.plan.datasets[on]["source"]
        return Answers(on, variant, source, shards, decision, self._members(dataset, variant))

    def _members(self, dataset: str, variant: str) -> tuple[Member, ...]:
        """The trained models behind a variant."""
        members = []
        for member, weight in self.plan.members(variant).items():
            entry = self.plan.models[member]
            folders = tuple(Path(path) for path in self.plan.fold_models(dataset, member))
            declared = self.registry.model(self.challenge.name, entry["model"])
            facts = {"module": declared.module, "summary": declared.summary}
            members.append(Member(entry["model"], entry["parameters"], folders, weight, **facts))
        return tuple(members)

    # -- common ---------------------------------------------------------------------------------------------------

    def _shard(self, shard: ShardName, gold: bool = False, by: tuple[str, str] | None = None) -> Shard:
        """The files of a shard; its gold only where the stage may see it and the split has it."""
        labelled = gold and self.plan.has_gold(shard.dataset, shard.split)
        return Shard(
            name=shard.name,
            split=shard.split,
            fold=shard.fold,
            index=Path(self.plan.index(shard)),
            prepared=Path(self.plan.prepared(shard)),
            gold=Path(self.plan.gold(shard)) if labelled else None,
            predictions=Path(self.plan.predictions(*by, shard)) if by else None,
        )

    @contextmanager
    def _run(
        self,
        stage: str,
        dataset: str,
        part: str,
        *,
        outputs: Sequence[Path],
        inputs: Sequence[Path] = (),
        model: str | None = None,
        code: bool = True,
    ) -> Iterator[tuple[tuple[Path, ...], dict[str, Any]]]:
        """Give a stage its temporary outputs and what all jobs have in common; note provenance when it is done."""
        started = time.monotonic()
        for path in inputs:
            if not path.exists():
                raise InputError(
                    f"{stage} of {dataset}/{part} needs {path}, which is not there; run the stage that makes it"
                )
        known = {os.path.relpath(path, self.results): provenance.recorded_hash(path) for path in inputs}
        fingerprint = stage_fingerprint(self.registry, stage, self.challenge.name, model) if code else None
        facts = {"stage": stage, "challenge": self.challenge.name, "dataset": dataset, "part": part}
        config = {key: value for key, value in self.plan.config.items() if key != "results"}
        facts |= {"config": config, "code": fingerprint, "inputs": known}
        work = Path(self.layout.work(stage, hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]))
        work.mkdir(parents=True, exist_ok=True)
        progress = Progress(f"{stage} {self.challenge.name}/{dataset} {part}")
        common = {
            "challenge": self.challenge.name,
            "dataset": dataset,
            "parameters": self.plan.datasets[dataset].get("parameters", {}).get(stage, {}),
            "seed": derived_seed(self.plan.config["seed"], dataset),
            "threads": self.threads,
            "device": self.plan.config["device"],
            "work": work,
            "progress": progress,
        }
        built_in = stage == "predict" and model is None
        owner = "challengeflow" if built_in else self.registry.owner_of(stage, self.challenge.name, model)
        lock = Path(self.layout.work("lock", hashlib.sha256(str(outputs[0]).encode()).hexdigest()[:16]))
        held = claimed(lock, str(outputs[0]))
        with held, whole(*outputs) as parts, blame(self.registry, owner, stage, work.with_suffix(".traceback")):
            yield parts, common
        peak, seconds = provenance.peak_memory_mb(), time.monotonic() - started
        plugin = self.registry.distribution.get(owner, f"challengeflow {__version__}")
        facts |= {"plugin": plugin, "seed": common["seed"], "seconds": round(seconds, 2), "peak_memory_mb": peak}
        provenance.write(outputs, facts)
        remove(work)
        self._report(stage, model, seconds, peak, progress)

    def _report(self, stage: str, model: str | None, seconds: float, peak: float, progress: Progress) -> None:
        promised = resources(self.registry, stage, self.challenge.name, model).mem_mb
        progress.message(f"done in {seconds:.1f} s, peak memory {peak:.0f} MiB of {promised} stated")
        if peak > promised:
            progress.message(
                f"peak memory {peak:.0f} MiB is above the {promised} MiB that the plugin states for {stage}"
            )
