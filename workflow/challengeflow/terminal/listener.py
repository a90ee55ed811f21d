"""Hears Snakemake's events and has them shown: the run's own words in short, the rest is in Snakemake's log file."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TextIO

from challengeflow.reporting import leaderboard
from challengeflow.terminal.failure import failure, is_bystander
from challengeflow.terminal.tally import Stage, Tally

HUMDRUM = (
    *(
        "Select jobs to execute",
        "Removing ",
        "Activating ",
        "Job ",
        "Submitted ",
        "Trying to restart",
        "Touching output",
    ),
    *("Using shell", "Group jobs: inactive", "Conda environments: ignored", "Singularity containers: ignored"),
)
"""How texts begin that Snakemake says job by job, or each time: its log file has them."""

UNSAID = ("workflow_started", "resources_info", "job_started", "progress", "group_info", "rulegraph")
"""Events that tell nothing which the display does not show."""

EXITED = "CalledProcessError in file"
"""What Snakemake says of a command, with all of its text, just before the event that tells which job failed."""


class Display(Protocol):
    """Screen or Lines."""

    def start(self, tally: Tally) -> None: ...
    def moved(self, stage: Stage) -> None: ...
    def scored(self, line: str) -> None: ...
    def say(self, text: str, bad: bool = False) -> None: ...
    def stop(self) -> None: ...


def display(stream: TextIO, no_color: bool) -> Display:
    """Bars in a terminal, where rich is installed; lines elsewhere."""
    if stream.isatty() and os.environ.get("TERM") != "dumb" and find_spec("rich"):
        from challengeflow.terminal.screen import Screen

        return Screen(stream, no_color, time.monotonic)
    from challengeflow.terminal.lines import Lines

    return Lines(stream, time.monotonic)


class Listener:
    """From Snakemake's events to a display. `words` puts a record as Snakemake itself would."""

    def __init__(self, shown: Display, words: Callable[[logging.LogRecord], str], clock: Callable[[], float]):
        self.display = shown
        self.words = words
        self.clock = clock
        self.tally = Tally(clock())
        self._said = ""

    def hear(self, record: logging.LogRecord) -> None:
        """One record. Events are told by name: see snakemake_interface_logger_plugins.common.LogEvent."""
        event = getattr(record, "event", None)
        heard: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "run_info": self._planned,
            "job_info": self._begun,
            "job_finished": self._finished,
            "job_error": self._failed,
            "group_error": self._group_failed,
        }
        if event in heard:
            heard[str(event)](vars(record))
        elif event not in UNSAID and self._is_news(record):
            if getattr(record, "ending", False):
                self.display.stop()
            if (words := self.words(record)) != self._said:  # a scheduler that is to end says so again and again
                self.display.say(words, bad=record.levelno >= logging.ERROR)
            self._said = words

    def _is_news(self, record: logging.LogRecord) -> bool:
        if getattr(record, "exception", "") == "RuleException" and self.tally.jobs and EXITED in record.getMessage():
            return False
        if record.levelno >= logging.WARNING:
            return True
        text = record.getMessage()
        return bool(text.strip()) and not hasattr(record, "quietness") and not text.startswith(HUMDRUM)

    def _planned(self, event: Mapping[str, Any]) -> None:
        counts = {name: count for name, count in event["stats"].items() if name != "total"}
        self.tally = Tally.of(counts, self.clock())
        self.display.start(self.tally)

    def _begun(self, event: Mapping[str, Any]) -> None:
        wildcards = [str(value) for value in event["wildcards"].values()]
        self.tally.begin(event["jobid"], event["rule_name"], wildcards, event["output"], self.clock())

    def _finished(self, event: Mapping[str, Any]) -> None:
        stage = self.tally.finish(event["job_id"], self.clock())
        if stage is None:
            return
        if score := _score(self.tally.jobs[event["job_id"]][2]):
            self.display.scored(score)
        self.display.moved(stage)

    def _failed(self, event: Mapping[str, Any]) -> None:
        self.tally.fail(event["jobid"])
        if not is_bystander(event):
            self.display.say(failure(event, self.tally.name(event["jobid"])), bad=True)

    def _group_failed(self, event: Mapping[str, Any]) -> None:
        """What the cluster wrote down; events of the group's jobs follow."""
        group: dict[str, Any] = {
            "rule_name": f"group {event['groupid']}",
            "rule_msg": None,
            "aux": {},
            "shellcmd": None,
        }
        self.display.say(failure(group | {"log": event["aux_logs"]}, ""), bad=True)


def _score(outputs: Iterable[str]) -> str:
    """A line on what a job has scored; empty for other jobs, and for controls."""
    files = [path for path in outputs if Path(path).name == "scores.json" and Path(path).is_file()]
    return next(iter(leaderboard.summary(files, leaderboard.noted_demos(files)).splitlines()), "")
