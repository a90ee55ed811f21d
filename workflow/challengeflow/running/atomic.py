"""Outputs that appear whole or not at all, written by one process at a time."""

import errno
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.planning.layout import Layout

FILES = {".json", ".csv", ".html"}


def remove(path: Path) -> None:
    """Remove a file or a folder with everything in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def atomic(*outputs: Path) -> Iterator[tuple[Path, ...]]:
    """Give a temporary name beside each output; rename them all when the block ends without an error.

    What a killed run left under a temporary name is removed first. All but .json, .csv and .html are made as folders.
    """
    parts = tuple(output.with_name(output.name + ".part") for output in outputs)
    for part, output in zip(parts, outputs, strict=True):
        output.parent.mkdir(parents=True, exist_ok=True)
        remove(part)
        if output.suffix not in FILES:
            part.mkdir()
    yield parts
    for part, output in zip(parts, outputs, strict=True):
        remove(output)
        os.replace(part, output)


def lock_of(layout: Layout, output: str) -> Path:
    """The lock file of whoever makes `output`."""
    place = Path(output).parent.resolve() / Path(output).name
    return Path(layout.work("lock", hashlib.sha256(str(place).encode()).hexdigest()[:16]))


@contextmanager
def claimed(lock: Path, what: str) -> Iterator[None]:
    """Hold the file `lock` while the block runs; raises InputError where another process holds it.

    On a cluster a job may outlive the workflow that submitted it: its successor must not write the same files. File
    systems without locks are taken at their word: nothing is held there.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with open(lock, "a+") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EAGAIN):
                    file.seek(0)
                    holder = file.read().strip() or "another process"
                    raise InputError(
                        f"{what} is being made by {holder}; wait until that has ended or stop it, then run again"
                    ) from None
            if not lock.exists() or os.fstat(file.fileno()).st_ino != lock.stat().st_ino:
                continue  # its last holder has just removed it
            file.truncate(0)
            job = os.environ.get("SLURM_JOB_ID")
            file.write(f"process {os.getpid()} on {socket.gethostname()}" + (f" (Slurm job {job})" if job else ""))
            file.flush()
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return
