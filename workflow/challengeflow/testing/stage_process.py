"""A process that runs stages one after the other, as jobs of the workflow would, and may be killed in one.

As a program it reads a line of JSON from standard input for each stage and answers with one: the error, or null.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from challengeflow.contract.errors import InputError, PluginError
from challengeflow.contract.hookspecs import hookimpl
from challengeflow.contract.names import STAGES
from challengeflow.contract.threads import thread_limits


@dataclass(frozen=True)
class StageError:
    """What a stage said. `bug`: its plugin broke the contract or died, where an input error may be a fair answer."""

    message: str
    bug: bool

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class _Running:
    """The process once it has started, and the two ends of its pipes."""

    process: subprocess.Popen[str]
    orders: IO[str]
    answers: IO[str]


class StageProcess:
    """The process, seen from outside. It starts with the first order, and again with the first one after a kill."""

    def __init__(self, log: Path):
        """`log`: file that gets what the stages print."""
        self.log = log
        self._started: _Running | None = None

    def order(self, order: dict[str, Any]) -> None:
        """Hand over a job: challenge, config (settings as JSON), stage and parts (its key in the list of jobs),
        interrupt."""
        self._running.orders.write(json.dumps(order) + "\n")
        self._running.orders.flush()

    def answered(self, seconds: float) -> bool:
        """Wait that long at most for the stage to end, well or badly."""
        return bool(select.select([self._running.answers], [], [], seconds)[0])

    def answer(self) -> StageError | None:
        """Wait for the stage to end; what went wrong."""
        line = self._running.answers.readline()
        if not line:
            status = self._running.process.wait()
            self.kill()
            return StageError(f"the process of the stage died with status {status}; its log is {self.log}", True)
        error = json.loads(line)
        return error and StageError(error["message"], error["bug"])

    def kill(self) -> None:
        """End the process, whatever it is doing, and all it has started."""
        if self._started is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._started.process.pid, signal.SIGKILL)
            self._started.process.wait()
            self._started.orders.close()
            self._started.answers.close()
            self._started = None

    @property
    def _running(self) -> _Running:
        if self._started is None:
            self._started = self._start()
        return self._started

    def _start(self) -> _Running:
        environment = os.environ | thread_limits(1) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with open(self.log, "a") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", __file__],  # as a file, for its package imports pytest
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                start_new_session=True,
            )
        assert process.stdin and process.stdout
        return _Running(process, process.stdin, process.stdout)


class Interrupted(Exception):
    """Raised after a hook has returned, in place of the core's renaming of its outputs."""


@hookimpl(wrapper=True)
def _interrupting(job: Any) -> Generator[None, Any, None]:
    yield
    raise Interrupted


class Interrupter:
    """A plugin whose wrappers let each hook do all its work and then fail."""


for _hook in STAGES:
    setattr(Interrupter, _hook, staticmethod(_interrupting))


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints is no answer
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers)


def _answer(order: dict[str, Any]) -> dict[str, Any] | None:
    # Imported here, for the processes that a plugin spawns import this file anew.
    from challengeflow.planning.job_list import Jobs
    from challengeflow.planning.plan import Plan
    from challengeflow.planning.plugins import registry
    from challengeflow.planning.settings import challenge_settings
    from challengeflow.running.run_job import run_job

    found = registry()
    if order["interrupt"]:
        found.manager.register(Interrupter, "interrupter")
    try:
        jobs = Jobs(Plan(order["challenge"], challenge_settings(order["config"])), found)
        run_job(jobs, jobs.get(order["stage"], *order["parts"]))
    except InputError as error:
        if isinstance(error.__cause__, Interrupted):
            return None
        return {"message": str(error), "bug": isinstance(error, PluginError)}
    finally:
        if order["interrupt"]:
            found.manager.unregister(name="interrupter")
    return None


if __name__ == "__main__":
    main()
