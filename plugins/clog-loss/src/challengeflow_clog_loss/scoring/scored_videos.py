"""Videos with their predictions and gold, as `score` and `draw` look at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from challengeflow import Sample, Shard
from challengeflow.arrays import Predictions
from challengeflow.scoring import cross_fit
from challengeflow_clog_loss.data.gold_labels import read_gold

Decision = TypeVar("Decision")


@dataclass(frozen=True)
class Videos:
    """Videos of one split: bool `stalled` and `tier1`, float64 `chance`; `parts`: the fold or group to cross-fit by."""

    samples: tuple[Sample, ...]
    stalled: np.ndarray
    tier1: np.ndarray
    chance: np.ndarray
    parts: tuple[str, ...]

    @property
    def groups(self) -> np.ndarray:
        """The project of each video."""
        return np.array([sample.group for sample in self.samples])

    def only(self, chosen: np.ndarray) -> "Videos":
        """Those where `chosen` (n,) bool is true, or whose indices it holds."""
        kept = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        samples, parts = tuple(self.samples[k] for k in kept), tuple(self.parts[k] for k in kept)
        return Videos(samples, self.stalled[kept], self.tier1[kept], self.chance[kept], parts)

    def cross_fitted(
        self, fit: Callable[[np.ndarray, np.ndarray], Decision], apply: Callable[[Decision, np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """What `apply(decision, chance)` says of each video, by the decision `fit(stalled, chance)` of other parts."""
        out = np.zeros(len(self.chance))

        def put(decision: Decision, own: np.ndarray) -> None:
            out[own] = apply(decision, self.chance[own])

        cross_fit(self.parts, lambda others: fit(self.stalled[others], self.chance[others]), put)
        return out


def read_videos(shards: Sequence[Shard], split: str) -> Videos:
    """The videos of a split in the shards that have gold and predictions."""
    samples, chance, parts = [], [], []
    stalled, tier1 = [np.empty(0, bool)], [np.empty(0, bool)]
    for shard in shards:
        if shard.split != split or shard.gold is None:
            continue
        predictions = Predictions(shard.predictions)
        labels = read_gold(shard.gold, [sample.id for sample in shard.samples])
        stalled.append(labels[0])
        tier1.append(labels[1])
        for sample in shard.samples:
            samples.append(sample)
            chance.append(float(predictions[sample.id].reshape(-1)[0]))
            parts.append(str(shard.fold) if shard.fold is not None else sample.group)
    return Videos(
        tuple(samples), np.concatenate(stalled), np.concatenate(tier1), np.array(chance, np.float64), tuple(parts)
    )
