"""One run at a time in a folder: a lock that dies with its process, and what a killed run leaves behind.

Snakemake notes in `.snakemake/locks` what a run makes and takes it away at the end. After SIGKILL or a power cut it
stays, without a word on whose it was. So a run also holds `.snakemake/challengeflow.lock`, which the kernel lets go
however the process ends: `challengeflow run` holds it alone, plain `snakemake` (from the Snakefile) together with
others of its kind.
"""

import fcntl
import os
import re
import socket
import sys
import time
from pathlib import Path

from challengeflow.contract.errors import InputError

MARK = "CHALLENGEFLOW_FOLDER"
"""Environment variable of everything that a run starts: the folder it runs in."""

PATIENCE = 10.0
"""Seconds to wait for a dry-run beside us to end before a run is said to be alive."""

KILLED = (
    "a run in this folder was killed and left its lock; `challengeflow run` clears it and goes on, or, where no run is"
    " alive, `snakemake --unlock` does"
)

_held: list[int] = []  # open until this process ends


def lock_file(folder: Path) -> Path:
    return folder / ".snakemake/challengeflow.lock"


def share(folder: Path) -> None:
    """Hold the lock together with others until this process ends, where it can be had: for plain `snakemake`.

    Where Snakemake will refuse to run, it also says why, and what to type.
    """
    os.environ[MARK] = str(folder)
    try:
        opened = _open(folder)
    except OSError:  # a read-only folder, as for a dry-run of somebody else's results
        return
    if snakemake_locks(folder) and (alone := _locked(opened, fcntl.LOCK_EX)) is not None:
        alive = f"a run is alive here ({last_run(folder)}); do not unlock"
        print(f"challengeflow: {KILLED if alone else alive}", file=sys.stderr)
    if _locked(opened, fcntl.LOCK_SH):
        _held.append(opened)
    else:  # `challengeflow run` has it, and this process may be its own
        os.close(opened)


def take(folder: Path) -> bool:
    """Hold the lock alone until this process ends, also after it has become another program; whether the file system
    has locks.

    Raises InputError where a run is alive, and where nothing can be written.
    """
    try:
        opened = _open(folder)
    except OSError as error:
        raise InputError(f"nothing can be written into {folder}: {error.strerror}; run in a folder of yours") from None
    deadline = time.monotonic() + PATIENCE
    while not (alone := _locked(opened, fcntl.LOCK_EX)):
        if alone is None:
            return False
        if time.monotonic() > deadline:
            raise InputError(
                f"a run is alive in {folder}: {last_run(folder) or 'a snakemake'}; wait until it has ended, or stop it "
                f"(`challengeflow status` shows how far it is)"
            )
        time.sleep(0.2)
    os.set_inheritable(opened, True)
    _held.append(opened)
    return True


def note_run(folder: Path) -> None:
    """Write down which process runs here, for those who find its traces."""
    lock_file(folder).write_text(f"process {os.getpid()} on {socket.gethostname()}")


def last_run(folder: Path) -> str:
    """What the last run wrote down; empty where there was none."""
    try:
        return lock_file(folder).read_text().strip()
    except OSError:
        return ""


def snakemake_locks(folder: Path) -> list[Path]:
    """The files of Snakemake's own lock."""
    return sorted((folder / ".snakemake/locks").glob("*.lock"))


def clear_stale(folder: Path, proven: bool) -> None:
    """Remove Snakemake's lock where no run is alive, which `take` has proven of this machine, and say so.

    Raises InputError where that cannot be told: no locks on this file system, a run of another machine, a `snakemake`
    of another Snakefile at work in this very folder.
    """
    locks = snakemake_locks(folder)
    if not locks:
        return
    last = last_run(folder)
    here = re.fullmatch(rf"process \d+ on {re.escape(socket.gethostname())}", last)
    if not (proven and here):
        raise InputError(
            f"{folder} is locked by Snakemake, and whether that run ({last or 'of which nothing is known'}) is alive "
            "cannot be"
            f" told from {socket.gethostname()}; where it is not: `snakemake --unlock`, then run again"
        )
    if other := _snakemake_in(folder):
        raise InputError(
            f"{folder} is locked by Snakemake, and process {other} is a snakemake at work in it; wait until it has "
            "ended"
        )
    for lock in locks:
        lock.unlink(missing_ok=True)
    print(
        f"challengeflow: the last run here ({last}) was killed; its lock is cleared, and this run goes on",
        file=sys.stderr,
    )


def _locked(opened: int, kind: int) -> bool | None:
    """Whether the lock could be had as `kind`; None where the file system has no locks."""
    try:
        fcntl.flock(opened, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _open(folder: Path) -> int:
    lock_file(folder).parent.mkdir(exist_ok=True)
    return os.open(lock_file(folder), os.O_RDWR | os.O_CREAT, 0o644)


def _snakemake_in(folder: Path) -> int | None:
    """A process, none of our own line, that is a snakemake with this working directory."""
    import psutil

    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            words = [Path(word).name for word in process.cmdline()[:4]]
            if process.pid not in own and "snakemake" in words and Path(process.cwd()) == folder:
                return int(process.pid)
        except (psutil.Error, OSError):
            continue
    return None
