"""A job over the memory that is stated for it ends with a sentence, before the machine suffers."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError

VARIABLE = "CHALLENGEFLOW_MEMORY_MB"
"""Environment variable: MiB that every job may take, in place of what is stated for it."""

TOLERATED = 1.1  # what is stated was measured on other machines
AT_ONCE = 1.5  # of what is allowed: no time for an orderly end
GRACE = 10.0  # seconds for an orderly end, in which compiled code may still be busy
_STATUS = Path("/proc/self/status")  # of Linux; elsewhere nothing is watched


def allowed_mb(stated: int) -> int:
    """MiB that a job may take. Raises InputError where the environment says something else than a number."""
    said = os.environ.get(VARIABLE, "")
    if not said:
        return stated
    if not said.isdigit() or int(said) == 0:
        raise InputError(f"the environment variable {VARIABLE} is {said!r}; give whole MiB, say 8000, or unset it")
    return int(said)


@contextmanager
def held_to(memory_mb: int, what: str) -> Iterator[None]:
    """Raise InputError inside as soon as this process holds more than `memory_mb` MiB, and 10 % for other machines.

    Counted is what the process itself has written, not files it has mapped, nor other processes. Where compiled code
    does not come back for the error, the process ends with the same sentence.
    """
    if threading.current_thread() is not threading.main_thread() or not _STATUS.exists():
        yield
        return
    sentence = (
        f"{what} takes more memory than the {memory_mb} MiB it may; give it smaller files or shards, or, on a machine "
        "that has "
        f"more, set the environment variable {VARIABLE} to the MiB it may take"
    )

    def end(number: int, frame: Any) -> None:
        raise InputError(sentence)

    before, over = signal.signal(signal.SIGUSR2, end), threading.Event()
    threading.Thread(target=_watch, args=(memory_mb, sentence, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGUSR2, before)


def _watch(memory_mb: int, sentence: str, over: threading.Event) -> None:
    most, told = memory_mb * TOLERATED, 0.0
    while not over.wait(0.05):
        held = _held_mb()
        if held > most and not told:
            told = time.monotonic()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR2)
        if held > most * AT_ONCE or (held > most and told and time.monotonic() - told > GRACE):
            os.write(2, f"{sentence}\n".encode())
            os._exit(1)


def _held_mb() -> float:
    for line in _STATUS.read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0
