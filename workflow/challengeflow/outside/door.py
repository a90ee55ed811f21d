"""Reading files from outside in processes of their own: whatever a reader does, it is the reason of that one sample.

A file from outside can make its reader raise, crash, hang or take all memory. Here it costs that file's sample alone; a
new process takes over for the next one. (Of libraries for this, pebble was tried: a process that dies between two
items, as after damage to its memory, breaks its whole pool, and it takes half as long again for small items.)
"""

import ctypes
import errno
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from typing import Any

from challengeflow.contract.errors import InputError
from challengeflow.outside.sizes import OVERHEAD_MB

SECONDS = 600
"""What a file may take where nothing else is said; ordinary ones take a few."""

LONGEST, LONGEST_OF_OTHERS = 1000, 300
"""Characters of a reason: of the project's own sentences, which end with what to do, and of libraries'."""

_SPAWN = get_context("spawn")  # decoders and threads do not survive a fork
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_WHEN_THE_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux


@dataclass(frozen=True)
class Unreadable:
    """Stands for the result of a file that could not be read; `reason` is one line."""

    reason: str


def read_each(
    read: Callable[..., Any],
    items: Sequence[tuple[Any, ...]],
    *,
    workers: int = 1,
    seconds: float = SECONDS,
    memory_mb: int | None = None,
) -> Iterator[tuple[int, Any]]:
    """Call `read(*item)` for every item in other processes.

    Yield (place of the item, result or Unreadable) as they end.

    read: an importable function; what it raises is the reason of its item, but for a full disk, which is raised here.
    Arguments and results are sent between processes: large arrays go through files. seconds: for one item. memory_mb:
    MiB that a process may take; None is without bound.
    """
    waiting = list(enumerate(items))[::-1]
    crew = [_Worker(read, seconds, memory_mb) for _ in range(min(workers, len(items)))]
    try:
        for worker in crew:
            worker.start(*waiting.pop())
        while crew:
            first = min(worker.deadline for worker in crew)
            ready = connection.wait([worker.pipe for worker in crew], max(first - time.monotonic(), 0))
            for worker in [w for w in crew if w.pipe in ready or w.deadline <= time.monotonic()]:
                place, result = worker.place, worker.finish()
                if result is _AGAIN:
                    worker.start(place, items[place])
                    continue
                yield place, result
                if waiting:
                    worker.start(*waiting.pop())
                else:
                    worker.dismiss()
                    crew.remove(worker)
    finally:
        for worker in crew:
            worker.dismiss()


def read_one(read: Callable[..., Any], *arguments: Any, seconds: float = SECONDS, memory_mb: int | None = None) -> Any:
    """The result of `read(*arguments)` in another process. Raises InputError with the reason where it has none."""
    ((_, result),) = read_each(read, [arguments], seconds=seconds, memory_mb=memory_mb)
    if isinstance(result, Unreadable):
        raise InputError(result.reason)
    return result


def reason_of(error: Exception) -> str:
    """What an exception of a reader says, as the reason of its sample: one line."""
    longest = LONGEST if isinstance(error, InputError) else LONGEST_OF_OTHERS
    said = "".join(char if char.isprintable() else "?" for char in " ".join(str(error).split())[:longest])
    return said if isinstance(error, InputError) else f"cannot be read: {type(error).__name__}: {said}"


_AGAIN = object()


@dataclass
class _Worker:
    """One process and the item it works on; the process is made when there is work and none is alive."""

    read: Callable[..., Any]
    seconds: float
    memory_mb: int | None
    process: BaseProcess | None = None
    pipe: connection.Connection = field(init=False)
    served: int = 0
    place: int = -1
    deadline: float = 0.0

    def start(self, place: int, item: tuple[Any, ...]) -> None:
        if self.process is None:
            self.pipe, theirs = _SPAWN.Pipe()
            self.process = _SPAWN.Process(target=_serve, args=(self.read, self.memory_mb, theirs), daemon=True)
            self.process.start()
            theirs.close()  # so that the death of the process ends the pipe
            self.served = 0
        self.place, self.deadline = place, time.monotonic() + self.seconds
        try:
            self.pipe.send(item)
        except OSError:  # it died meanwhile, which `finish` will see
            return

    def finish(self) -> Any:
        """The result of the item; or _AGAIN, since an earlier item may have done what the process died of."""
        if not self.pipe.poll():
            self.dismiss()
            return Unreadable(f"reading took more than {self.seconds:g} seconds")
        try:
            result = self.pipe.recv()
        except (EOFError, OSError):
            assert self.process is not None
            self.process.join()
            code, served = self.process.exitcode or 0, self.served
            self.dismiss()
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            return _AGAIN if served else Unreadable(f"the reader died ({how})")
        self.served += 1
        if isinstance(result, OSError):
            raise result
        return result

    def dismiss(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


def _serve(read: Callable[..., Any], memory_mb: int | None, pipe: connection.Connection) -> None:
    """What a process does: bound its memory, then call and answer, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends its processes
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_WHEN_THE_PARENT_DIES, signal.SIGKILL)
    if memory_mb is not None:
        most = (memory_mb + OVERHEAD_MB) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(read, item, memory_mb))


def _answer(read: Callable[..., Any], item: tuple[Any, ...], memory_mb: int | None) -> Any:
    try:
        return read(*item)
    except MemoryError:
        return Unreadable(f"reading takes more than the {memory_mb} MiB of memory that the stage may take")
    except OSError as error:
        if error.errno in _FULL:
            return OSError(error.errno, error.strerror)
        return Unreadable(reason_of(error))
    except Exception as error:  # a file from outside breaks its reader in any way
        return Unreadable(reason_of(error))
