"""`challengeflow run`: a thin door to Snakemake's own command line.

It becomes Snakemake, so signals and exit status are that one's.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import dropwhile, takewhile
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.launching import estimate, one_run
from challengeflow.launching.estimate import Needs
from challengeflow.launching.fits import Way, shortcomings, way
from challengeflow.launching.jobs_left import jobs_left
from challengeflow.launching.machine import Machine, machine
from challengeflow.launching.orphans import wait_for_orphans
from challengeflow.planning.config import resolve
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import plans
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.plugins import registry
from challengeflow.planning.read_config import read_config
from challengeflow.planning.settings import Settings
from challengeflow.planning.shipped import shipped, shipped_names
from challengeflow.reporting.stale import changed_sources

ELSEWHERE = ("-d", "--directory")


@dataclass(frozen=True)
class Wanted:
    """What was asked for, with the config read and the machine looked at.

    words: targets, then options of Snakemake; left: the jobs without their outputs.
    """

    config: str
    settings: Settings
    words: tuple[str, ...]
    profile: str | None
    way: Way
    jobs: tuple[PlannedJob, ...]
    left: tuple[PlannedJob, ...]
    machine: Machine

    @classmethod
    def of(cls, config: str, words: Sequence[str], profile: str | None) -> "Wanted":
        """Raises InputError for a config that is wrong, a profile that is not there, and another working directory."""
        if any(word.partition("=")[0] in ELSEWHERE for word in words):
            raise InputError("`challengeflow run` runs in the folder it is started in; change into the one you mean")
        settings = resolve(read_config(config), registry())
        jobs = {name: Jobs(plan, registry()) for name, plan in plans(settings).items()}
        targets = list(takewhile(lambda word: not word.startswith("-"), words))
        path = _profile(profile) if profile else None
        return cls(
            config=config,
            settings=settings,
            words=tuple(words),
            profile=path,
            way=way(words[len(targets) :], path),
            jobs=tuple(job for found in jobs.values() for job in found),
            left=tuple(jobs_left(jobs, targets)),
            machine=machine(Path(settings.results)),
        )

    @property
    def needs(self) -> Needs:
        return Needs(self.settings, self.jobs, self.left, registry())

    def shortcomings(self) -> list[str]:
        """Why it cannot run here, a sentence each."""
        return list(shortcomings(self.settings, self.left, self.needs.disk_mb, registry(), self.machine, self.way))

    def arguments(self, *targets: str) -> list[str]:
        """Of `snakemake`, with other targets where some are given. The words come last, so that they decide."""
        options = tuple(dropwhile(lambda word: not word.startswith("-"), self.words))
        words = (*targets, *options) if targets else self.words
        chosen = ["--profile", self.profile] if self.profile else []
        if self.way.here and not self.way.limited:
            chosen += ["--resources", f"mem_mb={self.machine.memory_mb}"]
        # --configfile takes any number of words; an option after it ends them.
        return [*chosen, "--configfile", self.config, "--snakefile", str(shipped() / "Snakefile"), *words]


def _profile(name: str) -> str:
    """The path of a profile: a folder of one's own, or one that ships."""
    if os.path.exists(name):
        return name
    ours = shipped() / "profiles" / name
    if not ours.is_dir():
        known = ", ".join(shipped_names("profiles"))
        raise InputError(f"there is no profile {name!r}; give the path of one, or one of {known}")
    return str(ours)


def dry_run(wanted: Wanted) -> int:
    """Tell what a run would do and take, and why it cannot.

    The exit status of Snakemake's own dry-run, which counts the jobs.
    """
    _check_snakemake()
    command = [sys.executable, "-m", "snakemake", *wanted.arguments(), "--dry-run", "--quiet", "rules"]
    done = subprocess.run(command, env=_environment(Path.cwd()), capture_output=True, text=True)
    said = done.stdout + done.stderr
    if counts := estimate.counted(said):
        print(estimate.described(counts, wanted.jobs, wanted.machine.cores, wanted.needs))
    else:
        print(said if done.returncode else "all is done: there is nothing to run")
    for source in changed_sources(wanted.jobs):
        print(f"files of {source} have changed: of what depends on it only what they touch is made again, at most this")
    for sentence in wanted.shortcomings():
        print(f"it cannot run here: {sentence}")
    print(f"+ {shlex.join(['snakemake', *wanted.arguments()])}")
    return done.returncode


def become_snakemake(wanted: Wanted, first: Sequence[str] = (), then: Callable[[], None] = lambda: None) -> None:
    """Start the run in this folder: alone, after what an earlier one left behind is cleared; does not return.

    first: what is made before the rest; then: what is done in between. Raises InputError for what cannot fit, and where
    a run is alive here or that cannot be told.
    """
    _check_snakemake()
    if missing := wanted.shortcomings():
        raise InputError("\nchallengeflow: ".join(missing))
    folder = Path.cwd()
    proven = one_run.take(folder)
    wait_for_orphans(folder, Path(wanted.settings.results))
    one_run.clear_stale(folder, proven)
    one_run.note_run(folder)
    if first:
        words = wanted.arguments(*first)
        print(f"+ {shlex.join(['snakemake', *words])}", file=sys.stderr, flush=True)
        if status := subprocess.run([sys.executable, "-m", "snakemake", *words], env=_environment(folder)).returncode:
            sys.exit(status)
    then()
    print(f"+ {shlex.join(['snakemake', *wanted.arguments()])}", file=sys.stderr, flush=True)
    os.execve(sys.executable, [sys.executable, "-m", "snakemake", *wanted.arguments()], _environment(folder))


def _environment(folder: Path) -> dict[str, str]:
    """Of Snakemake and its jobs: they find the command `challengeflow` of this environment, activated or not."""
    here = str(Path(sys.executable).parent)
    found = shutil.which("challengeflow")
    ours = found is not None and str(Path(found).parent) == here
    path = os.environ.get("PATH", "") if ours else os.pathsep.join([here, os.environ.get("PATH", "")])
    return os.environ | {"PATH": path, one_run.MARK: str(folder)}


def _check_snakemake() -> None:
    """Raise InputError where Snakemake is not installed."""
    if find_spec("snakemake") is None:
        raise InputError("Snakemake is not installed here; pip install 'challengeflow[workflow]'")
