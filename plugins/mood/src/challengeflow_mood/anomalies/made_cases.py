"""Self-supervision: prepared healthy scans with made anomalies, as many as one likes, each by its number and seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from challengeflow import InputError
from challengeflow_mood.anomalies.insertion import LEARNT_RADII, Body, insert
from challengeflow_mood.data.healthy_scans import Healthy


@dataclass(frozen=True)
class Case:
    """One made case: volume (g, g, g) float32, its body, and where the anomaly is; `kind` is empty for a healthy one.

    anatomy: arrays of pca-residual and of `registration`, fitted on other scans, for models that look at what they
    leave unexplained.
    """

    volume: np.ndarray
    mask: np.ndarray
    anomaly: np.ndarray
    kind: str
    anatomy: Mapping[str, np.ndarray] | None = None

    @property
    def known_anatomy(self) -> Mapping[str, np.ndarray]:
        """`anatomy`, for what cannot do without: a case that has none is a mistake of the caller's."""
        assert self.anatomy is not None
        return self.anatomy


def unlabelled(volume: np.ndarray, mask: np.ndarray, anatomy: Mapping[str, np.ndarray] | None = None) -> Case:
    """A scan as it is, without an anomaly that is known of."""
    return Case(np.asarray(volume, np.float32), mask, np.zeros(mask.shape, np.uint8), "", anatomy)


def made_case(
    healthy: Healthy,
    kinds: Sequence[str],
    share: float,
    random: np.random.Generator,
    which: int | None = None,
    most: int = 1,
) -> Case:
    """One case of a scan (a random one unless `which` is said); in the `share` of them with 1 to `most` anomalies of
    `kinds`.

    `kind` is that of the last anomaly that found a place.
    """
    which = int(random.integers(len(healthy))) if which is None else which
    anatomy = healthy.anatomies[which] if healthy.anatomies else None
    case = unlabelled(healthy.volumes[which], healthy.masks[which], anatomy)
    if random.random() < share:
        for _ in range(random.integers(1, most + 1)):
            case = _with_anomaly(case, healthy, which, kinds, random)
    return case


def _with_anomaly(case: Case, healthy: Healthy, which: int, kinds: Sequence[str], random: np.random.Generator) -> Case:
    """The case with one more anomaly, or as it is where none finds a place."""
    kind = kinds[int(random.integers(len(kinds)))]
    foreign = np.asarray(healthy.volumes[_another(healthy.groups, which, random)], np.float32)
    try:
        changed, anomaly, _ = insert(case.volume, Body(case.mask), kind, random, foreign, LEARNT_RADII)
    except InputError:
        return case
    return replace(case, volume=changed, anomaly=np.maximum(case.anomaly, anomaly), kind=kind)


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
