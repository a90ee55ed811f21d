"""Jobs that a killed run left at work: its leader is gone, they are not.

What they make is whole, but two must not make it.
"""

import fcntl
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from challengeflow.contract.names import STAGES
from challengeflow.launching.one_run import MARK

JOB = re.compile(rf"challengeflow ((?:{'|'.join((*STAGES, 'control'))}) \S.*?) --config")


def wait_for_orphans(folder: Path, results: Path, seconds: float = 0.3) -> None:
    """Name the jobs that a killed run left at work and wait until they have ended; Ctrl-C stops waiting, not them."""
    named: set[str] = set()
    while found := orphans(folder, results):
        for job in found.keys() - named:
            who = ", ".join(found[job])
            print(f"challengeflow: waiting for {job}, left by a run that was killed ({who})", file=sys.stderr)
        named |= found.keys()
        time.sleep(seconds)


def orphans(folder: Path, results: Path) -> dict[str, list[str]]:
    """Job -> who is at it: what a run in `folder` started on this machine, and whoever holds a lock of `results` on
    any."""
    found: dict[str, list[str]] = {}
    for job, who in (*_processes(folder), *_holders(results)):
        found.setdefault(job, []).append(who)
    return found


def _processes(folder: Path) -> Iterator[tuple[str, str]]:
    import psutil

    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid in own or process.environ().get(MARK) != str(folder):
                continue
            job = JOB.search(" ".join(process.cmdline()))
            if process.status() != psutil.STATUS_ZOMBIE:
                yield job[1] if job else process.name(), f"process {process.pid}"
        except (psutil.Error, OSError):
            continue


def _holders(results: Path) -> Iterator[tuple[str, str]]:
    """Who holds the lock of what a job makes (`running.atomic.claimed`), a job of a cluster say."""
    for lock in results.glob(".work/*/lock-*"):
        try:
            with open(lock, "r+") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            yield f"a job of {lock.parent.name}", lock.read_text() or "another machine"
        except OSError:
            continue
