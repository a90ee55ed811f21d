"""Self-supervision: prepared healthy scans with made anomalies, as many as one likes, each by its number and seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from challengeflow import InputError, Shard
from challengeflow.arrays import Arrays
from challengeflow_mood.anomalies.insertion import Body, insert


@dataclass(frozen=True)
class Healthy:
    """Prepared healthy scans: volumes (n, g, g, g) float16 in [0, 1], masks (n, g, g, g) uint8, and each one's group."""

    volumes: np.ndarray
    masks: np.ndarray
    groups: tuple[str, ...]

    def subset(self, chosen: np.ndarray) -> "Healthy":
        """The scans at integer indices."""
        return Healthy(self.volumes[chosen], self.masks[chosen], tuple(self.groups[i] for i in chosen))

    def __len__(self) -> int:
        return len(self.groups)


@dataclass(frozen=True)
class Case:
    """One made case: volume (g, g, g) float32, its body, and where the anomaly is; `kind` is empty for a healthy one."""

    volume: np.ndarray
    mask: np.ndarray
    anomaly: np.ndarray
    kind: str


def read_healthy(shards: Sequence[Shard], most: int, least: int, seed: int, model: str) -> Healthy:
    """The readable scans of `shards`, a seeded choice of `most` where there are more; InputError below `least`."""
    places = [(shard, sample) for shard in shards for sample in Arrays(shard.prepared).ok()]
    if len(places) < least:
        raise InputError(
            f"{model} needs at least {least} readable train scans, and {len(places)} are there; add scans or use fewer folds"
        )
    chosen = np.sort(np.random.default_rng(seed).permutation(len(places))[:most])
    group_of = {sample.id: sample.group for shard in shards for sample in shard.samples}
    volumes, masks, groups = [], [], []
    for shard, sample in (places[at] for at in chosen):
        arrays = Arrays(shard.prepared)[sample]
        volumes.append(arrays["volume"])
        masks.append(arrays["mask"])
        groups.append(group_of[sample])
    return Healthy(np.stack(volumes), np.stack(masks), tuple(groups))


def parts_by_group(groups: Sequence[str], parts: int) -> np.ndarray:
    """A part number for each scan, whole groups together, in the groups' order; as many parts as groups at most."""
    names = list(dict.fromkeys(groups))
    parts = min(parts, len(names))
    return np.array([names.index(group) * parts // len(names) for group in groups])


def made_case(
    healthy: Healthy, kinds: Sequence[str], share: float, random: np.random.Generator, which: int | None = None
) -> Case:
    """One case of a scan (a random one unless `which` is said); with an anomaly of one of `kinds` in the `share` of them."""
    which = int(random.integers(len(healthy))) if which is None else which
    volume, mask = np.asarray(healthy.volumes[which], np.float32), healthy.masks[which]
    if random.random() >= share:
        return Case(volume, mask, np.zeros(mask.shape, np.uint8), "")
    kind = kinds[random.integers(len(kinds))]
    foreign = np.asarray(healthy.volumes[_another(healthy.groups, which, random)], np.float32)
    try:
        changed, anomaly, _ = insert(volume, Body(mask), kind, random, foreign)
    except InputError:  # no place in this scan: then it stays healthy
        return Case(volume, mask, np.zeros(mask.shape, np.uint8), "")
    return Case(changed, mask, anomaly, kind)


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
