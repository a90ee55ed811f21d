"""The healthy scans that models learn from: read from the prepared shards, with the group of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from challengeflow import InputError, Shard
from challengeflow.arrays import Arrays
from challengeflow_mood.data.alignment import body_size


@dataclass(frozen=True)
class Healthy:
    """Prepared healthy scans: volumes (n, g, g, g) float16 in [0, 1], masks (n, g, g, g) uint8, and each one's group.

    sizes: how wide each body is, in mm (`alignment.body_size`). anatomies: for each scan arrays of pca-residual and of
    `registration` that were fitted on others, or nothing.
    """

    volumes: np.ndarray
    masks: np.ndarray
    groups: tuple[str, ...]
    sizes: tuple[float, ...]
    anatomies: tuple[Mapping[str, np.ndarray], ...] = ()

    def subset(self, chosen: np.ndarray) -> "Healthy":
        """The scans at integer indices."""
        anatomies = tuple(self.anatomies[i] for i in chosen) if self.anatomies else ()
        groups, sizes = (tuple(each[i] for i in chosen) for each in (self.groups, self.sizes))
        return Healthy(self.volumes[chosen], self.masks[chosen], groups, sizes, anatomies)

    def some(self, most: int) -> "Healthy":
        """At most so many of the scans, evenly chosen."""
        return self.subset(np.linspace(0, len(self) - 1, min(len(self), most)).round().astype(int))

    def __len__(self) -> int:
        return len(self.groups)


def read_healthy(shards: Sequence[Shard], most: int, least: int, seed: int, model: str) -> Healthy:
    """The readable scans of `shards`, a seeded choice of `most` where there are more; InputError below `least`."""
    places = [(shard, sample) for shard in shards for sample in Arrays(shard.prepared).ok()]
    if len(places) < least:
        raise InputError(
            f"{model} needs at least {least} readable train scans, and {len(places)} are there; add scans or use fewer "
            "folds"
        )
    chosen = np.sort(np.random.default_rng(seed).permutation(len(places))[:most])
    group_of = {sample.id: sample.group for shard in shards for sample in shard.samples}
    volumes, masks, groups, sizes = [], [], [], []
    for shard, sample in (places[at] for at in chosen):
        prepared = Arrays(shard.prepared)
        arrays = prepared[sample]
        volumes.append(arrays["volume"])
        masks.append(arrays["mask"])
        groups.append(group_of[sample])
        sizes.append(body_size(prepared.attributes(sample)))
    return Healthy(np.stack(volumes), np.stack(masks), tuple(groups), tuple(sizes))


def parts_by_group(groups: Sequence[str], parts: int) -> np.ndarray:
    """A part number for each scan, whole groups together, in the groups' order; as many parts as groups at most.

    Where there is only one group, its scans alternate between two parts.
    """
    names = list(dict.fromkeys(groups))
    if len(names) == 1:
        return np.arange(len(groups)) % 2
    parts = min(parts, len(names))
    return np.array([names.index(group) * parts // len(names) for group in groups])


def beside_others(healthy: Healthy, parts: int, least: int) -> Iterator[tuple[np.ndarray, Healthy]]:
    """Indices of the scans of each part, with the scans of other groups; a part beside which fewer than `least` are
    left is passed over.
    """
    part = parts_by_group(healthy.groups, parts)
    for number in range(part.max() + 1):
        others = np.flatnonzero(part != number)
        if len(others) >= least:
            yield np.flatnonzero(part == number), healthy.subset(others)
