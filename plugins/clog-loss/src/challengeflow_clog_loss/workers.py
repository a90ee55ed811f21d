"""Work on many videos in processes of their own, so that a decoder that crashes takes one video along, not all."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any


def for_each(function: Callable[..., Any], items: Sequence[tuple], workers: int) -> Iterator[tuple[int, bool]]:
    """Call `function(*item)` for every item in spawned processes; yield (place of the item, whether it survived).

    `function` must be importable, write its own results, and raise nothing it does not want raised here. When a
    process dies, the items under way are tried again one at a time, which finds the one that kills.
    """
    waiting = list(range(len(items)))
    while waiting:
        finished = []
        try:
            with _pool(min(workers, len(waiting))) as pool:
                futures = {place: pool.submit(function, *items[place]) for place in waiting}
                for place, future in futures.items():
                    future.result()
                    finished.append(place)
                    yield place, True
        except BrokenProcessPool:
            done = set(finished)
            waiting = [place for place in waiting if place not in done]
            suspects, waiting = waiting[: workers + 1], waiting[workers + 1 :]
            for place in suspects:
                yield place, _alone(function, items[place])
        else:
            return


def _alone(function: Callable[..., Any], item: tuple) -> bool:
    try:
        with _pool(1) as pool:
            pool.submit(function, *item).result()
    except BrokenProcessPool:
        return False
    return True


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max(workers, 1), mp_context=get_context("spawn"))
