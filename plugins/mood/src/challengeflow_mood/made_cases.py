"""Self-supervision: prepared healthy scans with made anomalies, as many as one likes, each by its number and seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from challengeflow import InputError
from challengeflow_mood.anomalies.insertion import Body, insert
from challengeflow_mood.healthy_scans import Healthy


@dataclass(frozen=True)
class Case:
    """One made case: volume (g, g, g) float32, its body, and where the anomaly is; `kind` is empty for a healthy one.

    usual: what is usual in other scans (see `usual`), for models that look at it.
    """

    volume: np.ndarray
    mask: np.ndarray
    anomaly: np.ndarray
    kind: str
    usual: np.ndarray | None = None


def unlabelled(volume: np.ndarray, mask: np.ndarray, usual: np.ndarray | None = None) -> Case:
    """A scan as it is, without an anomaly that is known of."""
    return Case(np.asarray(volume, np.float32), mask, np.zeros(mask.shape, np.uint8), "", usual)


def made_case(
    healthy: Healthy, kinds: Sequence[str], share: float, random: np.random.Generator, which: int | None = None
) -> Case:
    """One case of a scan (a random one unless `which` is said); with an anomaly of one of `kinds` in the `share` of them."""
    which = int(random.integers(len(healthy))) if which is None else which
    healthy_one = unlabelled(
        healthy.volumes[which], healthy.masks[which], healthy.usual[which] if healthy.usual else None
    )
    if random.random() >= share:
        return healthy_one
    kind = kinds[random.integers(len(kinds))]
    foreign = np.asarray(healthy.volumes[_another(healthy.groups, which, random)], np.float32)
    try:
        changed, anomaly, _ = insert(healthy_one.volume, Body(healthy_one.mask), kind, random, foreign)
    except InputError:  # no place in this scan: then it stays healthy
        return healthy_one
    return replace(healthy_one, volume=changed, anomaly=anomaly, kind=kind)


def made_cases(healthy: Healthy, kinds: Sequence[str], each: int, seed: Iterable[int]) -> list[Case]:
    """`each` cases of every scan, every second one healthy; the same for the same seed."""
    seed = tuple(seed)
    return [
        made_case(healthy, kinds, float(number % 2), np.random.default_rng([*seed, which, number]), which)
        for which in range(len(healthy))
        for number in range(each)
    ]


def _another(groups: Sequence[str], which: int, random: np.random.Generator) -> int:
    """A scan of another group, or where there is none, another scan."""
    others = [i for i, group in enumerate(groups) if group != groups[which]] or [
        i for i in range(len(groups)) if i != which
    ]
    return int(others[random.integers(len(others))]) if others else which
