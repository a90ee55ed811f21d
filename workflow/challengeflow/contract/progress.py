"""Progress for people at a terminal, plain lines in logs."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from challengeflow.contract.credentials import redacted

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 10.0
DONE = "done in "


def is_done(line: str) -> bool:
    """Whether a line of a log is the one that a job ends with when all went well."""
    return f": {DONE}" in line


class Progress:
    """Reports how far a stage is, on standard error: a bar on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, title: str):
        self.title = title

    def __call__(self, items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
        """Yield `items` while reporting; `what` names one step ("video", "fold 2 iteration")."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        if sys.stderr.isatty():
            from tqdm import tqdm

            yield from tqdm(items, desc=f"{self.title}: {what}", total=total, leave=False)
            return
        started = reported = time.monotonic()
        for done, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if now - reported >= SECONDS_BETWEEN_LINES:
                reported = now
                self.message(f"{what} {done} of {total or '?'} {_pace(done, total, now - started)}")

    def done(self, text: str) -> None:
        """Print the line that a job ends with: see `is_done`."""
        self.message(f"{DONE}{text}")

    def message(self, text: str) -> None:
        """Print one line."""
        print(redacted(f"{self.title}: {text}"), file=sys.stderr, flush=True)


def _pace(done: int, total: int | None, seconds: float) -> str:
    """How long so far, how many a second (or a minute), and about how long the rest takes."""
    rate = done / seconds
    pace = f"{rate:.3g} a second" if rate >= 1 else f"{60 * rate:.3g} a minute"
    left = f", about {(total - done) / rate:.0f} s left" if total and total >= done else ""
    return f"after {seconds:.0f} s ({pace}{left})"
