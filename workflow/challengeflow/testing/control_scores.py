"""Where the controls score: a perfect answer at the metric's best, better than all others.

A random one near chance, far from it.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from challengeflow.contract.declare import Metric
from challengeflow.contract.direction import sign
from challengeflow.testing.demo_run import DemoRun

ENDS = ("control-perfect", "control-random")
CONTROLS = (*ENDS, "control-prior")
FAR = 0.25  # of the way from chance to best, which a random answer must stay below
NEAR = 0.25  # of that way, by which chance may lie outside the random answer's own interval


def complaints(run: DemoRun, metric: Metric, further: Sequence[Metric] = ()) -> Iterator[str]:
    """One sentence for each control, dataset, split and metric that scores where it should not."""
    for dataset in run.plan.trainable():
        scored = {variant: _splits(run, dataset, variant) for variant in _variants(run, dataset)}
        for split, perfect in scored[ENDS[0]].items():
            entries = {variant: splits[split] for variant, splits in scored.items()}
            where = f"of {dataset}/{split}"
            best, found = perfect["score"], entries[ENDS[1]]["score"]
            scores = {variant: entry["score"] for variant, entry in entries.items()}
            if said := _ends(scores, metric, where):
                yield said
            else:
                yield from _random(found, entries[ENDS[1]]["interval"], metric, best, f"{metric.name} {where}")
            for each in further:
                numbers = {variant: entry["metrics"][each.name] for variant, entry in entries.items()}
                if said := _ends(numbers, each, where):
                    yield said


def _variants(run: DemoRun, dataset: str) -> list[str]:
    """All that the run has scored, the controls first."""
    scored = (run.folder / run.plan.challenge / dataset).glob("*/scores.json")
    return list(dict.fromkeys((*ENDS, *sorted(path.parent.name for path in scored))))


def _ends(scores: Mapping[str, float], metric: Metric, where: str) -> str | None:
    """What is wrong with the ends: the perfect control scores the best there is, and nothing is better."""
    best = scores[ENDS[0]]
    if not math.isclose(best, metric.best, abs_tol=1e-9):
        said = f"where Metric.best is {metric.best:g}; mend score or the gold"
        return f"control-perfect scores {best:g}, {metric.name} {where}, {said}"
    gain = sign(metric.direction)
    better = [variant for variant, score in scores.items() if gain * (score - best) > 1e-9]
    if better:
        mend = f"correct Metric.direction, which is {metric.direction!r}, or mend score"
        said = f"is better than the perfect {best:g}; {mend}"
        return f"{better[0]} scores {scores[better[0]]:g}, {metric.name} {where}, which {said}"
    return None


def _random(found: float, interval: list[float], metric: Metric, best: float, where: str) -> Iterator[str]:
    try:
        level = float(metric.chance)
    except ValueError:  # chance in words depends on the data
        level = None
    way = abs(best) if level is None else abs(best - level)
    if found == best or abs(best - found) < FAR * way:
        yield f"control-random scores {found:g}, {where}, next to the best of {best:g}; the metric tells nothing apart"
    elif level is not None and not interval[0] - NEAR * way <= level <= interval[1] + NEAR * way:
        yield (
            f"control-random scores {found:g} ({interval[0]:g} to {interval[1]:g}), {where}, where Metric.chance is "
            f"{level:g}; "
            "correct the figure, or say in words what it depends on"
        )


def _splits(run: DemoRun, dataset: str, control: str) -> dict[str, Any]:
    path = run.folder / run.plan.challenge / dataset / control / "scores.json"
    splits: dict[str, Any] = json.loads(path.read_text())["splits"]
    return splits
