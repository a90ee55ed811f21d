"""Where the controls score: a perfect answer at the metric's best, a random one near chance and far from it."""

import json
import math
from collections.abc import Iterator

from challengeflow.contract.declare import Metric
from challengeflow.testing.demo_run import DemoRun

ENDS = ("control-perfect", "control-random")
FAR = 0.25  # of the way from chance to best, which a random answer must stay below
NEAR = 0.25  # of that way, by which chance may lie outside the random answer's own interval


def complaints(run: DemoRun, metric: Metric) -> Iterator[str]:
    """One sentence for each control, dataset and split that scores where it should not."""
    for dataset in run.plan.trainable():
        perfect, chance = (_splits(run, dataset, control) for control in ENDS)
        for split in perfect:
            where = f"{metric.name} of {dataset}/{split}"
            best, found = perfect[split]["score"], chance[split]["score"]
            if not math.isclose(best, metric.best, abs_tol=1e-9):
                yield f"control-perfect scores {best:g}, {where}, where Metric.best is {metric.best:g}; mend score or the gold"
                continue
            try:
                level = float(metric.chance)
            except ValueError:  # chance in words depends on the data
                level = None
            yield from _random(found, chance[split]["interval"], level, best, where)


def _random(found: float, interval: list[float], level: float | None, best: float, where: str) -> Iterator[str]:
    if level is None:
        if abs(best - found) < FAR * abs(best):
            yield f"control-random scores {found:g}, {where}, next to the best of {best:g}; the metric tells nothing apart"
        return
    way = abs(best - level)
    low, high = interval
    if abs(best - found) < FAR * way:
        yield f"control-random scores {found:g}, {where}, next to the best of {best:g}; the metric tells nothing apart"
    elif not low - NEAR * way <= level <= high + NEAR * way:
        yield (
            f"control-random scores {found:g} ({low:g} to {high:g}), {where}, where Metric.chance is {level:g}; "
            "correct the figure, or say in words what it depends on"
        )


def _splits(run: DemoRun, dataset: str, control: str) -> dict:
    return json.loads((run.folder / run.plan.challenge / dataset / control / "scores.json").read_text())["splits"]
