"""Work on videos in processes of their own, so that a decoder that crashes or hangs takes one video along, not all."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from signal import Signals
from typing import Any

SPAWN = get_context("spawn")  # decoders do not survive a fork


def for_each(
    function: Callable[..., Any], items: Sequence[tuple], workers: int, seconds: float
) -> Iterator[tuple[int, str | None]]:
    """Call `function(*item)` for every item; yield (place of the item, None, or how its process died), as they end.

    `function` must be importable, write its own results, and raise nothing it does not want raised here. A call that
    takes more than `seconds` is ended by ending its process; a new one takes over.
    """
    waiting = list(enumerate(items))[::-1]
    crew = [_Worker(function, seconds) for _ in range(min(workers, len(items)))]
    try:
        for worker in crew:
            worker.start(*waiting.pop())
        while crew:
            first = min(worker.deadline for worker in crew)
            ready = connection.wait([worker.pipe for worker in crew], max(first - time.monotonic(), 0))
            for worker in [w for w in crew if w.pipe in ready or w.deadline <= time.monotonic()]:
                yield worker.place, worker.finish()
                if waiting:
                    worker.start(*waiting.pop())
                else:
                    worker.dismiss()
                    crew.remove(worker)
    finally:
        for worker in crew:
            worker.dismiss()


@dataclass
class _Worker:
    """One process and the item it works on; the process is made when there is work and none is alive."""

    function: Callable[..., Any]
    seconds: float
    process: BaseProcess | None = None
    pipe: connection.Connection = field(init=False)
    place: int = -1
    deadline: float = 0.0

    def start(self, place: int, item: tuple) -> None:
        if self.process is None:
            self.pipe, theirs = SPAWN.Pipe()
            self.process = SPAWN.Process(target=_serve, args=(self.function, theirs), daemon=True)
            self.process.start()
            theirs.close()  # so that the death of the process ends the pipe
        self.place, self.deadline = place, time.monotonic() + self.seconds
        self.pipe.send(item)

    def finish(self) -> str | None:
        """None where the item is done, else how the process died; raises what the function raised."""
        if not self.pipe.poll():
            self.dismiss()
            return f"took more than {self.seconds:g} seconds"
        try:
            error = self.pipe.recv()
        except EOFError:
            assert self.process is not None
            self.process.join()
            code = self.process.exitcode or 0
            self.dismiss()
            return f"decoder died ({Signals(-code).name if code < 0 else f'exit status {code}'})"
        if error is not None:
            raise error
        return None

    def dismiss(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


def _serve(function: Callable[..., Any], pipe: connection.Connection) -> None:
    """What a process does: call, answer, until the other end is gone."""
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        try:
            function(*item)
        except Exception as error:
            pipe.send(error)
        else:
            pipe.send(None)
