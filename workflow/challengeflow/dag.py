"""What the rules ask: the list of jobs, seen through Snakemake's wildcards.

The rule files hold no logic; everything they need of the config and the plugins is a method here. Making this opens no
data.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from challengeflow import __version__
from challengeflow.contract import names
from challengeflow.contract.errors import InputError
from challengeflow.planning import layout
from challengeflow.planning.config import resolve
from challengeflow.planning.fingerprint import job_fingerprint
from challengeflow.planning.growth import stated
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.own_data import listing
from challengeflow.planning.part_file import write_part
from challengeflow.planning.plan import Plan, generated, plans
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.plugins import Registry, registry
from challengeflow.planning.read_config import read_config
from challengeflow.planning.settings import ChallengeSettings, as_json
from challengeflow.planning.shipped import shipped
from challengeflow.reporting.ending import ended
from challengeflow.reporting.page.subject import subject

__all__ = ["PRELUDE", "Dag", "be_a_module", "layout", "load", "names"]

# Before every job's command, inside its env: the command must be there, and of the version that plans the workflow.
# Snakemake formats it once more, hence the doubled braces.
PRELUDE = f"""export CHALLENGEFLOW_VERSION={__version__}
command -v challengeflow > /dev/null || {{{{ echo "challengeflow: this job's environment has no command challengeflow;\
 its env file must list challengeflow=={__version__} and the plugin's package under pip" >&2; exit 127; }}}}
"""
# A cluster's scheduler counts the two Snakemake processes around a stage as well.
SNAKEMAKE_MB = 400
NOTHING = "(?!)"  # matches no name, for a kind of variant that the config does not use
KEYS = {
    "archive": ("dataset", "archive"),
    "index": ("dataset",),
    "download": ("dataset", "shard"),
    "preprocess": ("dataset", "shard"),
    "train": ("dataset", "model", "fold"),
    "predict": ("dataset", "model", "on", "shard"),
    "control": ("dataset", "model"),
    "score": ("dataset", "model"),
    "draw": ("dataset", "model"),
    "package": ("submission", "name"),
}
"""The wildcards that name a job of each stage, beside the challenge."""


class Dag:
    """The workflow of a config: one plan for each challenge, seen through Snakemake's wildcards."""

    def __init__(self, config: Mapping[str, Any], registry: Registry):
        self.registry = registry
        self.settings = resolve(config, registry)
        self.plans: dict[str, Plan] = plans(self.settings)
        self.jobs = {name: Jobs(plan, registry) for name, plan in self.plans.items()}
        self.paths = layout.Layout(self.settings.results, "{challenge}")
        self.kinds = self._kinds()
        self._parts: dict[int, tuple[ChallengeSettings, str]] = {}  # with the part, so that no other takes its number

    def _kinds(self) -> dict[str, str]:
        """Variant -> kind, the same in all challenges, so that the rules can tell kinds by name."""
        return {variant: entry.kind for plan in self.plans.values() for variant, entry in plan.models.items()}

    # -- wildcards ------------------------------------------------------------------------------------------------

    def names(self, kind: str) -> str:
        """A regular expression of the names a wildcard may take: challenge, dataset (without data: those whose models
        come out of packages), submission, archive, or a kind of variants."""
        plans = self.plans.values()
        found = {
            "challenge": list(self.plans),
            "dataset": [name for plan in plans for name in plan.datasets],
            "without data": [name for plan in plans for name, each in plan.datasets.items() if each.without_data],
            "submission": [name for plan in plans for name in plan.submissions],
            "archive": [name for plan in plans for dataset in plan.datasets.values() for name in dataset.archives],
        }.get(kind, [variant for variant, found in self.kinds.items() if found == kind])
        escaped = sorted({name.replace(".", r"\.") for name in found})
        return "|".join(escaped) or NOTHING

    @property
    def has_own_data(self) -> bool:
        return any(entry.is_own for plan in self.plans.values() for entry in plan.datasets.values())

    def reading(self, *, own: bool) -> str:
        """A regular expression of the challenges, each with a dataset behind it, whose data are the user's own, or are
        not."""
        pairs = [
            f"{challenge}(?=/{dataset}/)"
            for challenge, plan in self.plans.items()
            for dataset, entry in plan.datasets.items()
            if entry.is_own == own
        ]
        return "|".join(pairs) or NOTHING

    def targets(self, challenge: str | None = None) -> list[str]:
        """What one challenge's target makes; all challenges' and the leaderboard without a name."""
        if challenge is not None:
            return self.plans[challenge].targets() + self._pictures(challenge)
        boards = [layout.leaderboard(self.settings.results, kind) for kind in ("csv", "html")]
        boards.append(layout.report(self.settings.results))
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
        return [self.plans[challenge].layout.pictures(*pair) for pair in self.jobs[challenge].drawn()]

    def snakefiles(self) -> dict[str, str]:
        """Extra rule files of the plugins, by challenge; of one that is missing, the challenge's own jobs say so."""
        declared = {name: self.registry.challenges[name].snakefile for name in self.plans}
        return {name: path for name, path in declared.items() if path and Path(path).is_file()}

    def config_of(self, challenge: str) -> dict[str, Any]:
        """What the rules of a plugin get as their config: see `challengeflow.results`."""
        found: dict[str, Any] = as_json(self.settings.challenges[challenge])
        return found | {"challenge": challenge}

    def subject(self, wildcards: Any) -> str:
        """For `params:`: the file that says what the report is about."""
        return write_part(subject(self.settings, self.registry))

    def board(self, wildcards: Any) -> str:
        """For `params:`: the file that lists what enters the leaderboard."""
        files, demos = self.scores() + self.submissions(), generated(self.plans.values())
        return write_part({"results": self.settings.results, "files": files, "generated": demos})

    def tell_end(self) -> None:
        """Say how the run stands, the scores, and what to hand in: after all that Snakemake has said, and in its log
        file too."""
        from snakemake.logging import logger

        logger.info(ended(self.jobs, self.settings.results), extra={"ending": True})

    # -- jobs -----------------------------------------------------------------------------------------------------

    def job(self, stage: str, wildcards: Any) -> PlannedJob:
        """The job of a stage that wildcards name."""
        return self.jobs[wildcards.challenge].get(stage, *(wildcards[key] for key in KEYS[stage]))

    def inputs(self, stage: str, checkpoints: Any) -> Callable[[Any], list[str]]:
        """For `input:`: what a job reads, as the workflow knows it."""

        def of(wildcards: Any) -> list[str]:
            job = self.job(stage, wildcards)
            behind = () if job.stage in ("archive", "index") else job.part.datasets
            waiting = self._waiting(job.challenge, behind, checkpoints)
            return [path for path in job.targets if not (waiting and job.layout.is_stamp(path))] + waiting

        return of

    def gathered(self, paths: list[str], checkpoints: Any) -> Callable[[Any], list[str]]:
        """For `input:`: results of all challenges."""
        plans = self.plans.items()
        return lambda _: (
            paths + [file for name, plan in plans for file in self._waiting(name, plan.datasets, checkpoints)]
        )

    def _waiting(self, challenge: str, datasets: Iterable[str], checkpoints: Any) -> list[str]:
        """The sample tables of own data that are yet to be made, first or again.

        Snakemake asks once more when they are there, and so runs only what they touch: which is why every job waits
        for the tables of all own data behind it.
        """
        from snakemake.exceptions import IncompleteCheckpointException

        waiting = []
        for name in (name for name in datasets if self.plans[challenge].datasets[name].is_own):
            try:
                checkpoints.own_index.get(challenge=challenge, dataset=name)
            except IncompleteCheckpointException as error:
                waiting.append(error.targetfile)
        return waiting

    def listing(self, wildcards: Any) -> str:
        """For `params:`: a digest of the files of own data; where one has changed, its table is made again."""
        return self._listing(self.plans[wildcards.challenge].datasets[wildcards.dataset].source)

    @cache  # noqa: B019  (one Dag a process)
    def _listing(self, source: str) -> str:
        return listing(source, self.settings.results)

    def part(self, stage: str) -> Callable[[Any], str]:
        """For `params:`: the file with the part of the settings that a job depends on; another part is another file."""
        return lambda wildcards: self._written(self.job(stage, wildcards).part)

    def _written(self, part: ChallengeSettings) -> str:
        """The file of a part, written once, however many jobs have it."""
        if id(part) not in self._parts:
            self._parts[id(part)] = part, write_part(as_json(part))
        return self._parts[id(part)][1]

    def code(self, stage: str) -> Callable[[Any], str | None]:
        """For `params:`: the fingerprint of the code that a job depends on."""
        return lambda wildcards: job_fingerprint(self.registry, self.job(stage, wildcards))

    def need(self, stage: str, what: str) -> Callable[..., int]:
        """For `resources:`: what a job needs, times the attempt; GPUs only where the config's device is one."""

        def of(wildcards: Any, attempt: int) -> int:
            amount: int = getattr(stated(self.job(stage, wildcards)), what)
            if what == "gpu":
                return amount if self.settings.device == "cuda" else 0
            return amount * attempt + (SNAKEMAKE_MB if what == "mem_mb" else 0)

        return of

    def threads(self, stage: str) -> Callable[[Any], int]:
        return lambda wildcards: self.job(stage, wildcards).resources.threads

    def env(self, stage: str) -> Callable[[Any], str]:
        """For `conda:`: the env file of the model or challenge; a bare name is a file of the workflow's envs folder."""

        def of(wildcards: Any) -> str:
            job = self.job(stage, wildcards)
            name = self.registry.challenges[job.challenge].env
            if job.model is not None:
                name = self.registry.models[job.challenge, job.model].env or name
            return name if Path(name).is_absolute() else str(shipped() / "envs" / f"{name}.yaml")

        return of

    def window(self, wildcards: Any) -> list[str]:
        """The prepared shard that must be done before this one is fetched, so that few raw shards are on disk at
        once."""
        return self._windows(wildcards.challenge, wildcards.dataset).get(wildcards.shard, [])

    @cache  # noqa: B019  (one Dag a process)
    def _windows(self, challenge: str, dataset: str) -> dict[str, list[str]]:
        plan, size = self.plans[challenge], self.settings.raw_shards
        # One sequence with the datasets that this one contains: their raw shards count too.
        shards = [shard for home in reversed(plan.chain(dataset)) for shard in plan.own_shards(home)] if size else []
        return {
            later.own: [plan.prepared(earlier)]
            for earlier, later in zip(shards, shards[size:], strict=False)
            if later.home == dataset
        }


def load(config: Mapping[str, Any], files: Iterable[str] = ()) -> Dag:
    """The workflow of a config with all installed plugins; what the Snakefile calls. Warns of plugins set aside.

    files: where the config was read from; what Snakemake lets through (a key twice, say) is an InputError too.
    """
    for file in files:
        read_config(file)
    for plugin in registry().broken:
        print(f"challengeflow: plugin {plugin.name!r} is left out: {plugin.reason}", file=sys.stderr)
    for stray in registry().strays():
        print(f"challengeflow: {stray}", file=sys.stderr)
    os.environ["CHALLENGEFLOW_VERSION"] = __version__
    return Dag(config, registry())


def be_a_module(workflow: Any, run: Dag) -> None:
    """Have a workflow that uses this one as a module tell how the run stands at its end, beside what it says itself.

    Snakemake calls the handlers of the main Snakefile alone. One that is defined after the module takes the place of
    this; it may then call `onsuccess()` or `onerror()` of the module. Raises InputError for a `prefix:`, which the jobs
    would not know of.
    """
    if workflow.modifier.path_modifier.prefix:
        raise InputError("this workflow cannot be given a prefix; set `results` in the config of the module instead")

    def after(own: Callable[[str], None]) -> Callable[[str], None]:
        def both(log: str) -> None:
            own(log)
            run.tell_end()

        return both

    workflow._onsuccess, workflow._onerror = after(workflow._onsuccess), after(workflow._onerror)
