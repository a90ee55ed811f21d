"""All attacks on the workflow, counted: `python tests/hostile/run.py [--seed 1] [--only archives ...] [--part 0.1]`.

Every module of `families` is one kind of attack, with

    COUNT: int                                       how many there are
    SECONDS: float                                   what one may take
    WITHOUT: str | None                              why it cannot be tried here, if it cannot; may be left out
    def attack(number, draw, folder) -> str | None   makes the attack of that number with random.Random `draw` in the
                                                     empty `folder`; None where it was survived, else what happened

or, where many are quicker together, `def attacks(numbers, seed, folder)` that yields (number, None or what happened).
Each attack runs in a process of its own, which may die or hang of it: that is not survived. Exits with 1 unless all
are.
"""

import argparse
import importlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from challengeflow.outside.door import Unreadable, read_each

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def families() -> list[str]:
    """Names of the modules, sorted."""
    return sorted(path.stem for path in (HERE / "families").glob("[a-z]*.py"))


def without(family: str) -> str | None:
    """Why a family cannot be tried on this machine; None where it can."""
    return getattr(importlib.import_module(f"families.{family}"), "WITHOUT", None)


def one(family: str, seed: int, number: int) -> str | None:
    """What happened in one attack, None where it was survived."""
    module = importlib.import_module(f"families.{family}")
    with tempfile.TemporaryDirectory() as folder:
        return module.attack(number, random.Random(f"{seed} {family} {number}"), Path(folder))


def tried(family: str, seed: int, numbers: Sequence[int]) -> Iterator[tuple[int, str | None]]:
    """Attack number and what happened, None where it was survived."""
    module = importlib.import_module(f"families.{family}")
    if hasattr(module, "attacks"):
        with tempfile.TemporaryDirectory() as folder:
            yield from module.attacks(numbers, seed, Path(folder))
        return
    items = [(family, seed, number) for number in numbers]
    for place, result in read_each(one, items, workers=2, seconds=module.SECONDS, memory_mb=2000):
        yield numbers[place], result.reason if isinstance(result, Unreadable) else result


def main() -> int:
    parser = argparse.ArgumentParser(description="Attack the workflow and count what it survives.")
    parser.add_argument("--seed", type=int, default=1, help="other seeds are other attacks of the same kinds")
    parser.add_argument("--only", nargs="+", choices=families(), default=families(), metavar="FAMILY")
    parser.add_argument("--part", type=float, default=1.0, help="share of each family's attacks")
    options = parser.parse_args()
    lost = 0
    print(f"{'attacks':<16} {'tried':>6} {'survived':>9} {'seconds':>8}")
    for family in options.only:
        if reason := without(family):
            print(f"{family:<16} not tried: {reason}", flush=True)
            continue
        started, failures = time.monotonic(), []
        count = importlib.import_module(f"families.{family}").COUNT
        numbers = range(max(1, round(options.part * count)))
        found = dict(tried(family, options.seed, numbers))
        failures = [(number, found.get(number, "no answer")) for number in numbers if found.get(number, "") is not None]
        lost += len(failures)
        print(
            f"{family:<16} {len(numbers):>6} {len(numbers) - len(failures):>9} {time.monotonic() - started:>8.0f}",
            flush=True,
        )
        for number, what in failures:
            print(f"  {family} {number}: {what}", flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
