"""Which training videos a network sees, in which order: stages of a recipe, batches with a share of stalled ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from challengeflow import InputError, TrainJob
from challengeflow.arrays import Arrays, ManyArrays

CROWD = 0.5  # crowd_score from which the crowd took a video for stalled


@dataclass(frozen=True)
class TrainingVideos:
    """All readable training videos, by number: `groups` for the inner split; the rest is gold.

    stalled, tier1: bool (n,); crowd: float (n,), the crowd's score, NaN where it is not told.
    """

    groups: Sequence[str]
    stalled: np.ndarray
    tier1: np.ndarray
    crowd: np.ndarray

    def only(self, numbers: np.ndarray) -> "TrainingVideos":
        """The videos with these numbers."""
        groups = [self.groups[number] for number in numbers]
        return TrainingVideos(groups, self.stalled[numbers], self.tier1[numbers], self.crowd[numbers])


def read(job: TrainJob) -> tuple[TrainingVideos, ManyArrays]:
    """The readable videos of the job's shards, and their arrays. InputError unless there are both classes."""
    arrays = ManyArrays()
    groups, stalled, tier1, crowd = [], [], [], []
    for shard in job.shards:
        prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
        arrays.add(prepared, names := prepared.ok())
        group_of = {sample.id: sample.group for sample in shard.samples}
        for name in names:
            known = gold.attributes(name)
            groups.append(group_of[name])
            stalled.append(gold[name]["scores"].reshape(-1)[0] > 0.5)
            tier1.append(known.get("tier1", True))
            crowd.append(known.get("crowd_score", np.nan))
    videos = TrainingVideos(groups, np.array(stalled, bool), np.array(tier1, bool), np.array(crowd, float))
    if len(set(stalled)) < 2:
        raise InputError(
            f"fold {job.fold}: {job.model} needs readable training videos of both classes, found {len(groups)} videos, "
            f"{int(videos.stalled.sum())} of them stalled; use fewer folds or more videos"
        )
    return videos, arrays


def inner_groups(groups: Sequence[str], share: float, seed: int) -> set[str]:
    """Groups, about `share` of them, to stop early on; none where fewer than two would be left to train on."""
    names = sorted(set(groups))
    size = round(share * len(names))
    if size < 1 or len(names) - size < 2:
        return set()
    return set(np.random.default_rng([seed, 1]).permutation(names)[:size].tolist())


def of_stage(videos: TrainingVideos, stage: Mapping[str, Any], crowd_from: float, seed: int) -> np.ndarray:
    """Numbers of the videos of one stage of the recipe (as 1st place: 1:1, then 1:4, then tier 1 alone with 1:10).

    flowing: most flowing videos for each stalled one, null for all; those that the crowd took for stalled come first,
    for there is most to learn from them. tier1_only: none that only the crowd judged; else such a one counts as stalled
    from the crowd score `crowd_from` on and is left out below it. InputError where a class has no video.
    """
    usable = videos.tier1 if stage["tier1_only"] else videos.tier1 | ~videos.stalled | ~(videos.crowd < crowd_from)
    stalled = np.flatnonzero(usable & videos.stalled)
    flowing = np.random.default_rng([seed, 2]).permutation(np.flatnonzero(usable & ~videos.stalled))
    if not len(stalled) or not len(flowing):
        raise InputError(
            f"the training stage {dict(stage)} is left with {len(stalled)} stalled and {len(flowing)} flowing videos; "
            "change the model's parameter stages"
        )
    if stage["flowing"] is not None:
        hard = videos.crowd[flowing] >= CROWD
        flowing = np.concatenate([flowing[hard], flowing[~hard]])[: round(stage["flowing"] * len(stalled)) or 1]
    return np.sort(np.concatenate([stalled, flowing]))


def batches(
    stalled: np.ndarray, batch: int, share: float, count: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
    """`count` batches of places in `stalled` (n,) bool, each with a `share` of stalled ones.

    All of a class have had their turn before one comes again.
    """
    positives = round(share * batch)
    draws = [_endless(np.flatnonzero(stalled), random), _endless(np.flatnonzero(~stalled), random)]
    for _ in range(count):
        yield np.array(
            [next(draws[0]) for _ in range(positives)] + [next(draws[1]) for _ in range(batch - positives)], int
        )


def _endless(places: np.ndarray, random: np.random.Generator) -> Iterator[int]:
    while True:
        yield from random.permutation(places)


def log_odds(share: float) -> float:
    """log(p / (1 - p))."""
    return float(np.log(share / (1 - share)))
