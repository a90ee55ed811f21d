"""Straightened videos on disk: each is made once a training, whichever epoch asks for it first."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from challengeflow_clog_loss.models.networks.clips import Clip


class StoredClips:
    """`make(number)` of `count` videos, each made at its first call and read from `path` at later ones.

    All clips have one shape, and that of a straightened one takes some 40 kB: half a million would not fit in memory,
    and to make one again takes 16 ms where to read it takes less than one. Written and read at their place, not mapped,
    so that they do not count as memory. Threads may call it; `path` is written anew.
    """

    def __init__(self, path: Path, make: Callable[[int], Clip], count: int):
        self._file = open(path, "w+b")  # noqa: SIM115  (as long as the training)
        self._make = make
        self._there = np.zeros(count, bool)
        self._shape: tuple[int, ...] = ()

    def __call__(self, number: int) -> Clip:
        """The clip of a video; float16, the same bits each time."""
        if self._there[number]:
            both = np.empty(self._shape, np.float16)
            os.preadv(self._file.fileno(), [both.data], number * both.nbytes)
            return Clip(both[:-1], both[-1])
        clip = self._make(number)
        both = np.concatenate([clip.grey, clip.mask[None]])
        self._shape = both.shape
        os.pwrite(self._file.fileno(), both.tobytes(), number * both.nbytes)
        self._there[number] = True
        return clip
