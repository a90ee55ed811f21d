"""What the rules ask: files, parameters, resources and targets as functions of wildcards.

The rule files hold no logic; everything they need of the config and the plugins is a method here. Making
this opens no data.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.contract import names  # noqa: F401  (the Snakefile has them from here)
from challengeflow.contract.declare import Resources
from challengeflow.contract.errors import InputError
from challengeflow.launching.shipped import shipped
from challengeflow.planning import layout
from challengeflow.planning.config import plans, resolve
from challengeflow.planning.fingerprint import stage_fingerprint
from challengeflow.planning.plan import Plan, ShardName
from challengeflow.planning.plugins import Registry, registry, resources
from challengeflow.reporting import leaderboard
from challengeflow.reporting.page.subject import pack, subject
from challengeflow.reporting.status import describe, standing

# Before every job's command, inside its env: the command must be there, and of the version that plans the workflow.
# Snakemake formats it once more, hence the doubled braces.
PRELUDE = f"""export CHALLENGEFLOW_VERSION={__version__}
command -v challengeflow > /dev/null || {{{{ echo "challengeflow: this job's environment has no command challengeflow;\
 its env file must list challengeflow=={__version__} and the plugin's package under pip" >&2; exit 127; }}}}
"""
# A cluster's scheduler counts the two Snakemake processes around a stage as well.
SNAKEMAKE_MB = 400
NOTHING = "(?!)"  # matches no name, for a kind of variant that the config does not use


class Dag:
    """The workflow of a config: one plan for each challenge, seen through Snakemake's wildcards."""

    def __init__(self, config: Mapping[str, Any], registry: Registry):
        self.registry = registry
        self.config = resolve(config, registry)
        self.plans: dict[str, Plan] = plans(self.config)
        self.paths = layout.Layout(self.config["results"], "{challenge}")
        self._check_kinds()

    def _check_kinds(self) -> None:
        """A variant name is of one kind in all challenges, so that the rules can tell kinds by name."""
        kinds: dict[str, str] = {}
        for plan in self.plans.values():
            for variant, entry in plan.models.items():
                if kinds.setdefault(variant, entry["kind"]) != entry["kind"]:
                    raise InputError(
                        f"model variant {variant!r} is an ensemble in one challenge and trained in another; rename one"
                    )
        self.kinds = kinds

    def plan(self, wildcards: Any) -> Plan:
        return self.plans[wildcards.challenge]

    # -- wildcards ------------------------------------------------------------------------------------------------

    def names(self, kind: str) -> str:
        """A regular expression of the names a wildcard may take: challenge, dataset, submission, archive or a kind of variant."""
        found = {
            "challenge": list(self.plans),
            "dataset": [name for plan in self.plans.values() for name in plan.datasets],
            "submission": [name for plan in self.plans.values() for name in plan.submissions],
            "archive": [name for plan in self.plans.values() for d in plan.datasets.values() for name in d["archives"]],
        }.get(kind) or [variant for variant, found in self.kinds.items() if found == kind]
        escaped = sorted({name.replace(".", r"\.") for name in found})
        return "|".join(escaped) or NOTHING

    def targets(self, challenge: str | None = None) -> list[str]:
        """What one challenge's target makes; all challenges' and the leaderboard without a name."""
        if challenge is not None:
            return self.plans[challenge].targets() + self._pictures(challenge)
        boards = [layout.leaderboard(self.config["results"], kind) for kind in ("csv", "html")]
        boards.append(layout.report(self.config["results"]))
        return boards + [target for name in self.plans for target in self.targets(name)]

    def scores(self) -> list[str]:
        """The scores.json of all challenges."""
        return [path for plan in self.plans.values() for path in plan.score_files()]

    def submissions(self) -> list[str]:
        """The submission folders of all challenges."""
        return [path for plan in self.plans.values() for path in plan.submission_folders()]

    def pictures(self) -> list[str]:
        """The picture folders of all challenges whose plugins draw."""
        return [path for challenge in self.plans for path in self._pictures(challenge)]

    def _pictures(self, challenge: str) -> list[str]:
        plan = self.plans[challenge]
        return [plan.layout.pictures(*pair) for pair in plan.drawn()] if self.registry.draws(challenge) else []

    def snakefiles(self) -> dict[str, str]:
        """Extra rule files of the plugins, by challenge."""
        declared = {name: self.registry.challenges[name].snakefile for name in self.plans}
        return {name: path for name, path in declared.items() if path}

    def subject(self) -> str:
        """What the report is about, as an argument of its command."""
        return pack(subject(self.config, self.registry))

    def ended(self) -> str:
        """How the run stands: a table, what has stopped with the last lines of its log, and the scores once there are all."""
        results = self.config["results"]
        found = standing(self.plans, {name: self.registry.draws(name) for name in self.plans})
        pages = [path for path in (layout.leaderboard(results, "csv"), layout.report(results)) if Path(path).exists()]
        if found.left or len(pages) < 2:
            return describe(found)
        return f"{describe(found)}\n\n{leaderboard.summary(results)}\n\nAll about it: {pages[1]}"

    # -- inputs ---------------------------------------------------------------------------------------------------

    def archives(self, wildcards: Any) -> list[str]:
        return list(self.plan(wildcards).archives(wildcards.dataset).values())

    def base_index(self, wildcards: Any) -> list[str]:
        plan = self.plan(wildcards)
        base = plan.datasets[wildcards.dataset]["extends"]
        return [plan.layout.samples(base)] if base else []

    def window(self, wildcards: Any) -> list[str]:
        """The prepared shard that must be done before this one is fetched, so that few raw shards are on disk at once."""
        return self._windows(wildcards.challenge, wildcards.dataset).get(wildcards.shard, [])

    @cache  # noqa: B019  (one Dag a process)
    def _windows(self, challenge: str, dataset: str) -> dict[str, list[str]]:
        plan, size = self.plans[challenge], self.config["raw_shards"]
        # One sequence with the datasets that this one contains: their raw shards count too.
        shards = [shard for home in reversed(plan.chain(dataset)) for shard in plan.own_shards(home)] if size else []
        return {
            later.own: [plan.prepared(earlier)]
            for earlier, later in zip(shards, shards[size:], strict=False)
            if later.home == dataset
        }

    def training(self, wildcards: Any) -> list[str]:
        plan = self.plan(wildcards)
        fold = None if wildcards.fold == "all" else int(wildcards.fold)
        shards = plan.training_shards(wildcards.dataset, fold)
        model = self.registry.models[plan.challenge, plan.models[wildcards.model]["model"]]
        unlabelled = plan.shards(wildcards.dataset, *model.trains_on) if model.trains_on else []
        gold = [plan.gold(s) for s in shards if plan.has_gold(wildcards.dataset, "train")]
        return [plan.prepared(s) for s in (*shards, *unlabelled)] + gold

    def models(self, wildcards: Any) -> list[str]:
        plan, shard = self._on(wildcards)
        return plan.models_for(wildcards.dataset, wildcards.model, wildcards.on, shard)

    def prepared_on(self, wildcards: Any) -> str:
        plan, shard = self._on(wildcards)
        return plan.prepared(shard)

    def members(self, wildcards: Any) -> list[str]:
        plan, shard = self._on(wildcards)
        return [plan.predictions(wildcards.dataset, member, shard) for member in plan.members(wildcards.model)]

    def control(self, wildcards: Any) -> list[str]:
        plan, shard = self._on(wildcards)
        if wildcards.model == "control-perfect":
            return [plan.gold(shard)]
        prior = [plan.prior(wildcards.dataset, shard)] if wildcards.model == "control-prior" else []
        return [plan.prepared(shard), *prior]

    def prior(self, wildcards: Any) -> list[str]:
        plan = self.plan(wildcards)
        fold = None if wildcards.fold == "all" else int(wildcards.fold)
        return [plan.gold(shard) for shard in plan.prior_shards(wildcards.dataset, fold)]

    def scored(self, wildcards: Any) -> list[str]:
        plan = self.plan(wildcards)
        shards = plan.scored_shards(wildcards.dataset)
        predictions = [plan.predictions(wildcards.dataset, wildcards.model, s) for s in shards]
        return predictions + [plan.gold(s) for s in shards] + [plan.prepared(s) for s in shards]

    def drawn(self, wildcards: Any) -> list[str]:
        plan, dataset, variant = self.plan(wildcards), wildcards.dataset, wildcards.model
        tests = [s for s in plan.drawn_shards(dataset) if not plan.has_gold(dataset, s.split)]
        unscored = [path for s in tests for path in (plan.predictions(dataset, variant, s), plan.prepared(s))]
        models = [folder for member in plan.members(variant) for folder in plan.fold_models(dataset, member)]
        results = [plan.layout.scores(dataset, variant), plan.layout.decision(dataset, variant)]
        return [*results, *self.scored(wildcards), *unscored, *models]

    def packaged(self, wildcards: Any) -> list[str]:
        plan = self.plan(wildcards)
        files: list[str] = []
        for on, variant in plan.submissions[wildcards.submission][wildcards.name].items():
            dataset = plan.home_of_models(on)
            files.append(plan.layout.decision(dataset, variant))
            for shard in plan.shards(on, "test"):
                files += [plan.predictions(dataset, variant, shard), plan.prepared(shard)]
            for member in plan.members(variant):
                files += plan.fold_models(dataset, member)
        return files

    def _on(self, wildcards: Any) -> tuple[Plan, ShardName]:
        plan = self.plan(wildcards)
        return plan, plan.shard(wildcards.on, wildcards.shard)

    # -- params, resources, envs ----------------------------------------------------------------------------------

    def slice(self, stage: str) -> Callable[[Any], str]:
        """For `params:`: the slice of the config that a job depends on, as JSON."""

        def of(wildcards: Any) -> str:
            plan = self.plan(wildcards)
            if stage == "package":
                return json.dumps(plan.package_slice(wildcards.submission, wildcards.name), sort_keys=True)
            variant, on = wildcards.get("model"), wildcards.get("on")
            sliced = plan.slice(stage, wildcards.dataset, variant=variant, on=on)
            if variant and plan.models[variant]["kind"] == "ensemble":
                sliced["models"] |= {member: plan.models[member] for member in plan.members(variant)}
            return json.dumps(sliced, sort_keys=True)

        return of

    def code(self, stage: str) -> Callable[[Any], str]:
        """For `params:`: the fingerprint of the code that a job depends on."""

        def of(wildcards: Any) -> str:
            model = self._model(stage, wildcards)
            if model is None and stage == "predict":  # an ensemble or a control: the core's own
                return __version__
            return stage_fingerprint(self.registry, stage, wildcards.challenge, model)

        return of

    def need(self, stage: str, what: str) -> Callable[..., int]:
        """For `resources:`: what a job needs, times the attempt; GPUs only where the config's device is one."""

        def of(wildcards: Any, attempt: int) -> int:
            amount = getattr(self._resources(stage, wildcards), what)
            if what == "gpu":
                return amount if self.config["device"] == "cuda" else 0
            return amount * attempt + (SNAKEMAKE_MB if what == "mem_mb" else 0)

        return of

    def threads(self, stage: str) -> Callable[[Any], int]:
        return lambda wildcards: self._resources(stage, wildcards).threads

    def env(self, stage: str) -> Callable[[Any], str]:
        """For `conda:`: the env file of the model or challenge; a bare name is a file of the workflow's envs folder."""

        def of(wildcards: Any) -> str:
            model = self._model(stage, wildcards)
            name = self.registry.challenges[wildcards.challenge].env
            if model is not None:
                name = self.registry.models[wildcards.challenge, model].env or name
            return name if Path(name).is_absolute() else str(shipped() / "envs" / f"{name}.yaml")

        return of

    def _model(self, stage: str, wildcards: Any) -> str | None:
        """The declared model behind a job of train or predict; None for other stages, ensembles and controls."""
        if stage not in ("train", "predict"):
            return None
        entry = self.plan(wildcards).models[wildcards.model]
        return entry["model"] if entry["kind"] == "trained" else None

    def _resources(self, stage: str, wildcards: Any) -> Resources:
        return resources(self.registry, stage, wildcards.challenge, self._model(stage, wildcards))


def load(config: Mapping[str, Any]) -> Dag:
    """The workflow of a config with all installed plugins; what the Snakefile calls. Warns of plugins set aside."""
    for plugin in registry().broken:
        print(f"challengeflow: plugin {plugin.name!r} is left out: {plugin.reason}", file=sys.stderr)
    os.environ["CHALLENGEFLOW_VERSION"] = __version__
    return Dag(config, registry())


def add_ending(workflow: Any, run: Dag) -> None:
    """Have a workflow that uses this one as a module tell how the run stands at its end, beside what it says itself.

    Snakemake calls the handlers of the main Snakefile alone. One that is defined after the module takes the place of this;
    it may then call `onsuccess()` or `onerror()` of the module.
    """

    def after(own: Callable[[str], None]) -> Callable[[str], None]:
        return lambda log: (own(log), print(run.ended(), file=sys.stderr))[0]

    workflow._onsuccess, workflow._onerror = after(workflow._onsuccess), after(workflow._onerror)
