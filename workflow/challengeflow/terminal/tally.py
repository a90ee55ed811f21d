"""How far a run is, by Snakemake's own events: what is planned, begun, done and failed of each stage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ORDER = (
    *("archive", "index", "own_index", "download", "preprocess", "train", "predict", "ensemble", "control"),
    *("score", "draw", "package", "leaderboard", "report"),
)
"""The rules of the workflow as they follow each other; those of plugins come after."""


@dataclass
class Stage:
    """The jobs of one rule. running: job -> when it began; spent: seconds that the done ones took together."""

    name: str
    total: int
    done: int = 0
    spent: float = 0.0
    ended: float = 0.0
    running: dict[int, float] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)

    @property
    def left(self) -> int:
        return self.total - self.done

    @property
    def began(self) -> bool:
        return bool(self.done or self.running or self.failed)


@dataclass
class Tally:
    """All stages of a run; times are seconds of one clock.

    unseen: planned jobs of rules of others, of which it is not known yet whether they make anything.
    """

    started: float
    stages: dict[str, Stage] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    jobs: dict[int, tuple[Stage, str, tuple[str, ...]]] = field(default_factory=dict)
    abreast: int = 1
    """The most jobs that have run at a time."""

    @classmethod
    def of(cls, planned: Mapping[str, int], started: float) -> "Tally":
        """planned: rule -> number of jobs."""
        known = [name for name in ORDER if name in planned]
        unseen = {name: count for name, count in planned.items() if name not in (*ORDER, "all")}
        return cls(started, {name: Stage(name, planned[name]) for name in known}, unseen)

    def begin(self, job: int, rule: str, wildcards: Iterable[str], outputs: Iterable[str], now: float) -> None:
        """A target, which has no outputs, counts for nothing."""
        made = tuple(outputs)
        if rule not in self.stages:
            planned = self.unseen.pop(rule, 0)
            if not made:
                return
            self.stages[rule] = Stage(rule, planned)
        stage = self.stages[rule]
        stage.failed.discard(job)
        stage.running[job] = now
        stage.total = max(stage.total, stage.done + len(stage.running))
        self.jobs[job] = stage, " ".join([rule, *wildcards]), made
        self.abreast = max(self.abreast, sum(len(each.running) for each in self.stages.values()))

    def finish(self, job: int, now: float) -> Stage | None:
        """Its stage; None for a job that makes nothing."""
        if job not in self.jobs:
            return None
        stage = self.jobs[job][0]
        stage.spent += now - stage.running.pop(job, now)
        stage.done += 1
        stage.ended = now
        return stage

    def fail(self, job: int) -> None:
        if job in self.jobs:
            stage = self.jobs[job][0]
            stage.running.pop(job, None)
            stage.failed.add(job)

    def name(self, job: int) -> str:
        """The rule and the wildcards of a job; empty where it is not known."""
        return self.jobs[job][1] if job in self.jobs else ""

    @property
    def done(self) -> int:
        return sum(stage.done for stage in self.stages.values())

    @property
    def total(self) -> int:
        return sum(stage.total for stage in self.stages.values()) + sum(self.unseen.values())

    def seconds_left(self, stages: Iterable[Stage]) -> float | None:
        """From the mean of each stage's done jobs (of all, where it has none), as many at a time as there have been;
        None before any job is done."""
        if not self.done:
            return None
        usual = sum(stage.spent for stage in self.stages.values()) / self.done
        left = sum(stage.left * (stage.spent / stage.done if stage.done else usual) for stage in stages)
        return left / self.abreast


def duration(seconds: float) -> str:
    """As people say it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def pace(stage: Stage) -> str:
    """How long a job takes; empty before one is done."""
    if not stage.done:
        return ""
    mean = stage.spent / stage.done
    return f"{mean:.1f} s a job" if mean < 10 else f"{duration(mean)} a job"
